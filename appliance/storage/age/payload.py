"""The content of an age file: pieces of 64 KiB, each sealed with its number and whether it is the last one."""

from __future__ import annotations

import io
from typing import BinaryIO, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from appliance.storage.age.errors import AgeError

PIECE: Final = 64 * 1024
_TAG: Final = 16


class Sink(Protocol):
    """Where sealed bytes go: a file, or anything that can be written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of it."""


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Sealed(io.RawIOBase):
    """Takes content and writes it sealed. Without `close` the file is cut off, and every reader says so."""

    def __init__(self, target: Sink, key: bytes) -> None:
        super().__init__()
        self._target = target
        self._cipher = ChaCha20Poly1305(key)
        self._held = bytearray()
        self._number = 0

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        """Take content of any length."""
        piece = memoryview(content)  # type: ignore[arg-type]  # the base class says Buffer, which 3.11 has no name for
        self._held += piece
        # The last piece may be whole, but never empty: so one byte more must be there before a piece goes out.
        while len(self._held) > PIECE:
            self._put(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return piece.nbytes

    def finish(self) -> None:
        """Write the last piece: only with it the file is whole."""
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, content: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, last), content, None))
        self._number += 1


class Opened(io.RawIOBase):
    """Gives the content of a sealed file. Raises AgeError when it was changed or cut off, at the latest at its end."""

    def __init__(self, source: BinaryIO, key: bytes) -> None:
        super().__init__()
        self._source = source
        self._cipher = ChaCha20Poly1305(key)
        self._ahead = source.read(PIECE + _TAG)
        self._held = b""
        self._number = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        """Fill a buffer; 0 at the end."""
        room = memoryview(target)  # type: ignore[arg-type]  # as above
        if not self._held and not self._ended:
            self._next()
        count = min(room.nbytes, len(self._held))
        room[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def _next(self) -> None:
        piece, self._ahead = self._ahead, self._source.read(PIECE + _TAG)
        last = not self._ahead
        try:
            self._held = self._cipher.decrypt(_nonce(self._number, last), piece, None)
        except (InvalidTag, ValueError):
            raise AgeError("the file was changed or cut off; take another copy of it") from None
        if last and not self._held and self._number:
            raise AgeError("the file was changed: it ends with an empty piece")
        self._number += 1
        self._ended = last
