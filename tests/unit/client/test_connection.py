"""The client against a gateway that does what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from appliance.client.connection import Connection, connect
from appliance.client.errors import ConnectionLost, ConnectRefused, GatewayAway, RequestFailed
from appliance.client.target import UrlTarget

Script = Callable[[web.WebSocketResponse], Awaitable[None]]
_CHALLENGE = {"type": "event", "event": "connect.challenge", "payload": {"nonce": "n", "ts": 1}}
_HELLO = {"type": "hello-ok", "protocol": 4}


@asynccontextmanager
async def scripted(script: Script, *, welcome: bool = True) -> AsyncIterator[UrlTarget]:
    """Run a gateway that shakes hands and then follows the script."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if welcome:
            await socket.send_json(_CHALLENGE)
            asked = await socket.receive_json()
            await socket.send_json({"type": "res", "id": asked["id"], "ok": True, "payload": _HELLO})
        await script(socket)
        return socket

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield UrlTarget(f"ws://127.0.0.1:{runner.addresses[0][1]}/", "a-token")
    finally:
        await runner.cleanup()


async def _events(connection: Connection) -> tuple[list[tuple[str, bool]], ConnectionLost]:
    """Return name and gap of every event, and how the connection ended."""
    heard = []
    try:
        async with asyncio.timeout(10):
            async for event in connection.events():
                heard.append((event.name, event.gap))
    except ConnectionLost as lost:
        return heard, lost
    raise AssertionError("unreachable")


async def test_a_refused_handshake_says_why() -> None:
    asked: list[Any] = []

    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_json(_CHALLENGE)
        asked.append(await socket.receive_json())
        details = {"code": "AUTH_TOKEN_MISMATCH"}
        error = {"code": "INVALID_REQUEST", "message": "unauthorized", "details": details}
        await socket.send_json({"type": "res", "id": asked[0]["id"], "ok": False, "error": error})
        await socket.close(code=1008, message=b"unauthorized")

    async with scripted(script, welcome=False) as target:
        with pytest.raises(ConnectRefused) as refused:
            async with connect(target):
                raise AssertionError("unreachable")
        assert (refused.value.reason, str(refused.value)) == ("AUTH_TOKEN_MISMATCH", "unauthorized")
    assert asked[0]["params"]["auth"] == {"token": "a-token"}
    assert asked[0]["params"]["minProtocol"] == 4


async def test_what_is_no_gateway_is_told_apart() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_json({"hello": "I am a chat server"})
        await socket.receive()

    async with scripted(script, welcome=False) as target:
        with pytest.raises(GatewayAway, match="not a gateway"):
            async with connect(target):
                raise AssertionError("unreachable")


async def test_a_gateway_that_hangs_up_in_the_handshake_is_away() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.close(code=1013)

    async with scripted(script, welcome=False) as target:
        with pytest.raises(GatewayAway, match="1013"):
            async with connect(target):
                raise AssertionError("unreachable")


async def test_nobody_at_the_address_is_away(unused_tcp_port: int) -> None:
    with pytest.raises(GatewayAway, match="homarus run"):
        async with connect(UrlTarget(f"ws://127.0.0.1:{unused_tcp_port}/")):
            raise AssertionError("unreachable")


async def test_answers_find_their_questions_in_any_order() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        first, second = await socket.receive_json(), await socket.receive_json()
        await socket.send_json({"type": "res", "id": "nobody", "ok": True, "payload": 0})
        for request in (second, first):
            await socket.send_json({"type": "res", "id": request["id"], "ok": True, "payload": request["method"]})
        await socket.receive()

    async with scripted(script) as target, connect(target) as connection:
        assert connection.hello == _HELLO
        answers = await asyncio.gather(connection.call("one"), connection.call("two"))
        assert answers == ["one", "two"]


async def test_an_error_answer_is_raised_with_its_code() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        request = await socket.receive_json()
        error = {"code": "UNAVAILABLE", "message": "full", "retryable": True, "details": {"code": "OVERLOADED"}}
        await socket.send_json({"type": "res", "id": request["id"], "ok": False, "error": error})
        await socket.receive()

    async with scripted(script) as target, connect(target) as connection:
        with pytest.raises(RequestFailed) as failed:
            await connection.call("chat.send")
        assert (failed.value.wire_code, failed.value.retryable) == ("UNAVAILABLE", True)
        assert failed.value.details == {"code": "OVERLOADED"}


