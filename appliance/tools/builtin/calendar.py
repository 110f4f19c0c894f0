"""Days as people name them: tomorrow, next Friday, in three weeks, 24 December, Christmas. Pure."""

from __future__ import annotations

import re
from datetime import MAXYEAR, date, timedelta
from typing import Final

from appliance.tools.builtin.holidays import find_holiday
from appliance.tools.wording import MONTHS, WEEKDAYS

MAX_CHARACTERS: Final = 200
_MAX_STEPS: Final = 100_000

_WEEKDAYS: Final = tuple(name.lower() for name in WEEKDAYS)
_MONTHS: Final = tuple(name.lower() for name in MONTHS)
_NUMBERS: Final = {
    **{word: number for number, word in enumerate(re.findall(r"\w+", "zero one two three four five six seven eight"))},
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "a": 1,
    "an": 1,
}
_NEAR: Final = {
    "today": 0,
    "tonight": 0,
    "now": 0,
    "tomorrow": 1,
    "yesterday": -1,
    "day after tomorrow": 2,
    "overmorrow": 2,
    "day before yesterday": -2,
}


_UNIT: Final = {"day": 1, "week": 7, "fortnight": 14}
_RELATIVE = re.compile(
    r"(?:in )?(\d{1,6}|[a-z]+) (day|week|fortnight|month|year)s?(?: (from now|from today|ago|time|later))?"
)
_DAY_MONTH = re.compile(r"(?:the )?(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([a-z]+)\.?,?(?: (\d{4}))?")
_MONTH_DAY = re.compile(r"([a-z]+)\.? (?:the )?(\d{1,2})(?:st|nd|rd|th)?,?(?: (\d{4}))?")
# "how many days is it until", "what day of the week is the"
_FILLER = re.compile(
    r"^(?:what |when |which |how many |how long )?(?:(?:day|date|weekday|days|weeks) )?"
    r"(?:(?:of the week )?(?:is|are|was|will be|does)|(?:until|till|til|to|before))?\s*"
    r"(?:there |it |left )*(?:until |till |til |to |before |since |on |for )?(?:the )?"
)


def find_day(text: str, today: date) -> tuple[date, str] | None:
    """Return the day that is meant, seen from `today`, and its name when it has one; None when it is not understood."""
    plain = " ".join(text.casefold().replace("’", "'").strip(" .?!").split())[:MAX_CHARACTERS]
    for candidate in dict.fromkeys((plain, plain.removeprefix("the "), _FILLER.sub("", plain, count=1))):
        for read in (_iso, _near, _weekday, _holiday, _relative, _calendar_day):
            try:
                found = read(candidate, today)
            except (ValueError, OverflowError):
                continue  # the 30th of February, or a day beyond the calendar
            if found is not None:
                return found
    return None


def _iso(text: str, _: date) -> tuple[date, str] | None:
    return (date.fromisoformat(text), "") if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None


def _near(text: str, today: date) -> tuple[date, str] | None:
    if text in _NEAR:
        return today + timedelta(days=_NEAR[text]), ""
    if text in ("weekend", "this weekend", "next weekend"):
        return today + timedelta(days=(5 - today.weekday()) % 7 + (7 if text.startswith("next") else 0)), ""
    edges = {"next week": (today, 7), "last week": (today, -7)}
    if text in edges:
        monday = today - timedelta(days=today.weekday())
        return monday + timedelta(days=edges[text][1]), ""
    if text in ("next month", "end of the month", "end of month"):
        first = _months(today.replace(day=1), 1)
        return (first if text == "next month" else first - timedelta(days=1)), ""
    return None


def _weekday(text: str, today: date) -> tuple[date, str] | None:
    match = re.fullmatch(r"(?:on )?(?:(this|next|last|coming|previous|past) )?([a-z]+)", text)
    if match is None:
        return None
    which, name = match.group(1) or "", match.group(2)
    place = next(
        (
            at
            for at, day in enumerate(_WEEKDAYS)
            if day == name or (len(name) in (3, 4, 5) and day[: len(name)] == name)
        ),
        None,
    )
    if place is None:
        return None
    ahead = (place - today.weekday()) % 7
    if which in ("last", "previous", "past"):
        return today - timedelta(days=(-ahead % 7) or 7), ""
    return today + timedelta(days=ahead if ahead or which == "this" or not which else 7), ""


def _holiday(text: str, today: date) -> tuple[date, str] | None:
    match = re.fullmatch(r"(?:(this|next|last) )?(.+?)(?: (?:this year|in|of))?(?: (\d{4}))?", text)
    if match is None:
        return None
    which, name, year_text = match.groups()
    known = find_holiday(name)
    if known is None:
        return None
    shown, rule = known
    if year_text:
        year = int(year_text)
        return rule(year), shown
    day = rule(today.year)
    if which == "last":
        day = day if day < today else rule(today.year - 1)
    elif day < today:
        day = rule(today.year + 1)
    return day, shown


def _relative(text: str, today: date) -> tuple[date, str] | None:
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return None
    number_text, unit, direction = match.groups()
    if not direction and not text.startswith("in "):
        return None
    number = int(number_text) if number_text.isdigit() else _NUMBERS.get(number_text, -1)
    if not 0 <= number <= _MAX_STEPS:
        return None
    steps = -number if direction == "ago" else number
    if unit in _UNIT:
        return today + timedelta(days=steps * _UNIT[unit]), ""
    return _months(today, steps * (12 if unit == "year" else 1)), ""


def _calendar_day(text: str, today: date) -> tuple[date, str] | None:
    text = re.sub(rf"^(?:{'|'.join(_WEEKDAYS)}),? (?:the )?", "", text)
    if match := _DAY_MONTH.fullmatch(text):
        day_text, month_text, year_text = match.groups()
    elif match := _MONTH_DAY.fullmatch(text):
        month_text, day_text, year_text = match.groups()
    else:
        return None
    month = next(
        (
            at
            for at, name in enumerate(_MONTHS, 1)
            if name == month_text or (len(month_text) in (3, 4) and name.startswith(month_text))
        ),
        None,
    )
    if month is None:
        return None
    if year_text:
        return date(int(year_text), month, int(day_text)), ""
    for year in range(today.year, today.year + 9):  # 29 February comes every eight years at the longest
        try:
            day = date(year, month, int(day_text))
        except ValueError:
            if (month, int(day_text)) != (2, 29):
                raise
            continue
        if day >= today:
            return day, ""
    return None


def _months(day: date, steps: int) -> date:
    """Return the same day some months on; the last day of the month where that day does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + steps, 12)
    if not 1 <= year <= MAXYEAR:
        raise ValueError("beyond the calendar")
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError("beyond the calendar")
