"""Local times to moments and back, through the hours that daylight saving skips or repeats. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from appliance.tools.speech import Speech

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMED: Final = {"daily": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}
_WORDS: Final = {
    "daily": "daily",
    "everyday": "daily",
    "every day": "daily",
    "each day": "daily",
    "weekday": "weekdays",
    "weekdays": "weekdays",
    "workdays": "weekdays",
    "weekend": "weekends",
    "weekends": "weekends",
}
_SPOKEN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?:[:.]\d{2})?\s*(a\.?m\.?|p\.?m\.?)?", re.IGNORECASE)


def parse_time(text: str) -> time:
    """Read `07:30`, `7:30`, `7am`, `7:30 pm`, `noon` or `midnight`. Raises ValueError with a text for the owner."""
    words = {"noon": time(12), "midday": time(12), "midnight": time(0)}
    cleaned = text.strip().lower()
    if cleaned in words:
        return words[cleaned]
    match = _CLOCK.fullmatch(cleaned)
    if match is None or (match.group(2) is None and match.group(3) is None):
        raise ValueError(f"“{text[:40]}” is not a time of day. Say it as 07:30.")
    hour, minute, half = int(match.group(1)), int(match.group(2) or 0), (match.group(3) or "")[:1]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"“{text[:40]}” is not a time of day: with am and pm the hour is 1 to 12.")
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise ValueError(f"“{text[:40]}” is not a time of day. Times go from 00:00 to 23:59.")
    return time(hour, minute)


def parse_repeat(text: str | None) -> str | None:
    """Bring a repeat to its one form (`daily`, `weekdays`, `weekends`, `mon,wed`) or None. Raises ValueError."""
    cleaned = re.sub(r"\s+", " ", (text or "").strip().lower())
    if cleaned in ("", "none", "never", "once", "no"):
        return None
    bare = cleaned.removeprefix("on ").removeprefix("every ").removeprefix("each ")
    known = _WORDS.get(cleaned) or _WORDS.get(bare) or ("daily" if bare in ("day", "morning", "evening") else None)
    if known:
        return known
    found = set[str]()
    for word in re.split(r"[,;/&\s]+|\band\b", bare):
        if not word or word == "and":
            continue
        short = word.rstrip("s")[:3] if len(word) > 3 else word
        if short not in DAYS or not _SPOKEN[DAYS.index(short)].lower().startswith(word.rstrip("s")):
            raise ValueError(f"“{(text or '')[:40]}” is not a repeat I know. Say daily, weekdays, weekends or mon,thu.")
        found.add(short)
    return canonical_days(found)


def canonical_days(days: Iterable[str]) -> str:
    """Return the one form of a set of days."""
    chosen = tuple(one for one in DAYS if one in set(days))
    return next((name for name, members in _NAMED.items() if members == chosen), ",".join(chosen))


def repeat_words(repeat: str, words: Speech) -> str:
    """Say a repeat: `every day`, `on weekdays`, `every Monday and Thursday`."""
    if repeat in _NAMED:
        return words.say(f"repeat.{repeat}")
    return words.say("repeat.days", days=words.joined([words.weekdays[DAYS.index(one)] for one in repeat.split(",")]))


def moment_ms(day: date, at: time, zone: ZoneInfo) -> int:
    """Return when the clocks in `zone` show `at` on `day`, in milliseconds since the epoch.

    An hour that occurs twice counts the first time; an hour that is skipped counts as the moment of the change
    (as cron does: 02:30 becomes 03:00 when 02:00 to 03:00 is skipped).
    """
    wall = datetime.combine(day, at)
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return _ms(late)
    return _ms(_change_between(early, late, zone))


def next_ms(repeat: str, at: time, zone: ZoneInfo, after_ms: int) -> int:
    """Return the first moment after `after_ms` at which `repeat` is due."""
    days = _NAMED.get(repeat) or tuple(repeat.split(","))
    today = datetime.fromtimestamp(after_ms / 1000, UTC).astimezone(zone).date()
    # A skipped calendar day (Samoa, December 2011) can push the day once more: nine days hold every weekday.
    for ahead in range(-1, 9):
        day = today + timedelta(days=ahead)
        if DAYS[day.weekday()] in days and (due := moment_ms(day, at, zone)) > after_ms:
            return due
    raise ValueError(f"the repeat {repeat!r} has no days")


def next_time_ms(at: time, zone: ZoneInfo, after_ms: int) -> int:
    """Return the next moment at which the clocks in `zone` show `at`."""
    return next_ms("daily", at, zone, after_ms)


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Return the first whole second in which the new offset of `zone` holds."""
    before, low, high = early.astimezone(zone).utcoffset(), early, late
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high


def _ms(moment: datetime) -> int:
    return round(moment.timestamp()) * 1000
