"""From readings to a level, with hysteresis: quick to step back, slow to come forward again."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.engine.memory.plan import Level, Shape, headroom, reserve
from appliance.host.pressure import Reading

_MIB = 1 << 20
# Share of time in percent in which some or all tasks waited for memory: from 10 on people notice.
_TIGHT_SOME, _TIGHT_FULL, _CRITICAL_FULL = 10.0, 2.0, 10.0
# Written to swap, bytes per second. A few idle pages may go; a stream of them is somebody's working set.
_TIGHT_SWAP, _CRITICAL_SWAP = 256 * 1024, 4 * _MIB
_CALM_S = {Level.CRITICAL: 20.0, Level.TIGHT: 60.0}  # of better readings before a level is left
_RANKS = {Level.AMPLE: 0, Level.TIGHT: 1, Level.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class _Signs:
    free: int
    reserve: int
    some: float
    full: float
    swap: float

    def level(self, *, leaving: bool) -> Level:
        """Return the level that the signs alone mean; `leaving` asks for half of each limit, so that it stays left."""
        scale = 0.5 if leaving else 1.0
        margin = self.reserve / 4 if leaving else 0.0
        if (
            self.free < margin - self.reserve / 2
            or self.full >= _CRITICAL_FULL * scale
            or self.swap >= _CRITICAL_SWAP * scale
        ):
            return Level.CRITICAL
        if (
            self.free < margin
            or self.some >= _TIGHT_SOME * scale
            or self.full >= _TIGHT_FULL * scale
            or self.swap >= _TIGHT_SWAP * scale
        ):
            return Level.TIGHT
        return Level.AMPLE


class LevelTrack:
    """Remembers the level and for how long readings have been better than it."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._last: tuple[float, int] | None = None  # when and how much had been swapped out
        self._better_since: float | None = None
        self.level = Level.AMPLE

    def take(self, reading: Reading, now: float) -> Level:
        """Take a reading at `now` (seconds that only grow) and return the level."""
        signs = self._signs(reading, now)
        entered, left = signs.level(leaving=False), signs.level(leaving=True)
        if _RANKS[entered] >= _RANKS[self.level]:
            self.level, self._better_since = entered, None
        elif _RANKS[left] >= _RANKS[self.level]:
            self._better_since = None
        elif self._better_since is None:
            self._better_since = now
        elif now - self._better_since >= _CALM_S[self.level]:
            self.level = Level.TIGHT if self.level is Level.CRITICAL else Level.AMPLE
            self._better_since = None
        return self.level

    def _signs(self, reading: Reading, now: float) -> _Signs:
        swap = 0.0
        if self._last is not None and now > self._last[0]:
            swap = max(0, reading.swapped_out - self._last[1]) / (now - self._last[0])
        self._last = (now, reading.swapped_out)
        free = headroom(reading.available, reading.total, self._shape)
        return _Signs(free, reserve(reading.total), reading.psi_some10, reading.psi_full10, swap)
