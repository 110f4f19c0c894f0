"""Waiting for something to become true, with a deadline instead of a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], *, timeout_s: float = 60.0, what: str = "it") -> T:
    """Call `look` until it gives something true and return that; fail after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout_s:g} s; last seen: {seen!r}")
        time.sleep(0.02)
    return seen
