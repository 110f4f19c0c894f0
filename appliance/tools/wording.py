"""What every language shares: local times, clocks, shortened texts. What differs is in `speech`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = "January February March April May June July August September October November December".split()


def local(ms: int, zone: tzinfo) -> datetime:
    """Return a moment as local time."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def clock(moment: datetime) -> str:
    """Say the time of day: `14:35`, with seconds never."""
    return f"{moment:%H:%M}"


def quoted(text: str, limit: int = 60) -> str:
    """Show a text of the owner, shortened."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def days_between(first: date, second: date) -> int:
    """Return the days from the first date to the second."""
    return (second - first) // timedelta(days=1)
