"""WebSocket framing (RFC 6455) without I/O: bytes in, messages out; messages in, bytes out.

Our own because two limits are needed on one socket: 64 KiB before hello and 25 MiB after (protocol.md 1), and because
a silent connection must cost next to nothing. No extension is ever negotiated, so a set RSV bit is an error.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import struct
from typing import Final, NamedTuple

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_CONTROL_BYTES: Final = 125
_SMALL_BYTES: Final = 512
"""Below this the big-integer way of unmasking is faster than four translations."""

_XOR_TABLES: Final = [bytes(value ^ key for value in range(256)) for key in range(256)]
_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class Opcode(enum.IntEnum):
    """Kinds of frame (RFC 6455, 5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class CloseCode(enum.IntEnum):
    """Close codes that this gateway sends (RFC 6455, 7.4 and protocol.md 4.4)."""

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    INVALID_TEXT = 1007
    POLICY = 1008
    TOO_BIG = 1009
    SERVICE_RESTART = 1012
    TRY_LATER = 1013
    AUTHORITY_GONE = 4001


class Message(NamedTuple):
    """A whole message. Text was checked to be UTF-8 and stays bytes."""

    opcode: Opcode
    payload: bytes


class ViolationError(Exception):
    """The peer broke the framing: close the connection with this code. Never shown to a client as a response."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.close_code = code


class FrameReader:
    """Turns the bytes of a client into messages. Pull style: `feed`, then `next` until it returns None.

    `max_bytes` may be raised while reading. A message is refused by the length it declares, before its bytes are kept.
    """

    __slots__ = ("_body", "_buffer", "_final", "_left", "_mask", "_message_opcode", "_opcode", "max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._buffer = bytearray()
        self._body: bytearray | None = None  # the message so far: earlier fragments and the frame being read
        self._message_opcode = Opcode.CONTINUATION
        self._opcode = Opcode.CONTINUATION
        self._final = False
        self._mask = b""
        self._left = 0  # bytes of the current data frame that have not arrived

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._buffer += data

    def next(self) -> Message | None:
        """Return the next message, or None until more arrives. Raises ViolationError."""
        while True:
            if self._left:
                if not self._continue_frame():
                    return None
            else:
                frame = self._read_frame()
                if frame is None:
                    return None
                if frame is not _PARTIAL:
                    return frame
                continue
            if (message := self._end_frame()) is not None:
                return message

    def _read_frame(self) -> Message | None:
        """Read a header and as much of its payload as is there. `_PARTIAL` means: look again."""
        buffer = self._buffer
        available = len(buffer)
        if available < 2:
            return None
        first, second = buffer[0], buffer[1]
        length = second & 0x7F
        offset = 2
        if length == 126:
            if available < 4:
                return None
            length = buffer[2] << 8 | buffer[3]
            offset = 4
        elif length == 127:
            if available < 10:
                return None
            (length,) = struct.unpack_from(">Q", buffer, 2)
            offset = 10
        opcode = self._check_header(first, second, length)
        if available < offset + 4:
            return None
        mask = bytes(buffer[offset : offset + 4])
        offset += 4
        end = offset + length
        if opcode >= Opcode.CLOSE:
            if available < end:
                return None
            payload = unmask(bytes(buffer[offset:end]), mask)
            del buffer[:end]
            return _control(opcode, payload)
        self._opcode = opcode
        self._final = bool(first & 0x80)
        if available >= end and self._final and self._body is None:
            payload = unmask(bytes(buffer[offset:end]), mask)
            del buffer[:end]
            return _checked(Message(opcode, payload))
        return self._begin_frame(opcode, mask, length, offset)

    def _begin_frame(self, opcode: Opcode, mask: bytes, length: int, offset: int) -> Message | None:
        """Start a frame whose bytes arrive in pieces, or one fragment of a message."""
        del self._buffer[:offset]
        if self._body is None:
            self._body = bytearray()
            self._message_opcode = opcode
        self._mask = mask
        self._left = length
        if length == 0:
            return self._end_frame() or _PARTIAL
        return _PARTIAL

    def _continue_frame(self) -> bool:
        """Move arrived bytes into the message; unmasked piece by piece so that 25 MiB never block the loop."""
        assert self._body is not None
        take = min(self._left, len(self._buffer))
        if not take:
            return False
        self._body += unmask(bytes(self._buffer[:take]), self._mask)
        del self._buffer[:take]
        self._left -= take
        turn = take & 3
        self._mask = self._mask[turn:] + self._mask[:turn]
        return self._left == 0

    def _end_frame(self) -> Message | None:
        if not self._final or self._body is None:
            return None
        message = Message(self._message_opcode, bytes(self._body))
        self._body = None
        return _checked(message)

    def _check_header(self, first: int, second: int, length: int) -> Opcode:
        if first & 0x70:
            raise ViolationError(CloseCode.PROTOCOL_ERROR, "reserved bits set")
        if not second & 0x80:
            raise ViolationError(CloseCode.PROTOCOL_ERROR, "client frames must be masked")
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError:
            raise ViolationError(CloseCode.PROTOCOL_ERROR, "unknown opcode") from None
        if opcode >= Opcode.CLOSE:
            if not first & 0x80 or length > _MAX_CONTROL_BYTES:
                raise ViolationError(CloseCode.PROTOCOL_ERROR, "bad control frame")
            return opcode
        if (opcode is Opcode.CONTINUATION) is (self._body is None):
            raise ViolationError(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        if length + (len(self._body) if self._body is not None else 0) > self.max_bytes:
            raise ViolationError(CloseCode.TOO_BIG, "frame too large")
        return opcode


_PARTIAL: Final = Message(Opcode.CONTINUATION, b"")


def _checked(message: Message) -> Message:
    if message.opcode is Opcode.TEXT and not message.payload.isascii():
        try:
            message.payload.decode()
        except UnicodeDecodeError:
            raise ViolationError(CloseCode.INVALID_TEXT, "invalid UTF-8") from None
    return message


def _control(opcode: Opcode, payload: bytes) -> Message:
    if opcode is Opcode.CLOSE and payload:
        if len(payload) == 1:
            raise ViolationError(CloseCode.PROTOCOL_ERROR, "bad close frame")
        code = int.from_bytes(payload[:2], "big")
        if code not in _CLOSE_CODES and not 3000 <= code <= 4999:
            raise ViolationError(CloseCode.PROTOCOL_ERROR, "bad close code")
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            raise ViolationError(CloseCode.INVALID_TEXT, "invalid UTF-8") from None
    return Message(opcode, payload)


def unmask(data: bytes, mask: bytes) -> bytes:
    """XOR `data` with the four bytes of `mask`, repeated (RFC 6455, 5.3)."""
    size = len(data)
    if size < _SMALL_BYTES:
        repeated = (mask * ((size + 3) >> 2))[:size]
        return (int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")
    out = bytearray(data)
    for index in range(4):
        out[index::4] = out[index::4].translate(_XOR_TABLES[mask[index]])
    return bytes(out)


def encode_frame(opcode: Opcode, payload: bytes) -> bytes:
    """Return one final, unmasked frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65536:
        return bytes((0x80 | opcode, 126, size >> 8, size & 0xFF)) + payload
    return struct.pack(">BBQ", 0x80 | opcode, 127, size) + payload


def encode_close(code: int, reason: str = "") -> bytes:
    """Return a close frame; the reason is cut to the 123 bytes that fit, at a character."""
    text = reason.encode("utf-8", "replace")[:123].decode("utf-8", "ignore").encode()
    return encode_frame(Opcode.CLOSE, struct.pack(">H", code) + text)


def accept_key(key: str) -> str:
    """Return Sec-WebSocket-Accept for the client's key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode("latin-1") + _GUID, usedforsecurity=False).digest()).decode()
