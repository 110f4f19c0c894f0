"""What comes back: `tous les jours`, `en semaine`, `chaque lundi`, `le mardi et le jeudi`."""

from __future__ import annotations

from appliance.understanding.french.days import NAMES, WEEKDAYS
from appliance.understanding.parsing.days import listed
from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.parsing.scan import first
from appliance.understanding.tokens import Found, Tokens

_PARTS = frozenset({"matin", "matins", "soir", "soirs", "nuit", "nuits", "midi", "midis", "apres"})
_UNKNOWN = frozenset(
    "hebdomadaire mensuel mensuelle annuel annuelle mensuellement hebdomadairement bimensuel horaire".split()
)
_JOINTS = frozenset({"et", ",", "&", "les", "le", "chaque"})  # between weekdays
_WORKING = frozenset({"ouvrable", "ouvrables", "ouvre", "ouvres", "travailles"})


def repeats(tokens: Tokens) -> Found[str | None] | None:
    """Return the repeat (`daily`, `weekdays`, `weekends`, `mon,wed`); value None for one that tools do not know."""
    return first(tokens, _repeat)


def _repeat(tokens: Tokens, at: int) -> Found[str | None] | None:
    part, second, third = tokens.at(at), tokens.at(at + 1), tokens.at(at + 2)
    if part in ("tous", "toutes", "ts") and second in ("les", "mes", "nos"):
        return _every(tokens, at, at + 2)
    if part == "chaque":
        return _every(tokens, at, at + 1)
    if part in ("quotidien", "quotidienne", "quotidiennement", "journalier", "journaliere"):
        return Found("daily", at, at + 1)
    if part in _UNKNOWN:
        return Found(None, at, at + 1)
    if part == "un" and second == "jour" and third == "sur":
        return Found(None, at, at + 4)
    if second == "fois" and third == "par":
        return Found("daily" if part in ("une", "1") and tokens.at(at + 3) == "jour" else None, at, at + 4)
    if part == "en" and second == "semaine":
        return Found("weekdays", at, at + 2)
    if part in ("pendant", "durant") and second == "la" and third == "semaine":
        return Found("weekdays", at, at + 3)
    if part == "du" and second == "lundi" and third == "au" and tokens.at(at + 3) == "vendredi":
        return Found("weekdays", at, at + 4)
    if part == "lundi" and second in ("a", "au", "-") and third == "vendredi":
        return Found("weekdays", at, at + 3)
    if part in ("les", "le"):
        return _article(tokens, at)
    if part in WEEKDAYS and _several(tokens, at):
        return listed(tokens, at, at, _day, _JOINTS)
    return None


def _article(tokens: Tokens, at: int) -> Found[str | None] | None:
    """`les week-ends`, `les jours de semaine`, `les lundis`, `le lundi` (every one, unless a date follows)."""
    part, second, third = tokens.at(at), tokens.at(at + 1), tokens.at(at + 2)
    weekend = _weekend_end(tokens, at + 1)
    if weekend and tokens.at(weekend) not in ("prochain", "dernier"):
        return Found("weekends", at, weekend)
    if part == "les" and second == "jours":
        if third in _WORKING or (third == "de" and tokens.at(at + 3) in ("semaine", "travail")):
            return Found("weekdays", at, at + (3 if third in _WORKING else 4))
        return None
    if _day(second) is None:
        return None
    if part == "les" and second.endswith("s"):
        return listed(tokens, at, at + 1, _day, _JOINTS)
    following = third if third not in ("matin", "soir", "midi") else tokens.at(at + 3)
    if is_digits(following) and tokens.at(at + 3) != "h":
        return None
    if part == "le" and _several(tokens, at + 1):
        return listed(tokens, at, at + 1, _day, _JOINTS)
    return None


def _every(tokens: Tokens, at: int, word: int) -> Found[str | None]:
    name = tokens.at(word)
    if name in ("jour", "jours"):
        if tokens.at(word + 1) in _WORKING:
            return Found("weekdays", at, word + 2)
        if tokens.at(word + 1) == "de" and tokens.at(word + 2) in ("semaine", "travail"):
            return Found("weekdays", at, word + 3)
        return Found("daily", at, word + 1)
    if name in _PARTS:
        return Found("daily", at, word)  # the part of the day stays for the clock to read
    weekend = _weekend_end(tokens, word)
    if weekend:
        return Found("weekends", at, weekend)
    if _day(name) is not None:
        return listed(tokens, at, word, _day, _JOINTS)
    return Found(None, at, word + 1)


def _weekend_end(tokens: Tokens, at: int) -> int:
    """Return where `week-end(s)` ends, 0 if it does not stand here."""
    if tokens.at(at) in ("weekend", "weekends"):
        return at + 1
    if tokens.at(at) == "week" and tokens.at(at + 1) in ("-", "end", "ends"):
        return at + (3 if tokens.at(at + 1) == "-" else 2)
    return 0


def _day(word: str) -> int | None:
    if word in WEEKDAYS and len(word) > 3:
        return WEEKDAYS[word]
    return NAMES.index(word[:-1]) if word[:-1] in NAMES and word.endswith("s") else None


def _several(tokens: Tokens, at: int) -> bool:
    """Tell whether another weekday is joined to the one at `at`."""
    joint = at + 1
    while tokens.at(joint) in ("et", ",", "le", "&"):
        joint += 1
    return joint > at + 1 and _day(tokens.at(joint)) is not None
