"""Days, counted from a given today."""

from __future__ import annotations

from datetime import date, timedelta

from appliance.understanding.french.numbers import cardinal
from appliance.understanding.parsing.days import (
    Feast,
    coming,
    dated,
    feast,
    is_iso,
    iso,
    months_on,
    next_week,
    of_this_month,
    weekend,
    year_at,
)
from appliance.understanding.parsing.scan import every
from appliance.understanding.tokens import Found, Tokens

NAMES = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
WEEKDAYS: dict[str, int] = {name: index for index, name in enumerate(NAMES)}
WEEKDAYS |= {"lun": 0, "mer": 2, "jeu": 3, "ven": 4, "sam": 5, "dim": 6, "mercredis": 2}
_MONTH_NAMES = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()
MONTHS: dict[str, int] = {name: index for index, name in enumerate(_MONTH_NAMES, start=1)}
MONTHS |= {"janv": 1, "fev": 2, "fevr": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "dec": 12}
_FEASTS: dict[tuple[str, ...], Feast] = {
    ("veille", "de", "noel"): (12, 24),
    ("reveillon", "de", "noel"): (12, 24),
    ("reveillon", "du", "nouvel", "an"): (12, 31),
    ("reveillon", "du", "jour", "de", "an"): (12, 31),
    ("saint", "-", "sylvestre"): (12, 31),
    ("saint", "sylvestre"): (12, 31),
    ("reveillon",): (12, 24),
    ("noel",): (12, 25),
    ("jour", "de", "an"): (1, 1),
    ("jour", "de", "l", "an"): (1, 1),
    ("nouvel", "an"): (1, 1),
    ("halloween",): (10, 31),
    ("saint", "-", "valentin"): (2, 14),
    ("saint", "valentin"): (2, 14),
    ("toussaint",): (11, 1),
    ("armistice",): (11, 11),
    ("assomption",): (8, 15),
    ("epiphanie",): (1, 6),
    ("saint", "-", "nicolas"): (12, 6),
    ("saint", "nicolas"): (12, 6),
    ("fete", "du", "travail"): (5, 1),
    ("fete", "nationale"): (7, 14),
    ("mardi", "gras"): -47,
    ("mercredi", "des", "cendres"): -46,
    ("dimanche", "des", "rameaux"): -7,
    ("jeudi", "saint"): -3,
    ("vendredi", "saint"): -2,
    ("lundi", "de", "paques"): 1,
    ("dimanche", "de", "paques"): 0,
    ("paques",): 0,
    ("jeudi", "de", "ascension"): 39,
    ("ascension",): 39,
    ("lundi", "de", "pentecote"): 50,
    ("dimanche", "de", "pentecote"): 49,
    ("lundi", "de", "la", "pentecote"): 50,
    ("pentecote",): 49,
}
_NEXT = frozenset({"prochain", "prochaine", "prochains", "suivant"})
_UNITS = {"jour": 1, "semaine": 7, "quinzaine": 14}


def dates(tokens: Tokens, today: date) -> list[Found[date]]:
    """Return every day that is named, left to right; days that lie in the past move a year or week ahead."""
    return every(
        tokens,
        lambda at: (
            _near(tokens, at, today)
            or _ahead(tokens, at, today)
            or _feast(tokens, at, today)  # before the weekdays: "lundi de Pâques", "mardi gras"
            or _weekday(tokens, at, today)
            or _calendar(tokens, at, today)
        ),
    )