async def test_the_first_of_two_answers_is_skipped_when_the_last_is_wanted() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        request = await socket.receive_json()
        for payload in ({"status": "accepted"}, {"status": "ok"}):
            await socket.send_json({"type": "res", "id": request["id"], "ok": True, "payload": payload})
        await socket.receive()

    async with scripted(script) as target, connect(target) as connection:
        assert await connection.call("agent", final=True) == {"status": "ok"}


async def test_a_silent_gateway_times_out_one_request_and_the_next_is_answered() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.receive_json()
        request = await socket.receive_json()
        await socket.send_json({"type": "res", "id": request["id"], "ok": True, "payload": 1})
        await socket.receive()

    async with scripted(script) as target, connect(target) as connection:
        with pytest.raises(TimeoutError):
            await connection.call("slow", timeout_s=0.01)
        assert await connection.call("quick") == 1


async def test_a_gap_in_the_numbers_is_visible() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        for name, seq in (("a", 1), ("b", 2), ("c", 5), ("d", None), ("e", 6)):
            frame: dict[str, Any] = {"type": "event", "event": name, "payload": {}}
            await socket.send_json(frame if seq is None else {**frame, "seq": seq})
        await socket.close()

    async with scripted(script) as target, connect(target) as connection:
        heard, _ = await _events(connection)
        assert heard == [("a", False), ("b", False), ("c", True), ("d", False), ("e", False)]


@pytest.mark.parametrize(
    ("code", "reason", "text"),
    [
        (1012, "service restart", "The gateway stops or restarts."),
        (1008, "slow consumer", "The gateway closed the connection: slow consumer (code 1008)."),
        (4001, "", "The gateway closed the connection: it gave no reason (code 4001)."),
    ],
)
async def test_an_ended_connection_says_why(code: int, reason: str, text: str) -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.receive_json()
        await socket.close(code=code, message=reason.encode())

    async with scripted(script) as target, connect(target) as connection:
        with pytest.raises(ConnectionLost, match="gateway") as lost:
            await connection.call("anything")
        assert str(lost.value) == text
        _, told = await _events(connection)
        assert told.details == {"closeCode": code}
        with pytest.raises(ConnectionLost):
            await connection.call("anything else")


async def test_a_line_that_breaks_off_ends_every_request_that_waits() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.receive_json()
        await socket.receive_json()
        transport = socket._req.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()

    async with scripted(script) as target, connect(target) as connection:
        failed = await asyncio.gather(connection.call("one"), connection.call("two"), return_exceptions=True)
        assert [type(one) for one in failed] == [ConnectionLost, ConnectionLost]


async def test_a_frame_that_is_no_json_ends_the_connection() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_str("{nope")
        await socket.receive()

    async with scripted(script) as target, connect(target) as connection:
        _, lost = await _events(connection)
        assert "broke" in str(lost)


async def test_a_gateway_that_answers_one_request_without_end_loses_the_connection() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        asked = await socket.receive_json()
        for _ in range(100):
            await socket.send_json({"type": "res", "id": asked["id"], "ok": True, "payload": {"status": "accepted"}})
        await socket.receive()

    async with scripted(script) as target, connect(target) as connection:
        with pytest.raises(ConnectionLost):
            await connection.call("anything", timeout_s=10, final=True)
        await _events(connection)


async def test_an_answer_that_is_no_object_is_no_gateway() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_json(_CHALLENGE)
        await socket.receive()
        await socket.send_json(["res"])
        await socket.receive()

    async with scripted(script, welcome=False) as target:
        with pytest.raises(GatewayAway):
            async with connect(target):
                raise AssertionError("unreachable")


async def test_a_reader_that_falls_behind_loses_the_connection_and_no_memory() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        frame = json.dumps({"type": "event", "event": "tick", "payload": {}})
        for _ in range(10_001):
            await socket.send_str(frame)
        await socket.receive()
        await socket.receive()

    async with scripted(script) as target, connect(target) as connection:
        with pytest.raises(ConnectionLost, match="too many events wait"):
            await connection.call("anything", timeout_s=10)
