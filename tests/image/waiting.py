"""Waiting for a machine that is slow by nature: ask now and then, until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_S = 0.5  # an emulated machine shares the processors with whoever asks


def until(look: Callable[[], T], *, timeout_s: float, what: str, pause_s: float = _PAUSE_S) -> T:
    """Call `look` until it gives something true and return that; raise TimeoutError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s; last seen: {seen!r}")
        time.sleep(pause_s)
    return seen
