"""When to try whether a way out is back: pure, over monotonic seconds."""

from __future__ import annotations

from collections.abc import Callable

from appliance.foundation.backoff import Backoff

_WAITS = Backoff(first_s=5, limit_s=300)


class Patience:
    """Tries seldom while nothing changes, and at once when a default route appears. `chance` spreads the waits."""

    def __init__(self, chance: Callable[[], float] | None = None) -> None:
        self._chance = chance
        self._failures = 0
        self._next_s = float("-inf")
        self._routed = True

    def due(self, now: float, routed: bool) -> bool:
        """Tell whether to try now. `routed` is whether there is a default route, as far as anybody can tell."""
        if routed and not self._routed:
            self.worked()
        self._routed = routed
        return now >= self._next_s

    def failed(self, now: float) -> None:
        """Take note that nothing could be reached: 5 s to the next try, twice that each time, at most 5 minutes."""
        wait = _WAITS.delay_s(self._failures, self._chance) if self._chance else _WAITS.delay_s(self._failures)
        self._failures += 1
        self._next_s = now + wait

    def worked(self) -> None:
        """Take note that a way out is there."""
        self._failures = 0
        self._next_s = float("-inf")