def _near(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    part, second, third = tokens.at(at), tokens.at(at + 1), tokens.at(at + 2)
    if part == "apres" and (second == "demain" or (second == "-" and third == "demain")):
        return Found(today + timedelta(2), at, at + (2 if second == "demain" else 3))
    if part == "apresdemain":
        return Found(today + timedelta(2), at, at + 1)
    if part == "demain":
        return Found(today + timedelta(1), at, at + 1)
    if part in ("aujourdhui", "auj"):
        return Found(today, at, at + (3 if second == "'" and third == "hui" else 1))
    if part in ("ce", "cet", "cette") and second in ("soir", "matin", "midi", "nuit", "aprem"):
        return Found(today, at, at + 2)
    if part in ("cet", "cette") and second == "apres":
        return Found(today, at, at + (4 if third == "-" else 3))
    if part in ("le", "ce"):
        return _weekend(tokens, at, today) or (
            Found(months_on(today, 1), at, at + 3) if second == "mois" and third in _NEXT else None
        )
    if part == "la" and second == "semaine" and third in _NEXT:
        return Found(today + timedelta(7), at, at + 3)
    return None


def _weekend(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    """`ce week-end`, `le week-end prochain`: its Saturday."""
    if tokens.at(at + 1) == "weekend":
        end = at + 2
    elif tokens.at(at + 1) == "week" and tokens.at(at + 2) in ("-", "end"):
        end = at + (4 if tokens.at(at + 2) == "-" else 3)
    else:
        return None
    following = tokens.at(end) in _NEXT
    if tokens.at(at) == "le" and not following:
        return None  # "le week-end" is every one of them
    return Found(weekend(today, following), at, end + following)


def _ahead(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    """`dans deux jours`, `d'ici une semaine`, `dans quinze jours` (two weeks), `dans un mois`."""
    if tokens.at(at) not in ("dans", "ici"):
        return None
    if tokens.at(at + 1) == "une" and tokens.at(at + 2) == "quinzaine" and tokens.at(at + 3) not in ("de", "d"):
        return Found(today + timedelta(14), at, at + 3)
    number = cardinal(tokens, at + 1)
    if number is None or number.value.denominator != 1 or not 0 < number.value < 3660:
        return None
    count, unit, end = int(number.value), tokens.at(number.end), number.end + 1
    if unit in ("jour", "jours") and tokens.at(at + 1) in ("huit", "quinze", "15"):
        count = 7 if count == 8 else 14
    if unit == "mois":
        return Found(months_on(today, count), at, end)
    if unit in ("an", "ans", "annee", "annees"):
        return Found(months_on(today, 12 * count), at, end)
    days = _UNITS.get(unit.removesuffix("s"))
    return Found(today + timedelta(count * days), at, end) if days else None


def _weekday(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    prefix = tokens.at(at) if tokens.at(at) in ("ce", "le", "pour", "au") else ""
    word = at + 1 if prefix else at
    name = tokens.at(word)
    index = WEEKDAYS.get(name)
    if index is None or (len(name) == 3 and not prefix):
        return None
    exact = _calendar(tokens, word + 1, today)  # "samedi 5 décembre"
    if exact and tokens.at(word + 1) not in ("et", ","):
        return Found(exact.value, at, exact.end)
    day, end = coming(today, index), word + 1
    if prefix == "ce" and index == today.weekday():
        day = today
    if tokens.at(end) in _NEXT:
        end += 1
    elif tokens.at(end) == "en" and tokens.at(end + 1) in ("huit", "quinze", "8", "15"):
        day, end = day + timedelta(7 if tokens.at(end + 1) in ("huit", "8") else 14), end + 2
    elif tokens.parts[end : end + 4] == ("de", "la", "semaine", "prochaine"):
        day, end = next_week(today, index), end + 4
    return Found(day, at, end)


def _calendar(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    part = tokens.at(at)
    if is_iso(tokens, at):
        return iso(tokens, at)
    start = at
    if part == "le":
        at += 1
    if tokens.at(at).isdigit() and tokens.at(at + 1) == "/" and tokens.at(at + 2).isdigit() and tokens.attached(at + 2):
        return _slashed(tokens, start, at, today)
    day, end = _day(tokens, at)
    if day is None or not 1 <= day <= 31:
        return None
    month = MONTHS.get(tokens.at(end))
    if month is not None:
        year, after = year_at(tokens, end + 1)
        return dated(today, year, month, day, start, after)
    if (
        part == "le"
        and tokens.at(end) not in ("h", "heures", "heure", ":", "premier", "fois", "fevr")
        and _alone(tokens, end)
    ):
        return of_this_month(today, day, start, end)
    return None


def _alone(tokens: Tokens, at: int) -> bool:
    """Tell whether "le 14" stands by itself: what follows is no thing that could be numbered."""
    return tokens.at(at) in (
        "", "|", ",", ".", "?", "!", "a", "au", "de", "d", "du", "pour", "vers", "matin", "soir", "et", "il", "s",
        "midi",
        "apres", "prochain", "que", "svp", "stp", "rappelle", "reveille", "mets",
    )  # fmt: skip


def _slashed(tokens: Tokens, start: int, at: int, today: date) -> Found[date] | None:
    """`24/12` and `24/12/2026`: the day comes first."""
    day, month = tokens.at(at), tokens.at(at + 2)
    if tokens.at(at + 3) == "/" and tokens.at(at + 4).isdigit():
        year = tokens.at(at + 4)
        return dated(today, f"20{year}" if len(year) == 2 else year, month, day, start, at + 5)
    return dated(today, "", month, day, start, at + 3)


def _day(tokens: Tokens, at: int) -> tuple[int | None, int]:
    if tokens.at(at) in ("premier", "1er"):
        return 1, at + 1
    if tokens.at(at) == "1" and tokens.at(at + 1) in ("er", "ier") and tokens.attached(at + 1):
        return 1, at + 2
    number = cardinal(tokens, at)
    if number is None or number.value.denominator != 1 or tokens.at(at) in ("un", "une"):
        return None, at
    return int(number.value), number.end


def _feast(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    start = at + 1 if tokens.at(at) in ("le", "la", "l", "a") else at
    for names, rule in _FEASTS.items():
        if tokens.parts[start : start + len(names)] == names:
            thing = isinstance(rule, int) and tokens.at(at - 1) in ("de", "d", "des")  # "les oeufs de Pâques"
            return None if thing else feast(today, rule, at, start + len(names))
    return None
