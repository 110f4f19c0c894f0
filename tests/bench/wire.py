"""A client that costs little: WebSocket frames by hand, so that the measuring does not hide what is measured."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Any, cast

import msgspec

# RFC 6455 wants a mask that nobody can guess. Zeros are valid on the wire, cost the client nothing and the gateway as
# much as any other mask.
_MASK = b"\0\0\0\0"
_UPGRADE = (
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Frame(msgspec.Struct):
    """What the measurement reads of a frame."""

    type: str
    id: str = ""
    ok: bool = False
    event: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


_frame = msgspec.json.Decoder(Frame).decode


def encode(payload: bytes) -> bytes:
    """Return a text frame of a client."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size)) + _MASK + payload
    if size < 65536:
        return bytes((0x81, 0xFE, size >> 8, size & 255)) + _MASK + payload
    return struct.pack(">BBQ", 0x81, 0xFF, size) + _MASK + payload


class Socket(asyncio.Protocol):
    """One WebSocket. `on_text` gets every text message; `closed` is done when the connection is gone."""

    def __init__(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._port = port
        self._buffer = b""
        self._upgraded = False
        self._next: asyncio.Future[bytes] | None = None
        self._early: list[bytes] = []
        self.on_text: Callable[[bytes], None] = self._keep
        self.closed: asyncio.Future[None] = loop.create_future()

    @classmethod
    async def open(cls, port: int) -> Socket:
        """Connect and ask for the upgrade; do not wait for its answer."""
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(lambda: cls(port), "127.0.0.1", port)
        return socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_UPGRADE.format(port=self._port).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next is not None and not self._next.done():
            self._next.set_exception(ConnectionError("the connection was closed"))
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        start = 0
        if not self._upgraded:
            start = buffer.find(b"\r\n\r\n") + 4
            if start < 4:
                self._buffer = buffer
                return
            if not buffer.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(buffer[:start].decode())
            self._upgraded = True
        self._buffer = buffer[self._read(buffer, start) :]

    def _read(self, buffer: bytes, start: int) -> int:
        """Hand on every whole frame of `buffer`; return where the first one begins that is not whole."""
        while len(buffer) - start >= 2:
            size, body = buffer[start + 1], start + 2
            if size == 126:
                size, body = int.from_bytes(buffer[start + 2 : start + 4], "big"), start + 4
            elif size == 127:
                size, body = int.from_bytes(buffer[start + 2 : start + 10], "big"), start + 10
            if len(buffer) < body + size:
                break
            if buffer[start] == 0x81:
                self.on_text(buffer[body : body + size])
            start = body + size
        return start

    def _keep(self, text: bytes) -> None:
        if self._next is not None and not self._next.done():
            self._next.set_result(text)
        else:
            self._early.append(text)

    async def text(self) -> bytes:
        """Return the next message, as long as `on_text` was not replaced."""
        if self._early:
            return self._early.pop(0)
        self._next = asyncio.get_running_loop().create_future()
        return await self._next

    def send(self, *texts: bytes) -> None:
        self._transport.write(b"".join(map(encode, texts)))

    def abort(self) -> None:
        self._transport.abort()


class Client:
    """A connection after hello: requests by id, events to `on_event`."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._pending: dict[str, asyncio.Future[Frame]] = {}
        self._count = 0
        self.on_event: Callable[[Frame], None] = lambda frame: None
        socket.on_text = self._take

    @classmethod
    async def open(cls, port: int, token: str, *, caps: tuple[str, ...] = ()) -> Client:
        """Connect as a terminal client with every right."""
        socket = await Socket.open(port)
        await socket.text()
        params = connect_params(token, ["operator.admin", "operator.read", "operator.write"])
        request = {"type": "req", "id": "c", "method": "connect", "params": {**params, "caps": caps}}
        socket.send(json.dumps(request).encode())
        hello = _frame(await socket.text())
        if not hello.ok:
            raise ConnectionError(bytes(hello.error).decode())
        return cls(socket)

    def _take(self, text: bytes) -> None:
        frame = _frame(text)
        if frame.type == "event":
            self.on_event(frame)
        elif (waiting := self._pending.pop(frame.id, None)) is not None and not waiting.done():
            waiting.set_result(frame)

    def start(self, method: str, params: Any) -> asyncio.Future[Frame]:
        """Send a request and return the future of its response."""
        self._count += 1
        name = str(self._count)
        future = self._pending[name] = asyncio.get_running_loop().create_future()
        self._socket.send(msgspec.json.encode({"type": "req", "id": name, "method": method, "params": params}))
        return future

    async def call(self, method: str, params: Any = None) -> Any:
        """Return the decoded result of a request. Raises RuntimeError for an error of the gateway."""
        frame = await self.start(method, params or {})
        if not frame.ok:
            raise RuntimeError(f"{method}: {bytes(frame.error).decode()}")
        return msgspec.json.decode(frame.payload)

    async def aclose(self) -> None:
        self._socket.abort()
        await self._socket.closed


def connect_params(token: str, scopes: list[str], client_id: str = "cli", mode: str = "cli") -> dict[str, Any]:
    """Return the params of a connect request without a device."""
    return {
        "minProtocol": 4,
        "maxProtocol": 4,
        "client": {"id": client_id, "mode": mode, "version": "1.0.0", "platform": "linux"},
        "role": "operator",
        "scopes": scopes,
        "auth": {"token": token},
    }
