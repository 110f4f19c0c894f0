"""Days of the calendar, counted from a given today, and the repeats that tools take."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta

from appliance.foundation.easter import easter
from appliance.understanding.said import DAYS
from appliance.understanding.tokens import Found, Tokens

_LEAP_YEARS_APART = 9  # February 29 may be eight years off
_REPEATS = {"mon,tue,wed,thu,fri": "weekdays", "sat,sun": "weekends", ",".join(DAYS): "daily"}


def coming(today: date, index: int) -> date:
    """Return the next such weekday after today; Monday is 0."""
    return today + timedelta((index - today.weekday() - 1) % 7 + 1)


def next_week(today: date, index: int) -> date:
    """Return that weekday of the week after this one."""
    return today - timedelta(today.weekday()) + timedelta(7 + index)


def weekend(today: date, following: bool) -> date:
    """Return the Saturday of this weekend, or of the following one. From a Sunday both are the coming Saturday."""
    return today + timedelta((5 - today.weekday()) % 7 + (7 if following and today.weekday() < 6 else 0))


def same_week(today: date, day: date) -> bool:
    """Tell whether a coming day lies in the running week: said on Tuesday, next Friday is not the one in three days."""
    return day - today < timedelta(7) and day.isocalendar().week == today.isocalendar().week


def months_on(day: date, months: int) -> date:
    """Return the same day some months on, the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def is_iso(tokens: Tokens, at: int) -> bool:
    """Tell whether something like `2026-12-24` begins at `at`."""
    part = tokens.at(at)
    return part.isdigit() and len(part) == 4 and tokens.at(at + 1) == "-" and tokens.at(at + 3) == "-"


def iso(tokens: Tokens, at: int) -> Found[date] | None:
    """Read `2026-12-24`; None where there is no such day."""
    return _checked(tokens.at(at), tokens.at(at + 2), tokens.at(at + 4), at, at + 5)


def dated(today: date, year: str, month: str | int, day: str | int, start: int, end: int) -> Found[date] | None:
    """Return the day of a year, of the coming such day where `year` is empty; None where there is no such day."""
    return _checked(year, month, day, start, end) if year else upcoming(today, int(month), int(day), start, end)


def _checked(year: str, month: str | int, day: str | int, start: int, end: int) -> Found[date] | None:
    try:
        return Found(date(int(year), int(month), int(day)), start, end)
    except ValueError:
        return None


def upcoming(today: date, month: int, day: int, start: int, end: int) -> Found[date] | None:
    """Return that day of this year or of the next one that has it."""
    for year in range(today.year, today.year + _LEAP_YEARS_APART):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return Found(found, start, end)
    return None


Feast = tuple[int, int] | int  # (month, day), or days after Easter Sunday


def feast(today: date, rule: Feast, start: int, end: int) -> Found[date] | None:
    """Return the coming such feast, today included."""
    if isinstance(rule, tuple):
        return upcoming(today, *rule, start, end)
    days = (easter(year) + timedelta(rule) for year in (today.year, today.year + 1))
    return Found(next(day for day in days if day >= today), start, end)


def of_this_month(today: date, day: int, start: int, end: int) -> Found[date] | None:
    """Return that day of this month or of the next month that has it."""
    for ahead in range(4):
        first = months_on(today.replace(day=1), ahead)
        try:
            found = first.replace(day=day)
        except ValueError:
            continue
        if found >= today:
            return Found(found, start, end)
    return None


def year_at(tokens: Tokens, at: int) -> tuple[str, int]:
    """Return (year, end) of four digits, ("", at) where no year stands."""
    part = tokens.at(at)
    return (part, at + 1) if part.isdigit() and len(part) == 4 and "1900" <= part <= "2199" else ("", at)


def repeat_of(weekdays: Collection[int]) -> str:
    """Name a choice of weekdays as tools take it: `weekdays`, `weekends`, `daily`, `mon,wed`."""
    names = ",".join(DAYS[index] for index in sorted(weekdays))
    return _REPEATS.get(names, names)


def listed(
    tokens: Tokens, start: int, at: int, weekday: Callable[[str], int | None], joints: Collection[str]
) -> Found[str | None]:
    """Read the weekdays from `at` on, which words of `joints` may join, as one repeat that begins at `start`."""
    chosen: set[int] = set()
    end = at
    while (index := weekday(tokens.at(at))) is not None:
        chosen.add(index)
        end = at = at + 1
        while tokens.at(at) in joints:
            at += 1
    return Found(repeat_of(chosen), start, end)
