"""Times of day: `7h30`, `sept heures moins le quart`, `midi et demi`, `8 heures du soir`."""

from __future__ import annotations

from appliance.understanding.french.numbers import cardinal
from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.parsing.scan import every
from appliance.understanding.said import Half, Said
from appliance.understanding.tokens import Found, Tokens

_NAMED = {"midi": 12, "minuit": 0}
# what people mean by these is taste; a reminder says its time, so that it can be corrected
_PARTS = {"matin": 9, "matinee": 10, "soir": 20, "soiree": 20, "nuit": 22, "journee": 12}
_MEALS = {
    "dejeuner": (13, 11), "dejeune": (13, 11), "diner": (20, 18), "souper": (20, 17), "dormir": (22, 22),
    "coucher": (22, 22), "travail": (18, 8), "boulot": (18, 8), "midi": (13, 11), "manger": (13, 11), "ecole": (17, 8),
}  # fmt: skip
_BEFORE = frozenset({"a", "vers", "@"})
_AFTER = frozenset(
    {"", "|", "de", "d", "demain", "ce", "cet", "le", "pour", "que", ".", ",", "?", "!", "s", "stp", "il", "svp"}
)
_LENGTHS = frozenset({"dans", "pendant", "durant", "toutes", "ici"})


def times(tokens: Tokens) -> list[Found[Said]]:
    """Return every time of day, left to right. Bare numbers come with `certain` false."""
    return every(tokens, lambda at: _named(tokens, at) or _clock(tokens, at) or _part(tokens, at))


