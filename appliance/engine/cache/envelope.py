"""The bytes of a stored or transferred state: header, blob, keyed sum. Everything is checked before native code.

llama.cpp takes a state of other weights without a word and may end the process at a damaged one, so what cannot be
proved to be ours, whole and of this very model is a `Refusal`, never an exception.

Layout: 4 bytes magic, u16 version, u16 zero, u32 length of the header, header (MessagePack array), blob, 32 bytes
BLAKE2b keyed with the secret of the folder or, between two boxes, of their connection. Little-endian.
"""

from __future__ import annotations

import array
import enum
import hashlib
import hmac
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

Blob: TypeAlias = bytes | bytearray | memoryview

_MAGIC = b"HMKV"
_VERSION = 1
_PREFIX = struct.Struct("<4sHHI")
PREFIX_BYTES = _PREFIX.size
MAC_BYTES = 32
FINGERPRINT_BYTES = 32
_PERSON = b"homarus-state"  # no other sum under the same key can be taken for one of these
MAX_TOKENS = 1 << 18
MAX_HEADER_BYTES = 4 * MAX_TOKENS + 256
MAX_BLOB_BYTES = 1 << 32


class Refusal(enum.Enum):
    """Why bytes are not taken for a state."""

    SHORT = "too short"
    MAGIC = "not a state"
    VERSION = "another version of the format"
    HEADER = "a header that cannot be read"
    BOUNDS = "numbers that cannot be"
    FINGERPRINT = "of another model or setting"
    LENGTH = "another length than the header says"
    SUM = "damaged, or signed with another key"
    OTHER = "a state of another text"
    GONE = "no longer there"
    ROOM = "no room in memory"


class Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a blob holds: the positions [start, end) of `tokens` (4 bytes each), `length` bytes of native state."""

    fingerprint: bytes
    tokens: bytes
    start: int
    end: int
    length: int
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A state that was proved to be ours; `blob` is a view of the bytes that were opened, not a copy."""

    header: Header
    tokens: tuple[int, ...]
    blob: memoryview


def pack_tokens(tokens: Sequence[int]) -> bytes:
    """Return tokens as 4 bytes each. Raises OverflowError for what is no token."""
    packed = array.array("i", tokens)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack_tokens(packed: bytes) -> tuple[int, ...]:
    """Return the tokens of `pack_tokens`; the length must be a multiple of 4."""
    tokens = array.array("i")
    tokens.frombytes(packed)
    if sys.byteorder == "big":
        tokens.byteswap()
    return tuple(tokens)


def seal(header: Header, blob: Blob, key: bytes) -> tuple[bytes, Blob, bytes]:
    """Return head, blob and sum, to be written one after another; the blob is not copied."""
    packed = msgspec.msgpack.encode(header)
    head = _PREFIX.pack(_MAGIC, _VERSION, 0, len(packed)) + packed
    return head, blob, _sum(key, head, blob)


def head_bytes(data: Blob) -> int | Refusal:
    """Return how many bytes prefix and header take; `data` holds the first PREFIX_BYTES or more."""
    if len(data) < PREFIX_BYTES:
        return Refusal.SHORT
    magic, version, reserved, length = _PREFIX.unpack_from(data)
    if magic != _MAGIC:
        return Refusal.MAGIC
    if version != _VERSION or reserved:
        return Refusal.VERSION
    return Refusal.BOUNDS if length > MAX_HEADER_BYTES else PREFIX_BYTES + int(length)


def read_head(data: Blob, total: int) -> Header | Refusal:
    """Return the header of an envelope of `total` bytes of which `data` holds at least prefix and header.

    Nothing is proved yet: only `unseal` looks at the sum.
    """
    end = head_bytes(data)
    if isinstance(end, Refusal):
        return end
    if len(data) < end:
        return Refusal.SHORT
    try:
        header = msgspec.msgpack.decode(memoryview(data)[PREFIX_BYTES:end], type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Refusal.HEADER
    count, rest = divmod(len(header.tokens), 4)
    sane = (
        len(header.fingerprint) == FINGERPRINT_BYTES
        and rest == 0
        and 0 <= header.start < header.end == count <= MAX_TOKENS
        and 0 < header.length <= MAX_BLOB_BYTES
    )
    if not sane:
        return Refusal.BOUNDS
    return header if total == end + header.length + MAC_BYTES else Refusal.LENGTH


def unseal(data: Blob, key: bytes, fingerprint: bytes) -> Opened | Refusal:
    """Return what an envelope holds when it is whole, signed with `key` and of the model `fingerprint`."""
    header = read_head(data, len(data))
    if isinstance(header, Refusal):
        return header
    if not hmac.compare_digest(header.fingerprint, fingerprint):
        return Refusal.FINGERPRINT
    view = memoryview(data)
    start = len(data) - MAC_BYTES - header.length
    blob = view[start : start + header.length]
    if not hmac.compare_digest(_sum(key, view[:start], blob), bytes(view[-MAC_BYTES:])):
        return Refusal.SUM
    tokens = unpack_tokens(header.tokens)
    return Refusal.BOUNDS if min(tokens) < 0 else Opened(header, tokens, blob)


def _sum(key: bytes, head: Blob, blob: Blob) -> bytes:
    state = hashlib.blake2b(head, digest_size=MAC_BYTES, key=key, person=_PERSON)
    state.update(blob)
    return state.digest()
