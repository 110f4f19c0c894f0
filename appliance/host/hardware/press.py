"""What presses of a button mean. Sans-IO: it is told edges and the time, and says what to do."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

_SHORT_S: Final = 2.0
_WARN_S: Final = 3.0


class Act(enum.StrEnum):
    """SHOW: the pairing code. WARN: it is held. CALM: it was let go in time. RESET: forget everything."""

    SHOW = "show"
    WARN = "warn"
    CALM = "calm"
    RESET = "reset"


@dataclass(slots=True)
class Presses:
    """One button. Held for `hold_s` it acts while it is still down, so that nobody has to guess how long."""

    hold_s: float
    _since_s: float | None = None
    _warned: bool = False
    _done: bool = False

    def edge(self, down: bool, at_s: float) -> Act | None:
        """Take an edge."""
        if down:
            if self._since_s is None:
                self._since_s, self._warned, self._done = at_s, False, False
            return None
        if self._since_s is None:
            return None
        held_s, warned, done = at_s - self._since_s, self._warned, self._done
        self._since_s = None
        if done:
            return None
        if held_s >= self.hold_s:
            return Act.RESET  # the process slept through the moment itself
        if warned:
            return Act.CALM
        return Act.SHOW if held_s < _SHORT_S else None

    def tick(self, now_s: float) -> Act | None:
        """Take the time while the button may be down."""
        if self._since_s is None or self._done:
            return None
        held_s = now_s - self._since_s
        if held_s >= self.hold_s:
            self._done = True
            return Act.RESET
        if held_s >= _WARN_S and not self._warned:
            self._warned = True
            return Act.WARN
        return None

    def wait_s(self, now_s: float) -> float | None:
        """Return after how many seconds `tick` has something to say; None while the button is up."""
        if self._since_s is None or self._done:
            return None
        next_s = self.hold_s if self._warned else min(_WARN_S, self.hold_s)
        return max(0.0, self._since_s + next_s - now_s)
