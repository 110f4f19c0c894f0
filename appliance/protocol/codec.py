"""JSON in and out, with limits. The only file that catches the errors of the validation library.

msgspec decodes strictly: NaN and Infinity, invalid UTF-8 and trailing bytes are errors. Depth is bounded here, before
decoding, so that hostile nesting never reaches a recursive parser.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from appliance.protocol.errors import ErrorCode, WireError, invalid_request
from appliance.protocol.frames import Request

MAX_DEPTH: Final = 64
"""Nesting of objects and arrays in one frame."""

_TOKENS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]', re.DOTALL)

_request_decoder = msgspec.json.Decoder(Request)
_any_decoder = msgspec.json.Decoder(Any)
_encoder = msgspec.json.Encoder()


class NotJsonError(WireError):
    """The frame is no JSON at all, or nested too deep to look into."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_REQUEST, message)


def encode(value: Any) -> bytes:
    """Return compact JSON."""
    return _encoder.encode(value)


def decode_request(data: bytes) -> Request:
    """Decode one frame of a client; `params` stay bytes. Raises WireError that says what is wrong with it."""
    check_depth(data)
    try:
        return _request_decoder.decode(data)
    except msgspec.ValidationError as error:
        raise invalid_request(f"invalid request frame: {explain(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJsonError("invalid request frame: not valid JSON") from error


def frame_id(data: bytes) -> str:
    """Return the id of a frame that is no valid request, so that its sender can match the error; else "invalid"."""
    try:
        check_depth(data)
        frame = _any_decoder.decode(data)
    except (WireError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "invalid"
    found = frame.get("id") if isinstance(frame, dict) else None
    return found if isinstance(found, str) else "invalid"


class ParamsDecoder:
    """Decodes the parameters of one method into its struct."""

    __slots__ = ("_decoder", "_method")

    def __init__(self, method: str, kind: type[msgspec.Struct]) -> None:
        self._method = method
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, raw: msgspec.Raw) -> Any:
        """Return the struct; absent or null parameters are `{}` (protocol.md 2). Raises WireError."""
        data: Any = raw
        if not len(raw) or raw == _NULL:
            data = b"{}"
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise invalid_request(f"invalid {self._method} params: {explain(error)}") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid_request(f"invalid {self._method} params: not valid JSON") from error


_NULL: Final = msgspec.Raw(b"null")


def check_depth(data: bytes) -> None:
    """Raise WireError when `data` nests deeper than MAX_DEPTH.

    Counting the brackets is a single pass in C and settles almost every frame; only a frame with many brackets is
    walked token by token.
    """
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKENS.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJsonError(f"invalid request frame: nested deeper than {MAX_DEPTH} levels")
        elif first in b"]}":
            depth -= 1


def explain(error: msgspec.ValidationError) -> str:
    """Return `at /path: what is wrong` in the form of the reference, from a text like ``... - at `$.a[0]` ``."""
    text, _, where = str(error).rpartition(" - at `")
    if not text:
        return f"at root: {error}"
    path = where.rstrip("`").removeprefix("$").replace("[", ".").replace("]", "")
    path = path.replace(".", "/")
    return f"at {path or 'root'}: {text}"