def _named(tokens: Tokens, at: int) -> Found[Said] | None:
    """`midi`, `minuit et quart`, `12h midi`; not the midi of `après-midi`."""
    part = tokens.at(at)
    if part not in _NAMED or tokens.at(at - 1) in ("apres", "-") or tokens.at(at - 2) == "apres":
        return None
    if tokens.at(at - 1) == "avant":
        return Found(Said(11, 0, Half.FULL, True, vague=True), at - 1, at + 1)
    minutes, end, _ = _minutes(tokens, at + 1)
    total = (_NAMED[part] * 60 + minutes) % 1440
    return Found(Said(total // 60, total % 60, Half.FULL, True), at, end)


def _clock(tokens: Tokens, at: int) -> Found[Said] | None:
    part = tokens.at(at)
    if tokens.attached(at) and tokens.at(at - 1) in ("$", "#", "€", "/", "-", ".", ",", ":"):
        return None
    number = cardinal(tokens, at)
    if number is None or number.value.denominator != 1 or not 0 <= number.value <= 24 or "." in part:
        return None
    hour, end, minute, certain = int(number.value), number.end, 0, False
    after = tokens.at(end)
    if after in ("h", "heure", "heures", "hr", "hrs", "heur", "heurs"):
        if tokens.at(at - 1) in _LENGTHS:
            return None
        minute, end, _ = _minutes(tokens, end + 1)
        certain = True
    elif after == ":" and tokens.at(end + 1).isdigit() and len(tokens.at(end + 1)) == 2:
        minute, end, certain = int(tokens.at(end + 1)), end + 2, True
        if tokens.at(end) == ":" and tokens.at(end + 1).isdigit():
            end += 2
    elif not is_digits(part) and part in ("un", "une"):
        return None
    total = (hour * 60 + minute) % 1440
    if not -30 <= minute <= 59:
        return None
    half, end = _half(tokens, end)
    if half is Half.UNSAID and (hour > 12 or hour == 0 or hour == 12 or (part.startswith("0") and certain)):
        half = Half.FULL
    if half in (Half.AM, Half.PM) and hour <= 12:
        total = total % 720 + (720 if half is Half.PM else 0)
        certain = True
    if tokens.at(end) in ("%", "pour", "degres", "euros", "er", "eme", "/", "+", "*", "x", "fois", "-") and not certain:
        return None
    if not certain:
        # "à 5" is an hour only when nothing follows that could be counted: not "à 5 personnes"
        certain = tokens.at(at - 1) in _BEFORE and tokens.at(end) in _AFTER
    if tokens.at(end) in ("pile", "precises", "tapantes"):
        end += 1
    hour, minute = total // 60, total % 60
    if half is Half.UNSAID:
        hour = hour % 12 or 12
    return Found(Said(hour, minute, half, certain), at, end)


def _minutes(tokens: Tokens, at: int) -> tuple[int, int, bool]:
    """Return (minutes, end, whether any were said) after the hour: `30`, `et demie`, `moins le quart`, `trois "
    "quarts`."""
    word, second = tokens.at(at), tokens.at(at + 1)
    if word == "et" and second in ("demi", "demie", "quart"):
        return (15 if second == "quart" else 30), at + 2, True
    if word == "et" and second == "un" and tokens.at(at + 2) == "quart":
        return 15, at + 3, True
    if word == "et" and second == "quelques":
        return 0, at, False
    if word == "moins":
        following = at + 2 if second in ("le", "un") else at + 1
        if tokens.at(following) == "quart":
            return -15, following + 1, True
        less = cardinal(tokens, at + 1)
        if less and 0 < less.value <= 30 and less.value.denominator == 1:
            return -int(less.value), _unit(tokens, less.end), True
        return 0, at, False
    if word in ("trois", "3") and second == "quarts":
        return 45, at + 2, True
    if word == "zero" and (low := cardinal(tokens, at + 1)) and 0 < low.value < 10:
        return int(low.value), low.end, True
    spoken = cardinal(tokens, at + 1 if word == "et" else at)
    if spoken and spoken.value.denominator == 1 and 0 <= spoken.value < 60:
        after = tokens.at(spoken.end)
        if word in ("un", "une") or after in ("h", "heures", "heure", "jours", "%", "euros", "fois", "personnes"):
            return 0, at, False
        if word == "et" and not after.startswith("min"):
            return 0, at, False
        return int(spoken.value), _unit(tokens, spoken.end), True
    return 0, at, False


def _unit(tokens: Tokens, at: int) -> int:
    return at + 1 if tokens.at(at) in ("minutes", "minute", "min", "mn") else at


def _half(tokens: Tokens, at: int) -> tuple[Half, int]:
    """Read `du matin`, `du soir`, `de l'après-midi`, `de la nuit`, `le soir`."""
    word, second = tokens.at(at), tokens.at(at + 1)
    if word in ("du", "le", "au") and second in ("matin", "soir"):
        return (Half.AM if second == "matin" else Half.PM), at + 2
    if word in ("de", "l", "dans", "apres"):
        skip = at
        while tokens.at(skip) in ("de", "l", "la", "dans"):
            skip += 1
        if tokens.at(skip) == "apres" and tokens.at(skip + 1) in ("-", "midi"):
            return Half.PM, skip + (3 if tokens.at(skip + 1) == "-" else 2)
        if tokens.at(skip) == "nuit":
            return Half.AM, skip + 1
        if tokens.at(skip) == "aprem":
            return Half.PM, skip + 1
    if word in ("am", "pm"):
        return Half(word), at + 1
    return Half.UNSAID, at


def _part(tokens: Tokens, at: int) -> Found[Said] | None:
    """A part of the day stands for an hour when nothing more exact is said."""
    part, before = tokens.at(at), tokens.at(at - 1)
    if part in ("apres", "avant"):
        meal = at + 1
        while tokens.at(meal) in ("le", "la", "l", "de", "du", "mon", "-", "d", "petit", "me", "m"):
            meal += 1
        if part == "apres" and tokens.at(meal) == "midi":
            start = at - 1 if before in ("cet", "l", "le", "en", "dans") else at
            return Found(Said(15, 0, Half.FULL, True, vague=True), start, meal + 1)
        if tokens.at(meal) in _MEALS:
            hour = _MEALS[tokens.at(meal)][part == "avant"]
            if "petit" in tokens.parts[at:meal]:
                hour = 9 if part == "apres" else 7
            return Found(Said(hour, 0, Half.FULL, True, vague=True), at, meal + 1)
        return None
    if part == "aprem":
        return Found(Said(15, 0, Half.FULL, True, vague=True), at, at + 1)
    if part in ("fin", "debut") and tokens.at(at + 1) in ("de", "apres", "d") and part == "fin":
        skip = at + 2 if tokens.at(at + 1) in ("de", "d") else at + 1
        hours = {"journee": 18, "matinee": 11, "soiree": 22, "apres": 17}
        if tokens.at(skip) in hours:
            end = skip + 1
            while tokens.at(end) in ("-", "midi"):
                end += 1
            return Found(Said(hours[tokens.at(skip)], 0, Half.FULL, True, vague=True), at, end)
    if part == "heure" and tokens.at(at + 1) in ("du", "de") and tokens.at(at + 2) in ("dejeuner", "diner", "souper"):
        hour = {"dejeuner": 12, "diner": 19, "souper": 18}[tokens.at(at + 2)]
        return Found(Said(hour, 0, Half.FULL, True, vague=True), at, at + 3)
    if part not in _PARTS or (part in ("journee", "nuit") and before not in ("cette", "la", "demain", "de")):
        return None
    if part == "journee" and before != "la":
        return None
    if part == "nuit" and before == "de":
        return None
    start = at
    while tokens.at(start - 1) in ("dans", "la", "le", "ce", "cette", "en", "au", "du"):
        start -= 1
    return Found(Said(_PARTS[part], 0, Half.FULL, True, vague=True), start, at + 1)
