"""Days that have a name and move with the year, or do not. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Final


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """Return the `number`-th weekday of a month; the last for -1."""
    if number > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _fixed(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _from_easter(days: int) -> Callable[[int], date]:
    return lambda year: easter(year) + timedelta(days=days)


_HOLIDAYS: Final[Mapping[str, Callable[[int], date]]] = {
    "new year's day": _fixed(1, 1),
    "epiphany": _fixed(1, 6),
    "martin luther king day": lambda year: _nth(year, 1, 0, 3),
    "valentine's day": _fixed(2, 14),
    "ash wednesday": _from_easter(-46),
    "st patrick's day": _fixed(3, 17),
    "april fools' day": _fixed(4, 1),
    "palm sunday": _from_easter(-7),
    "good friday": _from_easter(-2),
    "easter": _from_easter(0),
    "easter monday": _from_easter(1),
    "ascension day": _from_easter(39),
    "pentecost": _from_easter(49),
    "whit monday": _from_easter(50),
    "labour day": _fixed(5, 1),
    "mother's day": lambda year: _nth(year, 5, 6, 2),
    "memorial day": lambda year: _nth(year, 5, 0, -1),
    "father's day": lambda year: _nth(year, 6, 6, 3),
    "juneteenth": _fixed(6, 19),
    "independence day": _fixed(7, 4),
    "bastille day": _fixed(7, 14),
    "labor day": lambda year: _nth(year, 9, 0, 1),
    "columbus day": lambda year: _nth(year, 10, 0, 2),
    "german unity day": _fixed(10, 3),
    "halloween": _fixed(10, 31),
    "all saints' day": _fixed(11, 1),
    "guy fawkes night": _fixed(11, 5),
    "veterans day": _fixed(11, 11),
    "thanksgiving": lambda year: _nth(year, 11, 3, 4),
    "black friday": lambda year: _nth(year, 11, 3, 4) + timedelta(days=1),
    "st nicholas day": _fixed(12, 6),
    "christmas eve": _fixed(12, 24),
    "christmas day": _fixed(12, 25),
    "boxing day": _fixed(12, 26),
    "new year's eve": _fixed(12, 31),
}
_SAME: Final = {
    "christmas": "christmas day",
    "xmas": "christmas day",
    "xmas day": "christmas day",
    "xmas eve": "christmas eve",
    "new year": "new year's day",
    "new years": "new year's day",
    "valentines": "valentine's day",
    "valentine": "valentine's day",
    "easter sunday": "easter",
    "mlk day": "martin luther king day",
    "st patricks": "st patrick's day",
    "saint patricks day": "st patrick's day",
    "april fools": "april fools' day",
    "fourth of july": "independence day",
    "4th of july": "independence day",
    "may day": "labour day",
    "whit sunday": "pentecost",
    "thanksgiving day": "thanksgiving",
    "bonfire night": "guy fawkes night",
    "silvester": "new year's eve",
    "remembrance day": "veterans day",
}


def find_holiday(name: str) -> tuple[str, Callable[[int], date]] | None:
    """Return the name to show of a holiday and when it is in a year; None when it is not known."""
    known = _names().get(_plain(name))
    return (_title(known), _HOLIDAYS[known]) if known else None


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    return {_plain(name): name for name in _HOLIDAYS} | {_plain(name): known for name, known in _SAME.items()}


def _plain(name: str) -> str:
    return re.sub(r"^(?:the|st\.?|saint) ", "st " if name[:2] in ("st", "sa") else "", name.replace("'", "").strip())


def _title(name: str) -> str:
    return re.sub(r"(?<![\w'])[a-z]", lambda match: match.group().upper(), name).replace(" Of ", " of ")
