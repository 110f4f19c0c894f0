"""Days that have a name and move with the year, or do not. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from appliance.foundation.easter import easter
from appliance.tools.builtin.names import folded, spellings
from appliance.tools.builtin.names.holidays import NAMES


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


def _advent(year: int, number: int) -> date:
    """Return a Sunday of Advent; the fourth is the last one before Christmas Day."""
    eve = date(year, 12, 24)
    return eve - timedelta(days=(eve.weekday() + 1) % 7 + 7 * (4 - number))


def _mothers_in_france(year: int) -> date:
    """Return the last Sunday of May, or a week later when that is Pentecost (Code de l'action sociale, D215-1)."""
    day = _nth(year, 5, 6, -1)
    return day + timedelta(days=7) if day == easter(year) + timedelta(days=49) else day


_HOLIDAYS: Final[Mapping[str, Callable[[int], date]]] = {
    "new year's day": _fixed(1, 1),
    "epiphany": _fixed(1, 6),
    "candlemas": _fixed(2, 2),
    "martin luther king day": lambda year: _nth(year, 1, 0, 3),
    "valentine's day": _fixed(2, 14),
    "women's carnival": _from_easter(-52),
    "carnival monday": _from_easter(-48),
    "shrove tuesday": _from_easter(-47),
    "women's day": _fixed(3, 8),
    "ash wednesday": _from_easter(-46),
    "st patrick's day": _fixed(3, 17),
    "april fools' day": _fixed(4, 1),
    "palm sunday": _from_easter(-7),
    "maundy thursday": _from_easter(-3),
    "good friday": _from_easter(-2),
    "holy saturday": _from_easter(-1),
    "easter": _from_easter(0),
    "easter monday": _from_easter(1),
    "ascension day": _from_easter(39),
    "pentecost": _from_easter(49),
    "whit monday": _from_easter(50),
    "corpus christi": _from_easter(60),
    "labour day": _fixed(5, 1),
    "victory in europe day": _fixed(5, 8),
    "mother's day": lambda year: _nth(year, 5, 6, 2),
    "french mother's day": _mothers_in_france,
    "memorial day": lambda year: _nth(year, 5, 0, -1),
    "father's day": lambda year: _nth(year, 6, 6, 3),
    "juneteenth": _fixed(6, 19),
    "midsummer day": _fixed(6, 24),
    "independence day": _fixed(7, 4),
    "bastille day": _fixed(7, 14),
    "belgian national day": _fixed(7, 21),
    "swiss national day": _fixed(8, 1),
    "assumption day": _fixed(8, 15),
    "labor day": lambda year: _nth(year, 9, 0, 1),
    "columbus day": lambda year: _nth(year, 10, 0, 2),
    "german unity day": _fixed(10, 3),
    "austrian national day": _fixed(10, 26),
    "reformation day": _fixed(10, 31),
    "halloween": _fixed(10, 31),
    "all saints' day": _fixed(11, 1),
    "all souls' day": _fixed(11, 2),
    "guy fawkes night": _fixed(11, 5),
    "veterans day": _fixed(11, 11),
    "armistice day": _fixed(11, 11),
    "st martin's day": _fixed(11, 11),
    "day of repentance": lambda year: _advent(year, 1) - timedelta(days=11),
    "sunday of the dead": lambda year: _advent(year, 1) - timedelta(days=7),
    "first advent": lambda year: _advent(year, 1),
    "second advent": lambda year: _advent(year, 2),
    "third advent": lambda year: _advent(year, 3),
    "fourth advent": lambda year: _advent(year, 4),
    "thanksgiving": lambda year: _nth(year, 11, 3, 4),
    "black friday": lambda year: _nth(year, 11, 3, 4) + timedelta(days=1),
    "st nicholas day": _fixed(12, 6),
    "immaculate conception": _fixed(12, 8),
    "christmas eve": _fixed(12, 24),
    "christmas day": _fixed(12, 25),
    "boxing day": _fixed(12, 26),
    "new year's eve": _fixed(12, 31),
}
# articles and the like: "an Pfingsten", "à la Toussaint", "l'Ascension"
_FRONT: Final = re.compile(r"^(?:(?:an|zu|am|zum|zur|der|die|das|den|dem|a|au|aux|la|le|les|de|du) |l')+")
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
    "mardi gras": "shrove tuesday",
    "first of advent": "first advent",
    "remembrance day": "veterans day",
}


def find_holiday(name: str) -> tuple[str, Callable[[int], date]] | None:
    """Return the English name to show of a holiday and when it is in a year; None when it is not known.

    It may be named in German or French as well.
    """
    wanted, names = _plain(folded(name)), _names()
    known = names.get(wanted) or names.get(_plain(_FRONT.sub("", folded(name))))
    return (_title(known), _HOLIDAYS[known]) if known else None


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    others = {
        _plain(spelling): known
        for known, names in NAMES.items()
        for name in names.split("|")
        for spelling in spellings(name)
    }
    english = {_plain(name): name for name in _HOLIDAYS} | {_plain(name): known for name, known in _SAME.items()}
    return others | english


def _plain(name: str) -> str:
    """Return a folded name without the marks that are left out as often as not."""
    plain = " ".join(name.replace("'", "").replace("-", " ").replace(".", " ").split())
    return re.sub(r"^(?:the|st|saint|sankt) ", "st " if plain[:2] in ("st", "sa") else "", plain)


def _title(name: str) -> str:
    titled = re.sub(r"(?<![\w'])[a-z]", lambda match: match.group().upper(), name)
    return re.sub(r" (?:Of The|Of|In) ", lambda match: match.group().lower(), titled)
