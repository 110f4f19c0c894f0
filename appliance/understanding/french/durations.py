"""Lengths of time in seconds. `sept heures` is one only where it is not a time of day."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.french.numbers import amount, cardinal
from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.parsing.lengths import MAX_SECONDS, Piece, Tail, by_word, in_smaller, length_at, stopwatch
from appliance.understanding.tokens import Found, Tokens

_SECONDS = by_word(
    ("seconde secondes sec secs", 1),
    ("minute minutes min mins mn minuter", 60),
    ("heure heures", 3600),
    ("jour jours journee journees", 86400),
    ("semaine semaines", 604800),
)
_SHORT = {"s": 1, "m": 60, "h": 3600, "j": 86400}
_HOUR = 3600
_DAY = 86400
# "huit jours" are a week, "quinze jours" two
_IDIOMS = {"huit": 7, "quinze": 14, "15": 14}
_LENGTH_BEFORE = frozenset("dans ici pendant durant apres encore bout toutes plus".split())
_CLOCK_BEFORE = frozenset({"a", "vers", "avant", "des", "jusque", "@", "jusqu", "sur", "entre", "est", "sera"})
_CLOCK_WORDS = frozenset(
    "reveil reveils reveille reveilles reveiller reveillez alarme alarmes cadran lever leve levez debout rappelle "
    "rappelles "
    "rappeler rappelez rappel rappels penser sonner reunion rendez rdv train vol".split()
)
_TIMER_WORDS = frozenset(
    "minuteur minuteurs minuterie timer timers chrono chronometre rebours decompte pomodoro duree "
    "compte compter".split()
)
_ALARM_WORDS = frozenset("reveil reveils reveille reveiller alarme alarmes cadran rappelle rappel rappeler".split())
_DAY_HALF = frozenset({"matin", "soir", "nuit", "apres"})

__all__ = ["MAX_SECONDS", "duration_at", "durations", "stopwatch"]


def duration_at(tokens: Tokens, at: int) -> Found[int] | None:
    """Return the length that begins at `at`, at most a year: `90 secondes`, `1h30`, `une heure et demie`."""
    return length_at(
        at,
        lambda start: _piece(tokens, start),
        lambda end: _after_joint(tokens, end),
        lambda joint, unit, _: _tail(tokens, joint, unit),
    )


def _after_joint(tokens: Tokens, at: int) -> int:
    while tokens.at(at) in ("et", ",", "plus"):
        at += 1
    return at


def _piece(tokens: Tokens, at: int) -> Piece | None:
    """Return (seconds, seconds per unit, end) of one number with its unit."""
    number, end = _count(tokens, at)
    if number is None:
        return None
    for filler in ("-", "de", "d", "bonnes", "petites", "petite", "bonne", "bon", "petit", "grosse"):
        if tokens.at(end) == filler:
            end += 1
    part = tokens.at(end)
    if part in _SECONDS:
        length = _SECONDS[part]
    elif part in _SHORT and is_digits(tokens.at(end - 1)) and not is_digits(tokens.at(end - 2)):
        length = _SHORT[part]
    else:
        return None
    if length == _DAY and tokens.at(end - 1) in _IDIOMS and end - 1 == at:
        number = Fraction(_IDIOMS[tokens.at(at)])
    if tokens.at(end) in ("journee", "journees") and number < 1:
        number, length = number * 24, _HOUR
    return number * length, length, end + 1


def _count(tokens: Tokens, at: int) -> tuple[Fraction | None, int]:
    if tokens.at(at) == "quelques":
        return Fraction(3), at + 1
    if tokens.at(at) in ("deux", "2") and tokens.at(at + 1) in ("trois", "3") and tokens.at(at + 2) in _SECONDS:
        return Fraction(3), at + 2
    found = amount(tokens, at)
    if found is None or found.value <= 0 or tokens.at(at) in ("le", "la", "les"):
        return None, at
    return found.value, found.end


def _tail(tokens: Tokens, at: int, unit: int) -> Tail | None:
    """Return what follows a unit without one of its own: `et demie`, `et quart`, the 30 of `1h30`, `dix`."""
    found = amount(tokens, at)
    if found is None or tokens.at(at) in ("le", "la", "les", "un", "une", "moins", "-"):
        un_quart = tokens.at(at) == "un" and tokens.at(at + 1) == "quart"
        return (Fraction(unit, 4), at + 2) if un_quart and tokens.at(at + 2) not in _SECONDS else None
    if found.value < 1:
        return (found.value * unit, found.end)
    bare = cardinal(tokens, at)
    if bare is None or bare.value.denominator != 1:
        return None
    after = tokens.at(bare.end)
    if after in (":", "%", "pour", "/", "h", "heures", "x") and not (
        after == "pour" and tokens.at(bare.end + 1) != "cent"
    ):
        return None
    return in_smaller(tokens, bare, unit, ())


def durations(tokens: Tokens) -> list[Found[int]]:
    """Return every length of time, left to right, without overlaps; times of day are left out."""
    found: list[Found[int]] = []
    at = 0
    while at < len(tokens):
        one = duration_at(tokens, at)
        if one and not _clock(tokens, one):
            found.append(one)
        at = one.end if one else at + 1
    return found


def _clock(tokens: Tokens, length: Found[int]) -> bool:
    """Tell whether `sept heures (trente)` is a time of day: after "à", beside an alarm, or all alone."""
    parts = tokens.parts[length.start : length.end]
    if not {"heure", "heures", "h"} & set(parts) or {"demi", "quart", "quarts"} & set(parts[:2]):
        return False
    before = tokens.at(length.start - 1)
    if before in ("de", "d") and tokens.at(length.start - 2) == "bout":
        return False
    if before in _LENGTH_BEFORE:
        return False
    timed = not _TIMER_WORDS.isdisjoint(tokens.parts) and _ALARM_WORDS.isdisjoint(tokens.parts)
    if timed and not _halved(tokens, length.end):
        return False
    if before in _CLOCK_BEFORE or tokens.at(length.end) == "pile":
        return True
    if _halved(tokens, length.end):
        return True
    around = [part for n, part in enumerate(tokens.parts) if not length.start <= n < length.end]
    alone = all(part in ("|", ",", ".", "?", "!", "pour", "le") for part in around)
    return alone or bool(_CLOCK_WORDS & set(tokens.parts))


def _halved(tokens: Tokens, at: int) -> bool:
    """Tell whether `du matin` or `de l'après-midi` stands at `at`."""
    return tokens.at(at) in ("du", "de") and not _DAY_HALF.isdisjoint(tokens.parts[at : at + 3])
