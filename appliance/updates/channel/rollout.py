"""Who gets a version when: the canary ring first, then a growing share of all boxes, the same boxes each time asked."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import msgspec

PARTS: Final = 10_000
"""A box has a place in [0, PARTS): hundredths of a percent, so that a first step of 0.1 % means something."""

_HOUR_MS: Final = 3_600_000


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """How far a release has gone. `ring` canary: only boxes that volunteered; they are always in front.

    The share begins with `percent` at `started` and reaches everybody after `hours` (0: it stays where it is).
    """

    ring: Literal["canary", "everyone"] = "everyone"
    percent: float = 100
    hours: int = 0
    started_ms: int = 0
    paused: bool = False
    reason: str = ""


def place(device: str, version: str) -> int:
    """Return where a box stands in the row for a version, in [0, PARTS): by chance, but always the same.

    The version is part of it, so that the same boxes are not the first ones every time.
    """
    digest = hashlib.sha256(f"homarus-rollout\0{version}\0{device}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % PARTS


def share(rollout: Rollout, now_ms: int) -> float:
    """Return which part of all boxes may have it now, in [0, PARTS]."""
    begin = rollout.percent / 100 * PARTS
    if not rollout.hours:
        return begin
    part = min(max((now_ms - rollout.started_ms) / (rollout.hours * _HOUR_MS), 0.0), 1.0)
    return begin + (PARTS - begin) * part


def turn_ms(rollout: Rollout, device: str, version: str) -> int | None:
    """Return when this box gets its turn in the general ring; None when the share does not grow that far by itself."""
    mine, begin = place(device, version), rollout.percent / 100 * PARTS
    if mine < begin:
        return rollout.started_ms
    if not rollout.hours:
        return None
    part = (mine - begin) / (PARTS - begin)
    return rollout.started_ms + int(part * rollout.hours * _HOUR_MS) + 1
