"""Clients that mean harm: each gets the documented error, and the gateway goes on serving."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.gateway.transport.websocket import Opcode, unmask
from appliance.protocol.codec import MAX_DEPTH
from appliance.protocol.roles import READ
from appliance.protocol.version import PRE_HELLO_MAX_BYTES
from tests.fakes.wire import UPGRADE, Gateway, connect_params, gateway, raw_client


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path) as running:
        yield running
        # Whatever happened, an honest client is served.
        async with running.connected(READ) as client:
            assert (await client.request("test.add", {"a": 1}))["ok"]


def _padded_connect(size: int) -> str:
    """Return a connect frame of exactly `size` bytes that would be accepted."""
    frame = {"type": "req", "id": "1", "method": "connect", "params": connect_params(), "pad": ""}
    frame["pad"] = "x" * (size - len(json.dumps(frame)))
    return json.dumps(frame)


@pytest.mark.parametrize("method", ["health", "chat.send", "connect.challenge", ""])
async def test_a_first_frame_that_is_no_connect_is_refused(box: Gateway, method: str) -> None:
    async with box.open() as client:
        answer = await client.request(method)
        assert answer["error"]["code"] == "INVALID_REQUEST"
        message = "invalid handshake: first request must be connect"
        assert answer["error"]["message"] == message
        assert await client.closed() == (1008, message)


async def test_a_first_frame_that_is_no_request_is_refused_with_its_id(box: Gateway) -> None:
    async with box.open() as client:
        await client.socket.send_str('{"type":"event","event":"x","id":"7"}')
        assert (await client.response("7"))["error"]["message"].startswith("invalid handshake")
        assert (await client.closed())[0] == 1008


async def test_wrong_connect_parameters_are_named(box: Gateway) -> None:
    async with box.open() as client:
        params = connect_params("no-such-client")
        answer = await client.request("connect", params)
        assert answer["error"]["message"].startswith("invalid connect params: at /client/id: ")
        assert (await client.closed())[0] == 1008


@pytest.mark.parametrize("text", ["", "hello", "{", '{"type":"req"', "[" * 10_000, "NaN"])
async def test_bad_json_before_hello_closes_with_1000(box: Gateway, text: str) -> None:
    async with box.open() as client:
        await client.socket.send_str(text)
        assert await client.closed() == (1000, "")


async def test_a_frame_before_hello_may_have_64_kib(box: Gateway) -> None:
    async with box.open() as client:
        await client.socket.send_str(_padded_connect(PRE_HELLO_MAX_BYTES))
        assert (await client.response("1"))["ok"]


async def test_a_frame_one_byte_larger_closes_with_1009_even_on_loopback(box: Gateway) -> None:
    async with box.open() as client:
        await client.socket.send_str(_padded_connect(PRE_HELLO_MAX_BYTES + 1))
        assert (await client.closed())[0] == 1009


async def test_after_hello_a_large_frame_is_welcome_and_a_declared_giant_is_not(box: Gateway) -> None:
    async with box.connected(READ) as client:
        big = {"a": 1, "pad": "x" * (3 * 1024 * 1024)}
        assert (await client.request("test.add", big))["ok"]
    reader, writer = await _open_raw(box)
    frame = {"type": "req", "id": "1", "method": "connect", "params": connect_params()}
    writer.write(_masked(json.dumps(frame).encode()))
    await _read_until(reader, b'"hello-ok"')
    writer.write(struct.pack(">BBQ", 0x81, 0xFF, 25 * 1024 * 1024 + 1))
    assert await _close_code(reader) == 1009
    writer.close()


async def test_nesting_after_hello_is_an_error_with_which_the_socket_lives_on(box: Gateway) -> None:
    async with box.connected(READ) as client:
        # The frame itself is one level and params another.
        nested = "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2)
        frame = '{"type":"req","id":"deep","method":"test.add","params":{"a":1,"x":%s}}'
        await client.socket.send_str(frame % nested)
        assert (await client.response("deep"))["ok"]
        await client.socket.send_str(frame % f"[{nested}]")
        error = (await client.response("invalid"))["error"]
        assert error["message"] == "invalid request frame: nested deeper than 64 levels"
        await client.socket.send_str(frame % ("[" * 200_000))
        assert (await client.response("invalid"))["error"]["code"] == "INVALID_REQUEST"
        assert (await client.request("test.now"))["ok"]


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x00" * 1000, b'{"type":"req","id":"1","method":"\xc3("}'])
async def test_binary_rubbish_after_hello_is_an_error(box: Gateway, data: bytes) -> None:
    async with box.connected(READ) as client:
        await client.socket.send_bytes(data)
        assert (await client.response("invalid"))["error"]["code"] == "INVALID_REQUEST"
        assert (await client.request("test.now"))["ok"]


async def test_text_that_is_not_utf8_closes_with_1007(box: Gateway) -> None:
    reader, writer = await _open_raw(box)
    writer.write(_masked(b'{"a":"\xff"}'))
    assert await _close_code(reader) == 1007
    writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x05hello",
        bytes((0xC1, 0x80)) + b"mask",
        bytes((0x83, 0x80)) + b"mask",
        bytes((0x80, 0x80)) + b"mask",
    ],
)
async def test_broken_framing_closes_with_1002(box: Gateway, data: bytes) -> None:
    reader, writer = await _open_raw(box)
    writer.write(data)
    assert await _close_code(reader) == 1002
    writer.close()


async def test_pings_without_reading_fill_no_memory(box: Gateway) -> None:
    async with raw_client(box.server.port) as raw:
        await raw.connect(connect_params())
        (listener,) = box.server.broadcaster
        ping = bytes((0x89, 0x80 | 125)) + bytes(4 + 125)
        for _ in range(200):
            await raw.write(ping * 1000)
        assert listener.waiting_bytes <= 64 * 1024 + 127


async def test_random_bytes_never_hurt(box: Gateway) -> None:
    chance = random.Random(7)
    for _ in range(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
        writer.write(UPGRADE * chance.randrange(2) + chance.randbytes(chance.randrange(1, 400)))
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 10)
        writer.close()


async def test_frames_piled_up_before_hello_wait_for_it(box: Gateway) -> None:
    reader, writer = await _open_raw(box)
    connect = {"type": "req", "id": "1", "method": "connect", "params": connect_params(scopes=[READ])}
    request = {"type": "req", "id": "2", "method": "test.add", "params": {"a": 5}}
    writer.write(_masked(json.dumps(connect).encode()) + _masked(json.dumps(request).encode()))
    await _read_until(reader, b'"sum":5')
    writer.close()


async def test_a_head_without_end_is_cut_off(box: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
    writer.write(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)
    assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 431 ")
    writer.close()


def _silent(port: int, number: int) -> socket.socket:
    """Open a socket that says nothing, or upgrades and then says nothing, or stops in the middle of a frame."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    if number % 3:
        connection.sendall(UPGRADE)
    if number % 3 == 2:
        connection.sendall(struct.pack(">BBH", 0x81, 0xFE, 60_000) + b"mask" + b"x" * 100)
    return connection


