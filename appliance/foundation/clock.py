"""Time as an argument: the one place that reads the clocks of the machine."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What a part needs to know of time; tests pass one that jumps."""

    def now_ms(self) -> int:
        """Return wall time, milliseconds since the epoch. It may jump in both directions."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow; the origin means nothing."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of monotonic time."""


class SystemClock:
    """The clocks of the operating system."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        # Unlike CLOCK_MONOTONIC it goes on while the machine sleeps: waking up must not look like a clock put forward.
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        import asyncio  # loaded by whoever can await this; a program without an event loop does without its 7 MB

        await asyncio.sleep(seconds)
