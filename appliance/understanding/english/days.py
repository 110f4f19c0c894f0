"""Days and repeats, counted from a given today."""

from __future__ import annotations

from datetime import date, timedelta

from appliance.understanding.english.numbers import ORDINALS, cardinal
from appliance.understanding.parsing.days import (
    Feast,
    coming,
    dated,
    feast,
    is_iso,
    iso,
    listed,
    months_on,
    next_week,
    of_this_month,
    same_week,
    weekend,
    year_at,
)
from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.parsing.scan import every, first
from appliance.understanding.tokens import Found, Tokens

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS: dict[str, int] = {}
for _index, _name in enumerate(_NAMES):
    _WEEKDAYS[_name] = _WEEKDAYS[_name[:3]] = _index
_WEEKDAYS |= {"tues": 1, "weds": 2, "thur": 3, "thurs": 3, "wednsday": 2, "saterday": 5, "tuseday": 1}
del _WEEKDAYS["sun"], _WEEKDAYS["sat"], _WEEKDAYS["wed"]  # also plain words: only after "on", "next", "this"
_CLIPPED = {"sun": 6, "sat": 5, "wed": 2}
_MONTH_NAMES = "january february march april may june july august september october november december".split()
_MONTHS: dict[str, int] = {}
for _index, _name in enumerate(_MONTH_NAMES, start=1):
    _MONTHS[_name] = _MONTHS[_name[:3]] = _index
_MONTHS |= {"sept": 9}
_JOINTS = frozenset({"and", ",", "&", "every"})  # between weekdays
_TOMORROW = frozenset({"tomorrow", "tmrw", "tmr", "tomorow", "tommorow", "tommorrow", "tomorrows", "tomorrow's"})
_FEASTS: dict[tuple[str, ...], Feast] = {
    ("christmas", "eve"): (12, 24),
    ("christmas", "day"): (12, 25),
    ("christmas",): (12, 25),
    ("xmas",): (12, 25),
    ("halloween",): (10, 31),
    ("new", "year's", "eve"): (12, 31),
    ("new", "years", "eve"): (12, 31),
    ("new", "year's", "day"): (1, 1),
    ("new", "year's"): (1, 1),
    ("new", "year"): (1, 1),
    ("new", "years"): (1, 1),
    ("valentine's", "day"): (2, 14),
    ("valentines", "day"): (2, 14),
    ("independence", "day"): (7, 4),
    ("boxing", "day"): (12, 26),
    ("shrove", "tuesday"): -47,
    ("mardi", "gras"): -47,
    ("ash", "wednesday"): -46,
    ("palm", "sunday"): -7,
    ("good", "friday"): -2,
    ("easter", "sunday"): 0,
    ("easter", "monday"): 1,
    ("easter",): 0,
    ("ascension", "day"): 39,
    ("whit", "monday"): 50,
}


def dates(tokens: Tokens, today: date) -> list[Found[date]]:
    """Return every day that is named, left to right; days that lie in the past move a year or week ahead."""
    return every(
        tokens,
        lambda at: (
            _near(tokens, at, today)
            or _feast(tokens, at, today)
            or _weekday(tokens, at, today)
            or _calendar(tokens, at, today)
        ),
    )


