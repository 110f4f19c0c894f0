"""One port, two languages: TLS and plaintext, told apart by the first byte, and clients that mean harm."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import aiohttp
import pytest
import uvloop
from aiohttp import web

from appliance.gateway.bearer import Bearer
from appliance.gateway.transport.accept import MAX_HANDSHAKES
from appliance.identity.certificates.box import BoxCertificates, Names
from appliance.protocol.roles import READ
from tests.fakes.wire import TOKEN, Gateway, gateway

NOW = 1_795_000_000_000
NAMES = Names("box", ("localhost", "box.local"), ("127.0.0.1",))


class Tls:
    """The certificate of a box for a server, and a client's trust in it."""

    def __init__(self, folder: Path) -> None:
        files = BoxCertificates(folder)
        leaf = files.obtain(NAMES, NOW)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(leaf.file)
        self.client = ssl.create_default_context(cadata=files.authority_der())
        self.client.verify_flags |= ssl.VerifyFlags(0x200000)

    def __call__(self) -> ssl.SSLContext:
        return self.server


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(tmp_path / "tls")


def told(bearer: Bearer) -> list[web.RouteDef]:
    """A route that says who it thinks is asking, and one that only the owner of the secret may use."""

    async def who(request: web.Request) -> web.Response:
        peer = bearer.peer(request)
        return web.json_response({"secure": peer.secure, "control": peer.control, "local": peer.direct_local})

    async def owner(request: web.Request) -> web.Response:
        caller = bearer.check(request)
        if isinstance(caller, web.Response):
            return caller
        SPENT.append(caller.actor)
        return web.Response(text="done")

    return [web.get("/who", who), web.post("/owner", owner)]


SPENT: list[str] = []


@pytest.fixture
async def box(tmp_path: Path, tls: Tls) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, routes=told, tls=tls) as running:
        yield running
        # Whatever happened, honest clients of both languages are served.
        async with running.connected(READ) as client:
            assert (await client.request("test.add", {"a": 1}))["ok"]
        async with running.http.get(f"https://127.0.0.1:{running.server.port}/who", ssl=tls.client) as answer:
            assert answer.status == 200


