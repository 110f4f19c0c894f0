"""The head of an age file: its stanzas as text, and what a kind of recipient does with one."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FILE_KEY_BYTES: Final = 16
_WRAPPED_BYTES: Final = 32  # a file key and its tag
_COLUMNS: Final = 64


@dataclass(frozen=True, slots=True)
class Stanza:
    """The file key, wrapped for one recipient."""

    arguments: tuple[str, ...]
    body: bytes

    def lines(self) -> list[str]:
        """Return the text: arguments, then base64 whose last line is shorter than the others."""
        text = to_text(self.body)
        rows = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
        if not rows or len(rows[-1]) == _COLUMNS:
            rows.append("")
        return [f"-> {' '.join(self.arguments)}", *rows]


class Wraps(Protocol):
    """For whom a file is sealed."""

    def wrap(self, file_key: bytes) -> Stanza:
        """Return the stanza from which only the holder of the key gets `file_key` back."""


class Unwraps(Protocol):
    """With what a file is opened."""

    def unwrap(self, stanzas: tuple[Stanza, ...]) -> bytes | None:
        """Return the file key; None where no stanza is for this key. Raises AgeError, WrongKeyError."""


def derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """Return 32 bytes by HKDF-SHA-256."""
    return HKDF(hashes.SHA256(), 32, salt, info).derive(secret)


def shut(key: bytes, file_key: bytes) -> bytes:
    """Encrypt the file key. The nonce is zero: each wrapping key is used once."""
    return ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)


def unshut(key: bytes, body: bytes) -> bytes:
    """Decrypt a file key. Raises InvalidTag; ValueError for a body of another length (a partitioning oracle else)."""
    if len(body) != _WRAPPED_BYTES:
        raise ValueError("the wrapped key has a wrong length")
    return ChaCha20Poly1305(key).decrypt(bytes(12), body, None)


def to_text(content: bytes) -> str:
    """Return base64 without padding."""
    return base64.b64encode(content).decode("ascii").rstrip("=")


def from_text(text: str) -> bytes:
    """Return what canonical base64 without padding says. Raises ValueError."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if to_text(content) != text:
        raise ValueError("no canonical base64")
    return content
