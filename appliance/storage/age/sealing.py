"""Sealing and opening: the head, its check sum, and the content after it."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import BinaryIO, Final

from appliance.storage.age.errors import AgeError, WrongKeyError
from appliance.storage.age.payload import Opened, Sealed, Sink
from appliance.storage.age.stanza import FILE_KEY_BYTES, Stanza, Unwraps, Wraps, derive, from_text, to_text

VERSION: Final = "age-encryption.org/v1"
_NONCE_BYTES: Final = 16
_MAX_LINE: Final = 4096
_MAX_LINES: Final = 512
_COLUMNS: Final = 64


def seal(target: Sink, recipients: Sequence[Wraps]) -> Sealed:
    """Begin a file for these recipients; what is written to the returned stream is its content, until `finish`."""
    if not recipients:
        raise WrongKeyError("nobody could open this file: name a recipient or a passphrase")
    file_key = os.urandom(FILE_KEY_BYTES)
    lines = [VERSION, *(line for one in recipients for line in one.wrap(file_key).lines()), "---"]
    head = "\n".join(lines).encode("ascii")
    target.write(head + b" " + to_text(_sum(file_key, head)).encode("ascii") + b"\n")
    nonce = os.urandom(_NONCE_BYTES)
    target.write(nonce)
    return Sealed(target, derive(file_key, nonce, b"payload"))


def open_sealed(source: BinaryIO, keys: Sequence[Unwraps]) -> Opened:
    """Return the content of a file. Raises AgeError, WrongKeyError: none of `keys` opens it."""
    try:
        head, stanzas, told = _head(source)
    except ValueError as error:
        raise AgeError(f"this is no age file, or its head is damaged ({error})") from error
    file_key = next((found for key in keys if (found := key.unwrap(stanzas)) is not None), None)
    if file_key is None:
        raise WrongKeyError(_wanted(stanzas))
    if not hmac.compare_digest(_sum(file_key, head), told):
        raise AgeError("the head of the file was changed; take another copy of it")
    nonce = source.read(_NONCE_BYTES)
    if len(nonce) != _NONCE_BYTES:
        raise AgeError("the file was cut off; take another copy of it")
    return Opened(source, derive(file_key, nonce, b"payload"))


def _sum(file_key: bytes, head: bytes) -> bytes:
    return hmac.new(derive(file_key, b"", b"header"), head, hashlib.sha256).digest()


def _wanted(stanzas: tuple[Stanza, ...]) -> str:
    if stanzas[0].arguments[0] == "scrypt":
        return "this file was sealed with a passphrase: give that one"
    return "this key does not open the file: it was sealed for another recipient; give its identity (--identity FILE)"


def _head(source: BinaryIO) -> tuple[bytes, tuple[Stanza, ...], bytes]:
    """Return what the check sum is over, the stanzas and the check sum. Raises ValueError."""
    if (line := _line(source)) != VERSION:
        raise ValueError("another first line")
    kept, stanzas = [line], list[Stanza]()
    while not (line := _line(source)).startswith("---"):
        if not line.startswith("-> ") or len(kept) > _MAX_LINES:
            raise ValueError("no stanza")
        kept.append(line)
        arguments = tuple(line.split(" ")[1:])
        if not all(arguments):
            raise ValueError("an empty argument")
        body = _body(source)
        kept += body
        stanzas.append(Stanza(arguments, from_text("".join(body))))
    if not stanzas or not line.startswith("--- "):
        raise ValueError("no recipient")
    return "\n".join([*kept, "---"]).encode("ascii"), tuple(stanzas), from_text(line[4:])


def _body(source: BinaryIO) -> list[str]:
    rows = [_line(source)]
    while len(rows[-1]) == _COLUMNS and len(rows) <= _MAX_LINES:
        rows.append(_line(source))
    if len(rows[-1]) >= _COLUMNS:
        raise ValueError("a long line")
    return rows


def _line(source: BinaryIO) -> str:
    raw = source.readline(_MAX_LINE)
    if not raw.endswith(b"\n"):
        raise ValueError("a line without an end")
    return raw[:-1].decode("ascii")
