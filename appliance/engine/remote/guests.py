"""What paired boxes may take of an engine, all together and each: connections and answers at one time."""

from __future__ import annotations

import collections

MAX_CONNECTIONS = 32
MAX_CONNECTIONS_EACH = 8
_BUDGET_PARTS = 2  # a state that arrives is in memory beside those that are stored


class Guests:
    """Counts. At most half of the answers at one time (of `active`) are written for others, at least one."""

    def __init__(self, active: int, memory_bytes: int) -> None:
        self._answers = max(1, active // 2)
        self._memory = memory_bytes
        self._boxes = 1
        self._connections: collections.Counter[str] = collections.Counter()
        self._busy: collections.Counter[str] = collections.Counter()

    def enter(self, box: str) -> bool:
        """Count a connection; False: there are too many."""
        if self._connections.total() >= MAX_CONNECTIONS or self._connections[box] >= MAX_CONNECTIONS_EACH:
            return False
        self._connections[box] += 1
        return True

    def leave(self, box: str) -> None:
        """Hear that a connection has ended."""
        self._connections[box] -= 1
        self._connections += collections.Counter()  # drops what is zero

    def begin(self, box: str) -> bool:
        """Count an answer; False: others are being answered, this box may ask again later."""
        if self._busy.total() >= self._answers:
            return False
        self._busy[box] += 1
        return True

    def end(self, box: str) -> None:
        """Hear that an answer has ended."""
        self._busy[box] -= 1
        self._busy += collections.Counter()

    def expect(self, boxes: int) -> None:
        """Hear how many boxes may come: they share the memory."""
        self._boxes = max(1, boxes)

    @property
    def state_bytes(self) -> int:
        """The largest state of one box, and all that is stored for it."""
        return self._memory // (self._boxes * _BUDGET_PARTS)