def _memory_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


async def _crowd(box: Gateway, count: int) -> None:
    """Open `count` silent connections; memory must not follow their number, and an honest client gets in."""
    loop = asyncio.get_running_loop()
    warm, rest = count // 3, count - count // 3
    held: list[socket.socket] = []

    def more(number: int) -> None:
        held.extend(_silent(box.server.port, index) for index in range(number))

    async def served() -> int:
        """Return our memory once everyone who came before an honest client was accepted."""
        async with box.connected(READ) as client:
            assert (await client.request("test.add", {"a": 1}))["ok"]
        gc.collect()
        return _memory_kib()

    try:
        await loop.run_in_executor(None, more, warm)
        before = await served()
        await loop.run_in_executor(None, more, rest)
        after = await served()
        assert len(box.server.lobby) <= 512
        # Our own ends of the sockets live in this process too: about 1.5 KiB each are theirs.
        grown = after - before
        assert grown < 2_000 + rest * 3 // 2, f"{grown} KiB for {rest} silent connections"
    finally:
        for connection in held:
            connection.close()


async def test_a_crowd_of_silent_connections_costs_no_memory(box: Gateway) -> None:
    await _crowd(box, 3000)


@pytest.mark.long
async def test_ten_thousand_silent_connections_cost_no_memory(box: Gateway) -> None:
    await _crowd(box, 10_000)


async def _open_raw(box: Gateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket by hand and read the challenge."""
    reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
    writer.write(UPGRADE)
    await _read_until(reader, b"connect.challenge")
    await _read_until(reader, b"}}")
    return reader, writer


async def _read_until(reader: asyncio.StreamReader, text: bytes) -> None:
    await asyncio.wait_for(reader.readuntil(text), 10)


async def _close_code(reader: asyncio.StreamReader) -> int:
    """Read to the close frame, which is the last one, and return its code."""
    data = b""
    while True:
        chunk = await asyncio.wait_for(reader.read(4096), 10)
        assert chunk, "the connection ended without a close frame"
        data += chunk
        at = data.rfind(bytes((0x80 | Opcode.CLOSE,)))
        if at >= 0 and len(data) >= at + 4:
            return int.from_bytes(data[at + 2 : at + 4], "big")


def _masked(payload: bytes) -> bytes:
    mask, size = os.urandom(4), len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else struct.pack(">BBH", 0x81, 0xFE, size)
    return head + mask + unmask(payload, mask)
