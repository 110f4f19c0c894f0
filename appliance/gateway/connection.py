"""One WebSocket from upgrade to close: challenge, connect, then requests and events."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from appliance.foundation.clock import Clock
from appliance.foundation.ids import new_id
from appliance.foundation.tasks import TaskSet
from appliance.gateway.admission.credential import Hello, Visitor
from appliance.gateway.admission.driver import Admission, Admitted
from appliance.gateway.admission.refusal import Refusal, refuse
from appliance.gateway.bearer import SCOPES_HEADER
from appliance.gateway.method import ConnectionView, Subscriptions
from appliance.gateway.rpc import Rpc
from appliance.gateway.transport.front import Upgraded
from appliance.gateway.transport.head import Head
from appliance.gateway.transport.lobby import Lobby
from appliance.gateway.transport.outbox import Outbox
from appliance.gateway.transport.peer import Peer
from appliance.gateway.transport.websocket import (
    CloseCode,
    FrameReader,
    Message,
    Opcode,
    ViolationError,
    encode_close,
    encode_frame,
)
from appliance.protocol.codec import NotJsonError, ParamsDecoder, decode_request, encode, frame_id
from appliance.protocol.connect import ConnectParams
from appliance.protocol.errors import ErrorCode, WireError, invalid_request
from appliance.protocol.events import CHALLENGE
from appliance.protocol.frames import Event, Request, Response
from appliance.protocol.hello import Challenge
from appliance.protocol.version import MAX_PAYLOAD_BYTES, PRE_HELLO_MAX_BYTES

MAX_ROLE_VIOLATIONS: Final = 10
_LINGER_S: Final = 2.0
"""Time to read our close frame before the socket is cut: closing at once could destroy it on the way."""

_SLOW_LINGER_S: Final = 10.0
"""A slow client has megabytes before it reads why it was cut off."""

_MAX_PONG_BACKLOG_BYTES: Final = 64 * 1024

_connect_decoder = ParamsDecoder("connect", ConnectParams)


class Identify(Protocol):
    """Says who is at the other end of a connection, None when nobody vouches. Must not raise."""

    async def __call__(self, peer: Peer, headers: Mapping[str, str], peername: Any) -> Visitor | None: ...


class State(enum.Enum):
    """Where a connection is in its life."""

    CHALLENGED = enum.auto()
    DECIDING = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()


@dataclass(frozen=True, slots=True)
class Services:
    """What every connection of one gateway shares."""

    admission: Admission
    rpc: Rpc
    lobby: Lobby
    clock: Clock
    tasks: TaskSet
    joined: Callable[[Connection], None]
    left: Callable[[Connection], None]
    identify: Identify | None = None


class Connection(Upgraded):
    """The protocol object of one socket. Everything runs in the event loop's thread."""

    __slots__ = (
        "_alive",
        "_broken",
        "_head",
        "_linger",
        "_nonce",
        "_outbox",
        "_reader",
        "_seq",
        "_services",
        "_shared",
        "_state",
        "_transport",
        "_untold",
        "_view",
        "_violations",
        "actor",
        "conn_id",
        "in_flight",
        "peer",
        "subscriptions",
    )

    def __init__(self, peer: Peer, head: Head, services: Services) -> None:
        self.peer = peer
        self.conn_id = new_id()
        self.subscriptions = Subscriptions()
        self.in_flight = 0
        self.actor = ""
        self._shared = False
        self._head = head
        self._services = services
        self._reader = FrameReader(PRE_HELLO_MAX_BYTES)
        self._nonce = new_id()
        self._state = State.CHALLENGED
        self._transport: asyncio.Transport | None = None
        self._outbox: Outbox | None = None
        self._view: ConnectionView | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._seq = 0
        self._violations = 0
        self._alive = True
        self._broken = False
        self._untold: Admitted | None = None

    @property
    def view(self) -> ConnectionView:
        """Who this is; only after hello."""
        if self._view is None:
            raise RuntimeError("the connection has no hello yet")
        return self._view

    @property
    def shared(self) -> bool:
        return self._shared

    @property
    def waiting_bytes(self) -> int:
        return self._outbox.waiting_bytes if self._outbox is not None else 0

    # The socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._outbox = Outbox(self._transport)
        challenge = Challenge(self._nonce, self._services.clock.now_ms())
        self._send(encode(Event(CHALLENGE, challenge)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._services.lobby.leave(self)
        self._told(certain=False)
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._transport = None
        self._outbox = None
        self._state = State.CLOSING
        if self._view is not None:
            self._services.left(self)

    def data_received(self, data: bytes) -> None:
        self._alive = True
        self._told(certain=True)
        if self._broken:
            return
        self._reader.feed(data)
        self._read()

    def expel(self, *, late: bool) -> None:
        if late and self._state is State.CHALLENGED:
            self.close(CloseCode.NORMAL, "")
        else:
            self.abort()

    def gone(self) -> bool:
        return self._transport is None

    def _read(self) -> None:
        """Handle every message that has arrived, unless one of them stops the reading."""
        try:
            while self._state is not State.DECIDING and self._transport is not None:
                message = self._reader.next()
                if message is None:
                    return
                self._on_message(message)
        except ViolationError as violation:
            self._broken = True
            self.close(violation.close_code, str(violation))

    def _on_message(self, message: Message) -> None:
        opcode, payload = message
        if opcode is Opcode.CLOSE:
            self._on_close(payload)
        elif opcode is Opcode.PING:
            # RFC 6455, 5.5.3 lets us skip pongs; pings without reading must not fill our memory.
            if self.waiting_bytes < _MAX_PONG_BACKLOG_BYTES:
                self._write(encode_frame(Opcode.PONG, payload))
        elif opcode is Opcode.PONG or self._state is State.CLOSING:
            return
        elif self._state is State.OPEN:
            self._on_request(opcode, payload)
        else:
            self._on_connect(payload)

    def _on_close(self, payload: bytes) -> None:
        if self._state is not State.CLOSING:
            self._state = State.CLOSING
            self._write(encode_frame(Opcode.CLOSE, payload[:2]))
        if self._transport is not None:
            self._transport.close()

    # Before hello

    def _on_connect(self, payload: bytes) -> None:
        try:
            request = decode_request(payload)
        except NotJsonError:
            self.close(CloseCode.NORMAL, "")  # protocol.md 4.4: bad JSON before hello
            return
        except WireError:
            self._refuse(frame_id(payload), _not_a_connect())
            return
        if request.method != "connect":
            self._refuse(request.id, _not_a_connect())
            return
        try:
            params: ConnectParams = _connect_decoder.decode(request.params)
        except WireError as error:
            self._refuse(request.id, Refusal(error))
            return
        self._state = State.DECIDING
        if self._transport is not None:
            self._transport.pause_reading()
        self._services.tasks.spawn(self._admit(request.id, params), name="connect")

    async def _admit(self, request_id: str, params: ConnectParams) -> None:
        headers = self._head.headers
        hello = Hello(
            params=params,
            peer=self.peer,
            nonce=self._nonce,
            now_ms=self._services.clock.now_ms(),
            origin=headers.get("origin"),
            host=headers.get("host", ""),
            visitor=await self._visitor(params),
            ceiling=headers.get(SCOPES_HEADER),
        )
        outcome = await self._services.admission.admit(self.conn_id, hello)
        if self._state is not State.DECIDING or self._transport is None or self._transport.is_closing():
            if isinstance(outcome, Admitted):
                await self._services.admission.delivered(outcome, certain=False)
            return
        if isinstance(outcome, Refusal):
            self._transport.resume_reading()
            self._refuse(request_id, outcome)
            return
        self._open(request_id, outcome)
        self._transport.resume_reading()
        self._read()
        if outcome.setup_id is not None and self._transport is not None:
            # The code is spent: the owner is told when the device shows that it heard of it, or that it left before.
            self._untold = outcome
            self._write(encode_frame(Opcode.PING, b""))

    async def _visitor(self, params: ConnectParams) -> Visitor | None:
        """Ask who comes, where somebody can vouch for them and no secret is presented that would say it."""
        identify, auth = self._services.identify, params.auth
        if identify is None or self._transport is None:
            return None
        if auth is not None and (auth.token or auth.password or auth.device_token or auth.bootstrap_token):
            return None
        return await identify(self.peer, self._head.headers, self._transport.get_extra_info("peername"))

    def _open(self, request_id: str, admitted: Admitted) -> None:
        """Say hello and let events in, in one step: nothing can come between."""
        view = admitted.view
        self._services.lobby.leave(self)
        self._view = view
        self._state = State.OPEN
        self._reader.max_bytes = MAX_PAYLOAD_BYTES
        self._shared = admitted.shared
        self.actor = f"device:{view.device_id}" if view.device_id else f"{view.client.id}/{view.client.mode}"
        self._send(encode(Response(request_id, True, admitted.hello)))
        self._services.joined(self)

    def _refuse(self, request_id: str, refusal: Refusal) -> None:
        self._send(encode(Response(request_id, False, error=refusal.error.shape())))
        self.close(refusal.close_code, refusal.reason)

    def _told(self, *, certain: bool) -> None:
        """Say how a setup code ended, once: the client answered after its hello, or was gone without a word."""
        if (admitted := self._untold) is not None:
            self._untold = None
            self._services.tasks.spawn(self._services.admission.delivered(admitted, certain=certain), name="setup")

    # After hello

    def _on_request(self, opcode: Opcode, payload: bytes) -> None:
        try:
            if opcode is Opcode.BINARY and not payload.isascii():
                payload.decode()  # text frames were checked by the reader
            request = decode_request(payload)
            if request.method == "connect":
                raise invalid_request("connect is only valid as the first request")
        except UnicodeDecodeError:
            self._reject("invalid", NotJsonError("invalid request frame: not valid UTF-8"))
        except WireError as error:
            self._reject(frame_id(payload), error)
        else:
            self._handle(request)

    def _handle(self, request: Request) -> None:
        self._services.rpc.handle(self, request)

    def _reject(self, request_id: str, error: WireError) -> None:
        self._send(encode(Response(request_id, False, error=error.shape())))

    def respond(self, data: bytes) -> None:
        """Send the answer to a request."""
        self._send(data)

    def deliver(self, body: bytes, *, numbered: bool, drop_if_slow: bool) -> None:
        """Send an event; a slow client misses it or is cut off (protocol.md 1)."""
        if self._state is not State.OPEN or self._outbox is None:
            return
        end = b',"seq":%d}' % (self._seq + 1) if numbered else b"}"
        if self._outbox.write(body + end):
            # Counted only when sent: a skipped event must not look like a gap.
            self._seq += numbered
        elif not drop_if_slow:
            self._cut_off()

    def violated_role(self) -> None:
        """Count a call that the role forbids; the eleventh closes (protocol.md 2)."""
        self._violations += 1
        if self._violations > MAX_ROLE_VIOLATIONS:
            # After the answer to this call, which is still to be sent.
            reason = "repeated unauthorized calls"
            asyncio.get_running_loop().call_soon(self.close, CloseCode.POLICY, reason)

    def check_alive(self) -> None:
        """Ping; a client that sent nothing since the last ping is gone."""
        if self._transport is None:
            return
        if not self._alive:
            self.abort()
            return
        self._alive = False
        self._write(encode_frame(Opcode.PING, b""))

    def close(self, code: int, reason: str, *, linger_s: float = _LINGER_S) -> None:
        """Say why and close; the client has a moment to read it."""
        if self._state is State.CLOSING or self._transport is None:
            return
        self._state = State.CLOSING
        self._write(encode_close(code, reason))
        self._linger = asyncio.get_running_loop().call_later(linger_s, self._transport.abort)

    def abort(self) -> None:
        """Cut the socket without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _cut_off(self) -> None:
        self.close(CloseCode.POLICY, "slow consumer", linger_s=_SLOW_LINGER_S)

    def _send(self, data: bytes) -> None:
        if self._outbox is not None and self._state is not State.CLOSING and not self._outbox.write(data):
            self._cut_off()

    def _write(self, frame: bytes) -> None:
        if self._outbox is not None and self._transport is not None and not self._transport.is_closing():
            self._outbox.flush()
            self._transport.write(frame)


def _not_a_connect() -> Refusal:
    return refuse(ErrorCode.INVALID_REQUEST, "invalid handshake: first request must be connect")
