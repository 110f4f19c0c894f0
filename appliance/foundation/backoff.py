"""Waiting longer after each failure, with jitter so that peers do not return in step."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential delays: `first_s * factor**attempt`, at most `limit_s`, spread by `jitter` (0..1) downward."""

    first_s: float = 0.5
    limit_s: float = 60.0
    factor: float = 2.0
    jitter: float = 0.25

    def delay_s(self, attempt: int, chance: Callable[[], float] = random.random) -> float:
        """Return the wait before retry number `attempt` (0 is the first retry), in seconds."""
        # The exponent is capped: a box that failed for a year must not overflow a float.
        base = min(self.limit_s, self.first_s * self.factor ** min(attempt, 64))
        return base * (1.0 - self.jitter * chance())
