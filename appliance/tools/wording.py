"""How lengths of time, moments and lists are said: short English that can be read out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = "January February March April May June July August September October November December".split()
_UNITS: Final = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def count(number: int, noun: str) -> str:
    """Say a number with its noun: `1 timer`, `2 timers`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Say a length of time with its two largest units: `1 hour 5 minutes`."""
    rest, parts = max(0, round(seconds)), list[str]()
    for noun, size in _UNITS:
        number, rest = divmod(rest, size)
        if number:
            parts.append(count(number, noun))
    return " ".join(parts[:2]) or "0 seconds"


def exact_duration(seconds: int) -> str:
    """Say a length of time with all its units, as it was asked for: `1 hour 30 minutes 15 seconds`."""
    parts, rest = list[str](), seconds
    for noun, size in _UNITS:
        number, rest = divmod(rest, size)
        if number:
            parts.append(count(number, noun))
    return " ".join(parts) or "0 seconds"


def local(ms: int, zone: tzinfo) -> datetime:
    """Return a moment as local time."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def clock(moment: datetime) -> str:
    """Say the time of day: `14:35`, with seconds never."""
    return f"{moment:%H:%M}"


def day(day_: date, today: date) -> str:
    """Say a day as seen from `today`: today, tomorrow, Friday (within a week), 24 December, 3 January 2027."""
    distance = (day_ - today).days
    if distance in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[distance + 1]
    if 1 < distance < 7:
        return WEEKDAYS[day_.weekday()]
    year = f" {day_.year}" if day_.year != today.year else ""
    return f"{WEEKDAYS[day_.weekday()]} {day_.day} {MONTHS[day_.month - 1]}{year}"


def long_day(day_: date) -> str:
    """Say a day in full: `Friday, 25 December 2026`."""
    return f"{WEEKDAYS[day_.weekday()]}, {day_.day} {MONTHS[day_.month - 1]} {day_.year}"


def moment(at: datetime, now: datetime) -> str:
    """Say a moment: `14:35`, `tomorrow at 07:00`, `Friday at 07:00`."""
    if at.date() == now.date():
        return clock(at)
    return f"{day(at.date(), now.date())} at {clock(at)}"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Say a list: `milk, eggs and bread`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def quoted(text: str, limit: int = 60) -> str:
    """Show a text of the owner, shortened."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def days_between(first: date, second: date) -> int:
    """Return the days from the first date to the second."""
    return (second - first) // timedelta(days=1)
