"""Requests over one connection, and connections that prove a device."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.bench.process import cpu_s
from tests.bench.report import Figure
from tests.bench.rig import Rig
from tests.bench.wire import Client, Socket, connect_params
from tests.fakes.wire import DeviceKey
from tests.integration.gateway_process import TOKEN

_WINDOW = 64  # requests that are on their way at a time
_DIALLERS = 16


async def rates(rig: Rig) -> list[Figure]:
    """Measure pipelined requests per second: a small fact, the health of the box, a page of sessions."""
    floor = await _echo_rate(rig, rig.amount(30_000))
    figures = []
    for method, usual in (("last-heartbeat", 30_000), ("health", 30_000), ("sessions.list", 1_000)):
        count = rig.amount(usual)
        before = cpu_s(rig.gateway.pid)
        rate = await _request_rate(rig, method, count)
        cpu = (cpu_s(rig.gateway.pid) - before) / count
        goal = 10_000.0 if method == "health" else None
        compare = floor if method != "sessions.list" else None
        peer = 600.0 if method == "health" else None
        figures += [
            Figure(f"requests, {method}", rate, "/s", goal=goal, more_is_better=True, floor=compare, peer=peer),
            Figure(f"processor time, {method}", cpu * 1e6, "us"),
        ]
    return figures


async def _request_rate(rig: Rig, method: str, count: int) -> float:
    async with rig.client() as client:
        await client.call(method)
        return await _windowed(count, lambda: _answered(client, method))


async def _answered(client: Client, method: str) -> None:
    frame = await client.start(method, {})
    if not frame.ok:
        raise RuntimeError(bytes(frame.error).decode())


async def _windowed(count: int, one: Callable[[], Awaitable[None]], width: int = _WINDOW) -> float:
    """Do `one` `count` times, `width` at a time; return times per second."""
    left = iter(range(count))

    async def lane() -> None:
        for _ in left:
            await one()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(lane())
    return count / (time.perf_counter() - began)


async def _echo_rate(rig: Rig, count: int) -> float:
    """Return pipelined echoes per second of the floor, without commits: requests that read commit nothing either."""
    async with rig.echo() as echo:
        waiting: list[asyncio.Future[None]] = []
        loop = asyncio.get_running_loop()
        echo.on_text = lambda text: waiting.pop(0).set_result(None)

        async def one() -> None:
            future: asyncio.Future[None] = loop.create_future()
            waiting.append(future)
            echo.send(b'{"type":"req","id":"1","method":"health","params":{}}')
            await future

        return await _windowed(count, one)


async def connects(rig: Rig) -> list[Figure]:
    """Measure connects with a device signature, from socket to hello: known devices, then new ones."""
    known, count = [DeviceKey() for _ in range(50)], rig.amount(3000)
    floor = await _floor_connects(rig, count)
    await _dial(rig, known)
    before = cpu_s(rig.gateway.pid)
    rate = await _dial(rig, [known[number % len(known)] for number in range(count)])
    cpu = (cpu_s(rig.gateway.pid) - before) / count
    new = await _dial(rig, [DeviceKey() for _ in range(rig.amount(300))])
    return [
        Figure("connects, known devices", rate, "/s", goal=700.0, more_is_better=True, floor=floor, peer=70.0),
        Figure("processor time per connect", cpu * 1e3, "ms"),
        Figure("connects, new devices", new, "/s", more_is_better=True),
    ]


async def _dial(rig: Rig, keys: list[DeviceKey]) -> float:
    left, port = iter(keys), rig.port
    return await _windowed(len(keys), lambda: _connect(port, next(left)), _DIALLERS)


async def _connect(port: int, key: DeviceKey) -> None:
    socket = await Socket.open(port)
    challenge = json.loads(await socket.text())["payload"]
    params = connect_params(TOKEN, ["operator.read"], "gateway-client", "backend")
    params["device"] = key.prove(params, challenge["nonce"], challenge["ts"])
    socket.send(json.dumps({"type": "req", "id": "1", "method": "connect", "params": params}).encode())
    answer = await socket.text()
    if b'"ok":true' not in answer[:60]:
        raise RuntimeError(answer.decode())
    socket.abort()
    await socket.closed


async def _floor_connects(rig: Rig, count: int) -> float:
    """Return connects per second of the floor, the client doing the same work: a signature, one message."""
    key = Ed25519PrivateKey.generate()

    async def one() -> None:
        async with rig.echo() as echo:
            echo.send(b"c" + base64.b64encode(key.sign(b"challenge")))
            await echo.text()

    return await _windowed(count, one, _DIALLERS)
