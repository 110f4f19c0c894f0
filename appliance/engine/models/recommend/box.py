"""What was measured of a box."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Speed(msgspec.Struct, frozen=True, rename="camel"):
    """Of one quantisation at matrices of 2048 columns. `prefill`: parameters x tokens, `decode`: bytes, a second.

    Reading a prompt is bound by computing, writing an answer by fetching all weights for each token.
    """

    prefill: float
    decode: float


class Measurement(msgspec.Struct, frozen=True, rename="camel"):
    """`speeds` by quantisation (Q4_K_M, Q8_0), taken with `threads` threads of the engine's own kernels."""

    cores: int
    threads: int
    speeds: Mapping[str, Speed]
    seconds: float = 0.0


class Rates(msgspec.Struct, frozen=True, rename="camel"):
    """What a real model did on this box, tokens a second; 0 is unknown."""

    prefill: float = 0.0
    decode: float = 0.0


class Box(msgspec.Struct, frozen=True, rename="camel"):
    """A box as a model would find it. Bytes; `memory_available` as if no other local model ran."""

    measurement: Measurement
    memory_total: int
    memory_available: int
    disk_free: int
