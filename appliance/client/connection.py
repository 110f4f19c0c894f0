"""One connection to a gateway: handshake, requests, events.

Requests may overlap; each gets its own answer. Events are kept in a bounded queue: a reader that falls behind
loses the connection instead of memory (`ConnectionLost`), as the gateway would cut it off as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from appliance import __version__
from appliance.client.errors import (
    CertificateChanged,
    CertificateUnknown,
    ClientError,
    ConnectionLost,
    ConnectRefused,
    GatewayAway,
    RequestFailed,
)
from appliance.client.target import (
    FULL_SCOPES,
    Introduction,
    RemoteTarget,
    SocketTarget,
    Target,
    UrlTarget,
    on_this_machine,
)
from appliance.foundation.ids import new_id
from appliance.foundation.tasks import TaskSet
from appliance.identity.device_key import SignedConnect

PROTOCOL = 4
_HANDSHAKE_S = 15.0
_MAX_EVENTS = 10_000
_MAX_ANSWERS = 8  # one request has two answers at most; a third and the end still fit
_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=2.0)  # a gateway that hangs must not hold the person back
_REACH_S = 10.0
"""An address where nobody is may swallow every word, and so may the server that is asked for a name."""
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
                if answers.full():
                    answers.get_nowait()
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
    introduction: Introduction | None = None,
    heartbeat_s: float | None = None,
    reach_s: float = _REACH_S,
) -> AsyncIterator[Connection]:
    """Open a connection and shake hands. Raises GatewayAway or ConnectRefused.

    `scopes` and `caps` are those of the command line; whoever comes as something else hands in an `introduction`.
    Who stays for long asks for a heartbeat: a gateway that vanished without a word is noticed after one and a half.
    `reach_s`: how long to knock where nobody answers; short where other addresses wait to be tried.
    """
    as_what = introduction or Introduction(scopes=scopes, caps=caps)
    if isinstance(target, RemoteTarget):
        from appliance.client.remote import meet  # with its key, for which cryptography is loaded

        async with meet(target, as_what, connect) as connection:
            yield connection
        return
    tasks = TaskSet("client")
    async with contextlib.AsyncExitStack() as stack:
        socket = await _open(stack, target, heartbeat_s, reach_s)
        stack.push_async_callback(socket.close)
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                hello = await _shake_hands(socket, target, as_what)
        except TimeoutError as error:
            raise GatewayAway("The gateway does not answer. `homarus gateway status` says how it is.") from error
        connection = Connection(socket, hello)
        tasks.spawn(connection.receive(), name="receive")
        try:
            yield connection
        finally:
            await socket.close()
            await tasks.aclose()


async def _open(
    stack: contextlib.AsyncExitStack, target: SocketTarget | UrlTarget, heartbeat_s: float | None, reach_s: float
) -> aiohttp.ClientWebSocketResponse:
    try:
        if isinstance(target, SocketTarget):
            connector: aiohttp.BaseConnector | None = aiohttp.UnixConnector(path=str(target.path))
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            url = "ws://localhost/"
        else:
            connector = aiohttp.TCPConnector(ssl=_pinned(target.pin)) if target.pin else None
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            url = target.url
        async with asyncio.timeout(reach_s):
            return await session.ws_connect(
                url, max_msg_size=_MAX_FRAME_BYTES, compress=0, timeout=_TIMEOUT, heartbeat=heartbeat_s
            )
    except aiohttp.ServerFingerprintMismatch as error:
        raise CertificateChanged(
            f"{error.host} shows another certificate ({error.got.hex()[:16]}…) than the one that was pinned. If it was "
            "renewed on purpose, pair anew with a code of `homarus pair`; else somebody stands in between."
        ) from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise CertificateUnknown(
            f"{error.host} shows a certificate for which nobody vouches here. If it is your box: "
            "`homarus security audit` there prints its SHA-256; name it with --tls-fingerprint, "
            "or pair with a code of `homarus pair`."
        ) from error
    except (OSError, TimeoutError, aiohttp.ClientError, ValueError) as error:
        where, fix = _where(target)
        closed = isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno == errno.ECONNREFUSED
        raise GatewayAway(f"No gateway answers at {where}. {fix}", details={"machineAnswers": closed}) from error


def _where(target: SocketTarget | UrlTarget) -> tuple[str, str]:
    """Return the address and what to do when nobody is there."""
    if isinstance(target, UrlTarget) and not on_this_machine(target.url):
        return target.url, "Is the box on, and in the same network as this machine? `homarus discover` looks for boxes."
    where = str(target.path) if isinstance(target, SocketTarget) else target.url
    return where, "Start it with `homarus run`, or name another one with --url."


def _pinned(pin: str) -> aiohttp.Fingerprint:
    """Raises ValueError for what is no SHA-256."""
    return aiohttp.Fingerprint(bytes.fromhex(pin.replace(":", "")))


def _connect_params(
    target: SocketTarget | UrlTarget, who: Introduction, challenge: Mapping[str, Any]
) -> dict[str, Any]:
    client = {
        "id": who.client_id,
        "mode": who.mode,
        "version": __version__,
        "platform": who.platform,
        "displayName": who.display_name,
        "deviceFamily": who.device_family,
    }
    params: dict[str, Any] = {
        "minProtocol": PROTOCOL,
        "maxProtocol": PROTOCOL,
        "client": _said(client),
        "role": who.role,
        "scopes": list(who.scopes),
        "caps": list(who.caps),
    }
    more = {"commands": list(who.commands), "permissions": dict(who.permissions), "pathEnv": who.path_env}
    params |= {name: value for name, value in more.items() if value}
    if isinstance(target, UrlTarget):
        auth = {
            "token": target.token,
            "password": target.password,
            "deviceToken": target.device_token,
            "bootstrapToken": target.bootstrap_token,
        }
        if given := _said(auth):
            params["auth"] = given
        if target.key is not None:
            params["device"] = _proof(target, who, challenge)
    return params


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _proof(target: UrlTarget, who: Introduction, challenge: Mapping[str, Any]) -> dict[str, Any]:
    """Sign the challenge with the key of this device (protocol.md 3.2)."""
    key, nonce, signed_at = target.key, str(challenge.get("nonce")), challenge.get("ts")
    if key is None or not isinstance(signed_at, int):
        raise ValueError("the challenge has no time")
    signed = SignedConnect(
        device_id=key.device_id,
        client_id=who.client_id,
        client_mode=who.mode,
        role=who.role,
        scopes=tuple(who.scopes),
        signed_at_ms=signed_at,
        token=target.token or target.device_token or target.bootstrap_token or "",
        nonce=nonce,
        platform=who.platform,
        device_family=who.device_family or "",
    )
    return {
        "id": key.device_id,
        "publicKey": key.public_key,
        "signature": key.sign(signed),
        "signedAt": signed_at,
        "nonce": nonce,
    }


async def _shake_hands(
    socket: aiohttp.ClientWebSocketResponse, target: SocketTarget | UrlTarget, who: Introduction
) -> dict[str, Any]:
    try:
        challenge = await socket.receive_json()
        if not isinstance(challenge, dict) or challenge.get("event") != "connect.challenge":
            raise GatewayAway("What answers there is not a gateway of this protocol.")
        params = _connect_params(target, who, challenge.get("payload") or {})
        await socket.send_str(json.dumps({"type": "req", "id": "connect", "method": "connect", "params": params}))
        answer = await socket.receive_json()
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")
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
