"""When a target is worth the cost of carrying it out: making a context anew saves and restores what is resident."""

from __future__ import annotations

from appliance.engine.memory.levels import LevelTrack
from appliance.engine.memory.plan import Level, Shape, Target, Usage, fitting, headroom
from appliance.host.pressure import Reading

_SHRINK_PAUSE_S = 10.0
_GROW_PAUSE_S = 120.0  # after any change
_FAILED_PAUSE_S = 900.0  # after growing did not work
_NEARLY_FULL_CELLS = 256
_PATIENCE_S = 60.0  # for a change to be carried out
_WORTH = 0.8  # a change of less than a fifth is not


class MemoryPolicy:
    """Turns readings into targets. `take` is called every few seconds."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._track = LevelTrack(shape)
        self._changed = float("-inf")  # when cells changed last
        self._grow_after = float("-inf")
        self._asked = 0  # the cells of the last growth, until it is seen to have happened

    @property
    def level(self) -> Level:
        return self._track.level

    def take(self, reading: Reading, usage: Usage, now: float) -> Target:
        """Return what the engine should hold; its cells are those of `usage` where they should stay."""
        if not reading.total:  # nothing is known of memory here: nothing is changed
            return Target(self.level, min(self._shape.window, usage.cells), usage.cells, self._shape.blobs)
        level = self._track.take(reading, now)
        self._see(usage, now)
        target = fitting(level, headroom(reading.available, reading.total, self._shape), usage, self._shape)
        cells = target.cells if self._worth(target, usage, now) else usage.cells
        if cells != usage.cells:
            self._changed = now
            self._asked = cells if cells > usage.cells else 0
        return Target(level, min(self._shape.window, cells), cells, target.blobs)

    def _see(self, usage: Usage, now: float) -> None:
        """Look whether the last growth happened; one that did not is not tried again soon."""
        if not self._asked or (usage.cells < self._asked and now - self._changed < _PATIENCE_S):
            return
        if usage.cells < self._asked:
            self._grow_after = now + _FAILED_PAUSE_S
        self._asked = 0

    def _worth(self, target: Target, usage: Usage, now: float) -> bool:
        cells, held = target.cells, usage.cells
        if cells < held:
            enough = cells <= held * _WORTH or cells == self._shape.floor
            return enough and now - self._changed >= _SHRINK_PAUSE_S
        if cells > held and usage.busy + _NEARLY_FULL_CELLS > held:  # a running request would end for want of room
            return now - self._changed >= _SHRINK_PAUSE_S
        grows = held <= cells * _WORTH or (cells == self._shape.cells and held < cells)
        return grows and now - self._changed >= _GROW_PAUSE_S and now >= self._grow_after
