"""The hours of the day in which a box may install by itself, in the time of its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_FORM: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
PATTERN: Final = rf"^{_FORM.pattern}$"


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` until before `end`, minutes of the day; over midnight when the end is the smaller one.

    Equal ends mean the whole day.
    """

    begin: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read `02:00-05:00`. Raises ValueError."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:40]!r} is no time of the day; write for example 02:00-05:00")
        hour, minute, until_hour, until_minute = (int(one) for one in match.groups())
        return cls(hour * 60 + minute, until_hour * 60 + until_minute)

    def opens_ms(self, now_ms: int, zone: ZoneInfo) -> int:
        """Return `now_ms` while it is open, otherwise when it opens next; right over a clock change too."""
        now = datetime.fromtimestamp(now_ms / 1000, zone)
        if self._holds(now.hour * 60 + now.minute):
            return now_ms
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        for days in (0, 1):
            opening = midnight + timedelta(days=days, minutes=self.begin)  # time on the wall, as people mean it
            moment = int(opening.astimezone(UTC).timestamp() * 1000)
            if moment > now_ms:
                return moment
        return now_ms  # a day without this hour: nobody waits longer for it

    def _holds(self, minute: int) -> bool:
        if self.begin == self.end:
            return True
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end
