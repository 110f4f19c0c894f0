"""The head of an HTTP request, read just far enough to know an upgrade; strict, without I/O."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from appliance.gateway.transport.websocket import accept_key

MAX_HEAD_BYTES: Final = 16 * 1024
"""Request line and headers of the first request of a connection."""

FIRST_BYTES: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\r\n")
"""What a request may begin with; RFC 9112 2.2 lets an empty line come before it."""

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_REQUEST_LINE: Final = re.compile(r"GET [\x21-\x7e]+ HTTP/1\.1\Z")
ONCE: Final = frozenset({"host", "origin", "sec-websocket-key", "sec-websocket-version"})
"""Headers that decide about trust: two of them would let two readers see two requests."""


@dataclass(frozen=True, slots=True)
class Head:
    """Headers with lower-case names; values repeated in the request are joined with a comma."""

    request_line: str
    headers: dict[str, str]

    @property
    def upgrades(self) -> bool:
        """True when the client asks for a WebSocket."""
        return "websocket" in _tokens(self.headers.get("upgrade", ""))


def parse_head(data: bytes) -> Head | None:
    """Parse the bytes before the blank line; None when they are not a plain, unambiguous request."""
    try:
        lines = data.decode("ascii" if data.isascii() else "latin-1").split("\r\n")
    except UnicodeDecodeError:
        return None
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.match(name) or any(byte in value for byte in "\r\n\0"):
            return None
        name, value = name.lower(), value.strip(" \t")
        if name in headers:
            if name in ONCE:
                return None
            value = f"{headers[name]},{value}"
        headers[name] = value
    return Head(lines[0], headers)


def answer_upgrade(head: Head) -> tuple[bool, bytes]:
    """Return (upgraded, response): the 101 of RFC 6455 4.2.2, or the refusal."""
    headers = head.headers
    if not _REQUEST_LINE.match(head.request_line) or not headers.get("host"):
        return False, _refusal("400 Bad Request")
    if "upgrade" not in _tokens(headers.get("connection", "")):
        return False, _refusal("400 Bad Request")
    if headers.get("sec-websocket-version") != "13":
        return False, _refusal("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n")
    key = headers.get("sec-websocket-key", "")
    try:
        valid = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        valid = False
    if not valid:
        return False, _refusal("400 Bad Request")
    response = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    )
    return True, response.encode("ascii")


def _tokens(value: str) -> list[str]:
    return [token.strip().lower() for token in value.split(",")]


def _refusal(status: str, extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{extra}Content-Length: 0\r\nConnection: close\r\n\r\n".encode("ascii")


TOO_LARGE: Final = _refusal("431 Request Header Fields Too Large")