def _near(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    part, second, third = tokens.at(at), tokens.at(at + 1), tokens.at(at + 2)
    if part == "the" and second == "day" and third == "after" and tokens.at(at + 3) in _TOMORROW:
        return Found(today + timedelta(2), at, at + 4)
    if part == "day" and second == "after" and third in _TOMORROW:
        return Found(today + timedelta(2), at, at + 3)
    if part in _TOMORROW:
        return Found(today + timedelta(1), at, at + 1)
    if part in ("today", "tonight"):
        return Found(today, at, at + 1)
    if part == "this" and second in ("morning", "afternoon", "evening"):
        return Found(today, at, at + 1)
    if part in ("this", "the", "next") and second == "weekend":
        return Found(weekend(today, part == "next"), at, at + 2)
    if part == "next" and second == "week" and third not in _WEEKDAYS:
        return Found(today + timedelta(7), at, at + 2)
    if part == "next" and second == "month":
        return Found(months_on(today, 1), at, at + 2)
    if part == "in" or tokens.at(at - 1) == "":
        return _ahead(tokens, at + 1 if part == "in" else at, at, today, part == "in")
    return _ahead(tokens, at, at, today, False)


def _ahead(tokens: Tokens, at: int, start: int, today: date, prefixed: bool) -> Found[date] | None:
    """`in two days`, `3 weeks from now`, `a week from friday` (not hours: those are lengths of time)."""
    count, end = (1, at + 1) if tokens.at(at) in ("a", "one") else (0, at)
    if not count:
        number = cardinal(tokens, at)
        if number is None or number.value.denominator != 1 or not 0 < number.value < 3660:
            return None
        count, end = int(number.value), number.end
    unit = tokens.at(end).removesuffix("s")
    if unit not in ("day", "week", "month", "year", "fortnight"):
        return None
    end += 1
    base = today
    if tokens.at(end) == "from":
        if tokens.at(end + 1) in ("now", "today"):
            end += 2
        elif tokens.at(end + 1) in _TOMORROW:
            base, end = today + timedelta(1), end + 2
        elif tokens.at(end + 1) in _WEEKDAYS:
            base, end = coming(today, _WEEKDAYS[tokens.at(end + 1)]), end + 2
        else:
            return None
    elif not prefixed:
        return None
    if unit in ("month", "year"):
        return Found(months_on(base, count * (12 if unit == "year" else 1)), start, end)
    return Found(base + timedelta(count * {"day": 1, "week": 7, "fortnight": 14}[unit]), start, end)


def _weekday(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    prefix = tokens.at(at) if tokens.at(at) in ("next", "this", "coming", "on") else ""
    word = at + 1 if prefix else at
    if prefix == "this" and tokens.at(word) == "coming":
        word += 1
    name = tokens.at(word)
    index = _WEEKDAYS.get(name, _CLIPPED.get(name) if prefix else None)
    if index is None or (name == "mon" and not prefix):
        return None
    day = coming(today, index)
    if prefix == "next" and same_week(today, day):
        day += timedelta(7)
    if prefix == "this" and index == today.weekday():
        day = today
    end = word + 1
    if tokens.at(end) == "next" and tokens.at(end + 1) == "week":
        return Found(next_week(today, index), at, end + 2)
    return Found(day, at, end)


def _calendar(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    part = tokens.at(at)
    if is_iso(tokens, at):
        return iso(tokens, at)
    if part.isdigit() and tokens.at(at + 1) == "/" and tokens.at(at + 2).isdigit() and tokens.attached(at + 2):
        year, end = (tokens.at(at + 4), at + 5) if tokens.at(at + 3) == "/" else ("", at + 3)
        return dated(today, f"20{year}" if len(year) == 2 else year, part, tokens.at(at + 2), at, end)
    if part in _MONTHS and not (part in ("may", "mar", "march") and tokens.at(at - 1) in ("i", "you", "we")):
        return _month_first(tokens, at, today)
    start = at
    if part == "the":
        at += 1
    day = _ordinal(tokens, at) or (cardinal(tokens, at) if part != "the" and is_digits(part) else None)
    if day is None or not 1 <= day.value <= 31:
        return None
    of = day.end + 1 if tokens.at(day.end) == "of" else day.end
    if tokens.at(of) in _MONTHS:
        year, end = _year(tokens, of + 1)
        return dated(today, year, _MONTHS[tokens.at(of)], int(day.value), start, end)
    if part == "the" and _ordinal(tokens, at) and tokens.at(day.end) not in ("of", "time", "thing", "one"):
        return of_this_month(today, int(day.value), start, day.end)
    return None


def _month_first(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    after = at + 2 if tokens.at(at + 1) == "the" else at + 1
    day = _ordinal(tokens, after) or cardinal(tokens, after)
    if day is None or day.value.denominator != 1 or not 1 <= day.value <= 31:
        return None
    year, end = _year(tokens, day.end)
    return dated(today, year, _MONTHS[tokens.at(at)], int(day.value), at, end)


def _ordinal(tokens: Tokens, at: int) -> Found[int] | None:
    part = tokens.at(at)
    if part.isdigit() and tokens.at(at + 1) in ("st", "nd", "rd", "th") and tokens.attached(at + 1):
        return Found(int(part), at, at + 2)
    if part in ("twenty", "thirty"):
        dash = at + 2 if tokens.at(at + 1) == "-" else at + 1
        if ORDINALS.get(tokens.at(dash), 99) < 10:
            return Found({"twenty": 20, "thirty": 30}[part] + ORDINALS[tokens.at(dash)], at, dash + 1)
    return Found(ORDINALS[part], at, at + 1) if part in ORDINALS else None


def _year(tokens: Tokens, at: int) -> tuple[str, int]:
    year, end = year_at(tokens, at + 1 if tokens.at(at) == "," else at)
    return (year, end) if year else ("", at)


def _feast(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    for names, rule in _FEASTS.items():
        if tokens.parts[at : at + len(names)] == names:
            thing = names == ("easter",) and tokens.at(at - 1) not in ("on", "at", "by", "until")  # "buy easter eggs"
            return None if thing else feast(today, rule, at, at + len(names))
    return None


def repeats(tokens: Tokens) -> Found[str | None] | None:
    """Return the repeat (`daily`, `weekdays`, `weekends`, `mon,wed`); value None for one that tools do not know."""
    return first(tokens, _repeat)


def _repeat(tokens: Tokens, at: int) -> Found[str | None] | None:
    part, second = tokens.at(at), tokens.at(at + 1)
    if part in ("daily", "everyday"):
        return Found("daily", at, at + 1)
    if part in ("hourly", "weekly", "monthly", "yearly", "annually", "biweekly"):
        return Found(None, at, at + 1)
    if part in ("weekdays", "weekends", "workdays") or (part in ("weekday", "weekend") and second == "alarm"):
        start = at - 1 if tokens.at(at - 1) in ("on", "all", "at", "the") else at
        return Found("weekends" if part.startswith("weekend") else "weekdays", start, at + 1)
    if part == "once" and second in ("a", "every"):
        return Found("daily" if tokens.at(at + 2) == "day" else None, at, at + 3)
    if part == "twice" and second == "a":
        return Found(None, at, at + 3)
    if part in ("every", "each"):
        return _every(tokens, at)
    index = _plural(part)
    if index is not None:
        return listed(tokens, at - 1 if tokens.at(at - 1) == "on" else at, at, _day, _JOINTS)
    if (
        part in ("monday", "mon")
        and second in ("to", "through", "thru", "-")
        and tokens.at(at + 2) in ("friday", "fri")
    ):
        return Found("weekdays", at, at + 3)
    return None


def _every(tokens: Tokens, at: int) -> Found[str | None]:
    second = at + 2 if tokens.at(at + 1) == "single" else at + 1
    word = tokens.at(second)
    if word in ("day", "morning", "evening", "night", "afternoon"):
        # the part of the day stays for the clock to read
        return Found("daily", at, second + (1 if word == "day" else 0))
    if word in ("weekday", "workday", "weekend", "weekdays", "weekends"):
        return Found("weekends" if word.startswith("weekend") else "weekdays", at, second + 1)
    if _day(word) is not None:
        return listed(tokens, at, second, _day, _JOINTS)
    return Found(None, at, second + 1)


def _plural(word: str) -> int | None:
    return _NAMES.index(word[:-1]) if word.endswith("s") and word[:-1] in _NAMES else None


def _day(word: str) -> int | None:
    return _WEEKDAYS.get(word, _CLIPPED.get(word, _plural(word)))