async def until(predicate: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(10):
        while not predicate():
            await asyncio.sleep(0.005)
    assert predicate(), what


async def test_http_and_https_answer_on_one_port_and_know_what_they_are(box: Gateway, tls: Tls) -> None:
    async with box.http.get(f"{box.url}/who") as plain:
        assert await plain.json() == {"secure": True, "control": False, "local": True}  # on this machine
    async with box.http.get(f"https://127.0.0.1:{box.server.port}/who", ssl=tls.client) as secret:
        assert (await secret.json())["secure"] is True


async def test_a_websocket_over_tls_says_hello_and_takes_large_frames(box: Gateway, tls: Tls) -> None:
    url = f"wss://localhost:{box.server.port}/"
    async with box.http.ws_connect(url, ssl=tls.client, max_msg_size=0) as ws:
        assert (await ws.receive_json())["event"] == "connect.challenge"
        connect = {
            "minProtocol": 4,
            "maxProtocol": 4,
            "client": {"id": "cli", "mode": "cli", "version": "1", "platform": "linux"},
            "scopes": [READ],
            "auth": {"token": TOKEN},
        }
        await ws.send_json({"type": "req", "id": "1", "method": "connect", "params": connect})
        assert (await ws.receive_json())["payload"]["type"] == "hello-ok"
        big = {"a": 1, "pad": "x" * (2 * 1024 * 1024)}
        await ws.send_json({"type": "req", "id": "2", "method": "test.add", "params": big})
        while (frame := await ws.receive_json()).get("id") != "2":
            pass
        assert frame["ok"]


async def test_the_first_byte_may_come_alone_and_late(box: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
    for piece in (b"G", b"ET /who HT", b"TP/1.1\r\nHost: localhost\r\n", b"Connection: close\r\n\r\n"):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_socket_that_only_connects_has_no_transport_and_no_task(box: Gateway) -> None:
    before = len(asyncio.all_tasks())
    silent = [socket.create_connection(("127.0.0.1", box.server.port)) for _ in range(20)]
    await until(lambda: len(box.server.lobby) >= 20, "20 wait")
    assert len(asyncio.all_tasks()) == before
    for one in silent:
        one.close()
    await until(lambda: len(box.server.lobby) == 0, "they are forgotten when they go")


@pytest.mark.parametrize("limit", [8])
async def test_silent_sockets_beyond_the_limit_put_out_the_oldest(tmp_path: Path, tls: Tls, limit: int) -> None:
    async with gateway(tmp_path, tls=tls, max_waiting=limit) as box:
        first = [await asyncio.open_connection("127.0.0.1", box.server.port) for _ in range(limit)]
        await until(lambda: len(box.server.lobby) == limit, "all wait")
        reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
        assert await asyncio.wait_for(first[0][0].read(), 5) == b""
        assert len(box.server.lobby) == limit
        for _, one in (*first, (reader, writer)):
            one.close()


async def test_a_silent_socket_is_closed_when_its_time_is_up(tmp_path: Path, tls: Tls) -> None:
    async with gateway(tmp_path, tls=tls) as box:
        reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
        await until(lambda: len(box.server.lobby) == 1, "it waits")
        box.server.lobby._monotonic = lambda: 1e12  # the clock of the room jumps
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


HELLOS = {
    "rubbish": b"\x16" + os.urandom(400),
    "only a type": b"\x16",
    "a record that claims to be huge": b"\x16\x03\x01\xff\xff" + b"\x00" * 100,
    "an old version": b"\x16\x03\x00\x00\x2d\x01\x00\x00\x29\x03\x00" + b"\x00" * 60,
    "a hello of the length zero": b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
    "an alert first": b"\x15\x03\x01\x00\x02\x02\x28",
    "sslv2": b"\x80\x2e\x01\x00\x02" + b"\x00" * 44,
}


@pytest.mark.parametrize("name", HELLOS)
async def test_what_is_no_client_hello_ends_that_connection_alone(box: Gateway, name: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
    writer.write(HELLOS[name])
    if name == "only a type":
        writer.write_eof()
    with contextlib.suppress(ConnectionError):
        answer = await asyncio.wait_for(reader.read(4096), 5)
        assert b"200 OK" not in answer
    writer.close()
    await until(lambda: len(box.server._ports.handshakes) == 0, "no handshake is left")


async def test_handshakes_that_never_end_are_few(box: Gateway) -> None:
    """Half a ClientHello, from many: the room of handshakes is small and puts out the oldest."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    stuck = []
    for _ in range(MAX_HANDSHAKES + 10):
        reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
        writer.write(hello)
        stuck.append((reader, writer))
    assert await asyncio.wait_for(_quiet(stuck[0][0]), 5) == b""
    assert len(box.server._ports.handshakes) <= MAX_HANDSHAKES
    for _, writer in stuck:
        writer.close()


async def test_a_handshake_that_is_too_slow_is_cut(tmp_path: Path, tls: Tls) -> None:
    async with gateway(tmp_path, tls=tls) as box:
        reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
        writer.write(b"\x16\x03\x01\x02\x00\x01")
        await until(lambda: len(box.server._ports.handshakes) == 1, "it began")
        box.server._ports.handshakes._monotonic = lambda: 1e12  # the clock of the room jumps
        assert await asyncio.wait_for(_quiet(reader), 5) == b""
        writer.close()


async def test_the_server_ends_while_handshakes_and_silent_sockets_wait(tmp_path: Path, tls: Tls) -> None:
    sockets = []
    async with gateway(tmp_path, tls=tls) as box:
        for data in (b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HT"):
            reader, writer = await asyncio.open_connection("127.0.0.1", box.server.port)
            writer.write(data)
            sockets.append((reader, writer))
        await until(lambda: len(box.server.lobby) == 2, "they wait")
    for reader, writer in sockets:
        assert await asyncio.wait_for(_quiet(reader), 5) == b""
        writer.close()
    gc.collect()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_client_that_reset_its_connection_is_not_taken_for_the_owner(
    tmp_path: Path, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    """Its address is gone by the time its request is read; only the control socket needs none.

    The request arrives, then the reset, then the gateway accepts: what it reads must not pass without the secret.
    """
    SPENT.clear()

    async def attack() -> None:
        async with gateway(tmp_path, routes=told) as box:
            for _ in range(20):
                _post_and_reset(box.server.port)
            for _ in range(50):
                await asyncio.sleep(0)
            async with box.http.post(f"{box.url}/owner") as answer:
                assert answer.status == 401
            async with box.http.post(f"{box.url}/owner", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
                assert answer.status == 200
        assert SPENT == ["http/owner"]

    run(attack())


def _post_and_reset(port: int) -> None:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(b"POST /owner HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


async def test_without_a_certificate_a_tls_client_is_refused(tmp_path: Path, tls: Tls) -> None:
    async with gateway(tmp_path) as box:
        with pytest.raises(aiohttp.ClientError):
            await box.http.get(f"https://127.0.0.1:{box.server.port}/who", ssl=tls.client)


async def _quiet(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(4096)
    except ConnectionError:
        return b""
