"""A time of day as it was said."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Half(enum.Enum):
    """Which half of the day a time was said to be in."""

    AM = "am"
    PM = "pm"
    UNSAID = "unsaid"
    FULL = "full"  # 24 hours: 17:30, 00:15, noon


@dataclass(frozen=True, slots=True)
class Said:
    """A time as it was said: `hour` 0-23, and how sure it is that this was a time of day at all."""

    hour: int
    minute: int
    half: Half
    certain: bool
    vague: bool = False  # "in the morning": a part of the day, not an hour


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # the names that tools take for weekdays
