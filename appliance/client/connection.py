"""One connection to a gateway: handshake, requests, events.

Requests may overlap; each gets its own answer. Events are kept in a bounded queue: a reader that falls behind
loses the connection instead of memory (`ConnectionLost`), as the gateway would cut it off as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from appliance import __version__
from appliance.client.errors import ClientError, ConnectionLost, ConnectRefused, GatewayAway, RequestFailed
from appliance.client.target import SocketTarget, Target, UrlTarget
from appliance.foundation.ids import new_id
from appliance.foundation.tasks import TaskSet

PROTOCOL = 4
FULL_SCOPES = (
    "operator.admin",
    "operator.read",
    "operator.write",
    "operator.approvals",
    "operator.questions",
    "operator.pairing",
    "operator.talk.secrets",
)
_HANDSHAKE_S = 15.0
_MAX_EVENTS = 10_000
_MAX_ANSWERS = 8  # one request has two answers at most; a third and the end still fit
_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=2.0)  # a gateway that hangs must not hold the person back
_MAX_FRAME_BYTES = 26_214_400


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `seq` counts what this connection gets; `gap` says that some were lost before."""

    name: str
    payload: Any
    seq: int | None
    gap: bool


class Connection:
    """An open connection; made by `connect`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> None:
        self.hello = hello
        self._socket = socket
        self._pending: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(_MAX_EVENTS)
        self._seq = 0
        self._lost: ClientError | None = None

    async def call(self, method: str, params: Any = None, *, timeout_s: float = 30.0, final: bool = False) -> Any:
        """Ask for `method` and return its payload; with `final` skip an answer that only says `accepted`.

        Raises RequestFailed, ConnectionLost or TimeoutError.
        """
        if self._lost is not None:
            raise self._lost
        request_id = new_id()
        answers: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_MAX_ANSWERS)
        self._pending[request_id] = answers
        try:
            await self._socket.send_str(
                json.dumps({"type": "req", "id": request_id, "method": method, "params": params or {}})
            )
            async with asyncio.timeout(timeout_s):
                while True:
                    answer = await answers.get()
                    if answer is None:
                        raise self._lost or ConnectionLost("The gateway closed the connection.")
                    payload = answer.get("payload")
                    if not answer.get("ok"):
                        raise request_failed(answer.get("error") or {})
                    if not (final and isinstance(payload, dict) and payload.get("status") == "accepted"):
                        return payload
        except (ConnectionError, aiohttp.ClientError) as error:
            raise ConnectionLost(f"The connection to the gateway broke: {error}") from error
        finally:
            del self._pending[request_id]

    async def events(self) -> AsyncIterator[Event]:
        """Yield events as they come. Raises ConnectionLost when the connection ends."""
        while (event := await self._events.get()) is not None:
            yield event
        raise self._lost or ConnectionLost("The gateway closed the connection.")

    async def receive(self) -> None:
        """Read frames until the connection ends. `connect` runs it in the background."""
        try:
            while (message := await self._socket.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                self._take(json.loads(message.data))
            code = message.data if message.type is aiohttp.WSMsgType.CLOSE else self._socket.close_code
            self._lost = ConnectionLost(_goodbye(code, message.extra), details={"closeCode": code})
        except (ValueError, aiohttp.ClientError, ConnectionError, asyncio.QueueFull) as error:
            reason = "too many events wait" if isinstance(error, asyncio.QueueFull) else error
            self._lost = ConnectionLost(f"The connection to the gateway broke: {reason}")
        finally:
            self._lost = self._lost or ConnectionLost("The connection was closed.")
            for answers in self._pending.values():
                answers.put_nowait(None)
            if self._events.full():
                self._events.get_nowait()
            self._events.put_nowait(None)

    def _take(self, frame: Any) -> None:
        if not isinstance(frame, dict):
            raise ValueError("a frame is no object")
        if frame.get("type") == "res":
            answers = self._pending.get(frame.get("id", ""))
            if answers is not None:
                answers.put_nowait(frame)
        elif frame.get("type") == "event":
            seq = frame.get("seq")
            gap = seq is not None and seq != self._seq + 1
            self._seq = seq if seq is not None else self._seq
            self._events.put_nowait(Event(str(frame.get("event")), frame.get("payload"), seq, gap))


@contextlib.asynccontextmanager
async def connect(
    target: Target,
    *,
    scopes: Sequence[str] = FULL_SCOPES,
    caps: Sequence[str] = (),
    client_id: str = "cli",
    mode: str = "cli",
) -> AsyncIterator[Connection]:
    """Open a connection and shake hands. Raises GatewayAway or ConnectRefused."""
    tasks = TaskSet("client")
    async with contextlib.AsyncExitStack() as stack:
        socket = await _open(stack, target)
        stack.push_async_callback(socket.close)
        request = _connect_params(target, scopes, caps, client_id, mode)
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                hello = await _shake_hands(socket, request)
        except TimeoutError as error:
            raise GatewayAway("The gateway does not answer. `homarus gateway status` says how it is.") from error
        connection = Connection(socket, hello)
        tasks.spawn(connection.receive(), name="receive")
        try:
            yield connection
        finally:
            await socket.close()
            await tasks.aclose()


async def _open(stack: contextlib.AsyncExitStack, target: Target) -> aiohttp.ClientWebSocketResponse:
    try:
        if isinstance(target, SocketTarget):
            connector = aiohttp.UnixConnector(path=str(target.path))
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            url = "ws://localhost/"
        else:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            url = target.url
        return await session.ws_connect(url, max_msg_size=_MAX_FRAME_BYTES, compress=0, timeout=_TIMEOUT)
    except (OSError, aiohttp.ClientError, ValueError) as error:
        where = target.path if isinstance(target, SocketTarget) else target.url
        raise GatewayAway(
            f"No gateway answers at {where}. Start it with `homarus run`, or name another one with --url."
        ) from error


def _connect_params(
    target: Target, scopes: Sequence[str], caps: Sequence[str], client_id: str, mode: str
) -> dict[str, Any]:
    params: dict[str, Any] = {
        "minProtocol": PROTOCOL,
        "maxProtocol": PROTOCOL,
        "client": {"id": client_id, "mode": mode, "version": __version__, "platform": "linux"},
        "role": "operator",
        "scopes": list(scopes),
        "caps": list(caps),
    }
    if isinstance(target, UrlTarget) and (target.token or target.password):
        secret = {"token": target.token, "password": target.password}
        params["auth"] = {name: value for name, value in secret.items() if value}
    return params


async def _shake_hands(socket: aiohttp.ClientWebSocketResponse, params: dict[str, Any]) -> dict[str, Any]:
    try:
        challenge = await socket.receive_json()
        if not isinstance(challenge, dict) or challenge.get("event") != "connect.challenge":
            raise GatewayAway("What answers there is not a gateway of this protocol.")
        await socket.send_str(json.dumps({"type": "req", "id": "connect", "method": "connect", "params": params}))
        answer = await socket.receive_json()
    except (TypeError, ValueError, aiohttp.ClientError, ConnectionError) as error:
        raise GatewayAway(f"The gateway closed the connection{_reason(socket)}.") from error
    if answer.get("ok"):
        hello = answer["payload"]
        return hello if isinstance(hello, dict) else {}
    failure = answer.get("error") or {}
    details = failure.get("details") or {}
    raise ConnectRefused(str(failure.get("message", "refused")), str(details.get("code", "")), details)


def request_failed(error: dict[str, Any]) -> RequestFailed:
    """Return the error of a response frame as an exception."""
    return RequestFailed(
        str(error.get("message", "failed")),
        str(error.get("code", "")),
        error.get("details") or {},
        retryable=bool(error.get("retryable")),
    )


def _goodbye(code: object, reason: object) -> str:
    """Return what the end of a connection means for the person."""
    if code in (None, aiohttp.WSCloseCode.ABNORMAL_CLOSURE):
        return "The connection to the gateway broke off."
    if code == aiohttp.WSCloseCode.SERVICE_RESTART:
        return "The gateway stops or restarts."
    return f"The gateway closed the connection: {reason or 'it gave no reason'} (code {code})."


def _reason(socket: aiohttp.ClientWebSocketResponse) -> str:
    code = socket.close_code
    return f" (code {code})" if code else ""
