"""What comes back: `jeden tag`, `werktags`, `montags und mittwochs`, `von montag bis freitag`."""

from __future__ import annotations

from appliance.understanding.german.days import NAMES
from appliance.understanding.german.numbers import cardinal, ordinal_value
from appliance.understanding.german.tokens import Found, Tokens
from appliance.understanding.said import DAYS

_CLIPPED = {"mo": 0, "di": 1, "mi": 2, "do": 3, "fr": 4, "sa": 5, "so": 6}
_EVERY = frozenset({"jeden", "jede", "jedes", "jeder", "jedem", "alle"})
_DAILY = frozenset({"taeglich", "tagtaeglich", "taeglicher", "taeglichen", "jedentag"})
_WORKING = frozenset(
    "werktags werktaeglich werktaeglicher werktaeglichen wochentags werktagen wochentagen arbeitstagen".split()
)
_UNKNOWN = frozenset(
    "stuendlich woechentlich monatlich jaehrlich halbstuendlich minuetlich vierteljaehrlich alljaehrlich".split()
)
_PARTS = frozenset("morgen abend vormittag nachmittag mittag nacht".split())
_LONGER = frozenset(
    "stunde stunden woche wochen monat monate jahr jahre minute minuten tage sekunde sekunden quartal mal".split()
)


def repeats(tokens: Tokens) -> Found[str | None] | None:
    """Return the repeat (`daily`, `weekdays`, `weekends`, `mon,wed`); value None for one that tools do not know."""
    for at in range(len(tokens)):
        one = _repeat(tokens, at)
        if one:
            return one
    return None


def _repeat(tokens: Tokens, at: int) -> Found[str | None] | None:
    part, second, third = tokens.at(at), tokens.at(at + 1), tokens.at(at + 2)
    if part in _DAILY:
        return Found("daily", at, at + 1)
    if part in _UNKNOWN:
        return Found(None, at, at + 1)
    if part in _WORKING:
        return Found("weekdays", at - 1 if tokens.at(at - 1) in ("an", "immer") else at, at + 1)
    if part == "unter" and second == "der" and third == "woche":
        return Found("weekdays", at, at + 3)
    if part in ("wochenenden", "wochenends"):
        return Found("weekends", at - 1 if tokens.at(at - 1) in ("an", "den") else at, at + 1)
    if second == "wochenende" and "immer" in (third, tokens.at(at - 1)) and part in ("am", "jedes"):
        return Found("weekends", at, at + (3 if third == "immer" else 2))
    if part in ("einmal", "zweimal", "dreimal") and second in ("am", "pro", "im", "die"):
        return Found("daily" if part == "einmal" and third == "tag" else None, at, at + 3)
    if part in _EVERY:
        return _every(tokens, at)
    if part == "immer":
        start = at + 2 if second in ("am", "an") else at + 1
        if _day(tokens.at(start), plural=second not in ("am", "an")) is not None:
            return _listed(tokens, at, start)
    if _plural(part) is not None:
        return _listed(tokens, at - 1 if tokens.at(at - 1) == "immer" else at, at)
    return _through(tokens, at)


def _through(tokens: Tokens, at: int) -> Found[str | None] | None:
    start = at + 1 if tokens.at(at) == "von" else at
    first, last = _day(tokens.at(start)), _day(tokens.at(start + 2))
    if first is None or last is None or tokens.at(start + 1) not in ("bis", "-") or first >= last:
        return None
    return Found(_named(set(range(first, last + 1))), at, start + 3)


def _every(tokens: Tokens, at: int) -> Found[str | None] | None:
    second = at + 2 if tokens.at(at + 1) in ("einzelnen", "einzigen") else at + 1
    word = tokens.at(second)
    if word == "tag" or (tokens.at(at) == "alle" and word == "tage"):
        return Found("daily", at, second + 1)
    if word in _PARTS:  # the part of the day stays for the clock to read
        return Found("daily", at, second)
    if word in ("werktag", "arbeitstag", "wochentag", "schultag"):
        return Found("weekdays", at - 1 if tokens.at(at - 1) == "an" else at, second + 1)
    if word == "wochenende":
        return Found("weekends", at, second + 1)
    if _day(word) is not None:
        return _listed(tokens, at, second)
    counted = cardinal(tokens, second, one=False)
    after = tokens.at(counted.end) if counted else tokens.at(second + 1) if ordinal_value(word) else word
    if after in _LONGER or (ordinal_value(word) and (after == "tag" or _day(after) is not None)):
        return Found(None, at, min(len(tokens), second + (1 if after == word else 2)))
    return None


def _plural(word: str) -> int | None:
    return NAMES.index(word[:-1]) if word.endswith("s") and word[:-1] in NAMES else None


def _day(word: str, plural: bool = False) -> int | None:
    if word in NAMES:
        return NAMES.index(word)
    return _plural(word) if plural and _plural(word) is not None else _CLIPPED.get(word)


def _listed(tokens: Tokens, start: int, at: int) -> Found[str | None]:
    chosen: set[int] = set()
    end = at
    while True:
        index = _day(tokens.at(at), plural=True)
        if index is None:
            break
        chosen.add(index)
        end = at = at + 1
        while tokens.at(at) in ("und", ",", "&", "jeden", "sowie"):
            at += 1
    return Found(_named(chosen), start, end)


def _named(chosen: set[int]) -> str:
    names = ",".join(DAYS[index] for index in sorted(chosen))
    known = {"mon,tue,wed,thu,fri": "weekdays", "sat,sun": "weekends", ",".join(DAYS): "daily"}
    return known.get(names, names)
