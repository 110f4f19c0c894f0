"""Frames that carry attention states from engine to engine; see `appliance.engine.api` for how they travel.

The sender asks its own engine with `StateLook` and `StateExport`, and the other box with `Ping` and `StateImport`.
"""

from __future__ import annotations

import msgspec

MAX_CHUNK_BYTES = 1024 * 1024
MAX_PROBE_BYTES = 256 * 1024
ENVELOPE_BYTES = 512  # an envelope has fewer beside tokens and blob


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Measure a link: `data` is at most MAX_PROBE_BYTES and thrown away."""

    data: bytes


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """So many bytes arrived."""

    size: int


class StateFound(msgspec.Struct, frozen=True, tag="state_found"):
    """The beginning of the prompt whose state is here, and how many bytes it takes; nothing and 0: none is."""

    tokens: list[int]
    size: int


class StateExport(msgspec.Struct, frozen=True, tag="state_export"):
    """Ask for the state that `StateLook` found on this connection, signed with the key of the receiver."""

    key: bytes


class StateNext(msgspec.Struct, frozen=True, tag="state_next"):
    """Ask for the next piece of it."""


class StateChunk(msgspec.Struct, frozen=True, tag="state_chunk"):
    """A piece of an envelope, at most MAX_CHUNK_BYTES; `left` bytes follow. Empty: nothing to send."""

    data: bytes
    left: int


class StateImport(msgspec.Struct, frozen=True, tag="state_import"):
    """Offer the state of `tokens` (4 bytes each) in an envelope of at most `size` bytes."""

    tokens: bytes
    size: int


class StateTicket(msgspec.Struct, frozen=True, tag="state_ticket"):
    """The key to sign the envelope with, for this connection and one state; `known` tokens need not come.

    No key: it is not wanted, `refusal` says why.
    """

    key: bytes
    known: int = 0
    refusal: str = ""


class StateTaken(msgspec.Struct, frozen=True, tag="state_taken"):
    """A state of so many tokens is in the cache, or `refusal` says why it is not."""

    tokens: int
    refusal: str = ""
