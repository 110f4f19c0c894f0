"""Lengths of time in seconds: `90 sekunden`, `anderthalb stunden`, `eine dreiviertelstunde`, `1 std 30`."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.german.numbers import amount, cardinal, is_digits
from appliance.understanding.german.tokens import Found, Tokens

_SECONDS: dict[str, int] = {}
for _names, _length in (
    ("sekunde sekunden sek sekundn", 1),
    ("minute minuten min mins minutn", 60),
    ("stunde stunden std stdn h", 3600),
    ("viertelstunden", 900),
    ("tag tage tagen", 86400),
    ("woche wochen", 604800),
):
    _SECONDS.update(dict.fromkeys(_names.split(), _length))
_SHORT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SMALLER = {3600: 60, 60: 1}
_WHOLE = {  # lengths that are one word
    "viertelstunde": 900, "viertelstuendchen": 900, "dreiviertelstunde": 2700, "halbestunde": 1800,
    "dreiviertelstuendchen": 2700, "halbstuendchen": 1800, "anderthalbstunden": 5400,
}  # fmt: skip
_VAGUE = {"paar": Fraction(3), "einige": Fraction(3)}
MAX_SECONDS = 366 * 86400


def duration_at(tokens: Tokens, at: int) -> Found[int] | None:
    """Return the length that begins at `at`, at most a year."""
    first = _piece(tokens, at)
    if first is None:
        return None
    total, unit, end = first
    while True:
        joint = end
        if tokens.at(joint) == "." and tokens.attached(joint):  # "min."
            joint += 1
        while tokens.at(joint) in ("und", ",", "plus", "u", "&"):
            joint += 1
        following = _piece(tokens, joint)
        if following and following[1] < unit:
            total, unit, end = total + following[0], following[1], following[2]
            continue
        tail = _tail(tokens, joint, unit, joint > end or tokens.attached(end))
        if tail:
            total, end = total + tail[0], tail[1]
        break
    if total.denominator != 1 or not 0 < total <= MAX_SECONDS:
        return None
    return Found(int(total), at, end)


def _piece(tokens: Tokens, at: int) -> tuple[Fraction, int, int] | None:
    """Return (seconds, seconds per unit, end) of one number with its unit."""
    start = at
    if tokens.at(at) in ("ein", "eine", "einer", "einem", "einen", "der", "die", "ner"):
        start += 1
    if tokens.at(start) in ("gute", "knappe", "ganze", "knapp", "guten", "ganzen", "knappen"):
        start += 1
    if tokens.at(start) in _WHOLE:
        return Fraction(_WHOLE[tokens.at(start)]), 3600, start + 1
    number, end = _count(tokens, at, start)
    if number is None:
        return None
    if tokens.at(end) == "-":
        end += 1
    while tokens.at(end) in ("ganze", "ganzen", "volle", "vollen", "weitere", "weiteren"):
        end += 1
    part = tokens.at(end)
    if part in _SECONDS and (part != "h" or is_digits(tokens.at(end - 1))):
        length = _SECONDS[part]
    elif part in _SHORT and is_digits(tokens.at(end - 1)):
        length = _SHORT[part]
    else:
        return None
    if tokens.at(end + 1) == "zeit" and length >= 60:
        end += 1
    return number * length, length, end + 1


def _count(tokens: Tokens, at: int, start: int) -> tuple[Fraction | None, int]:
    if tokens.at(start) in _VAGUE and start > at:
        return _VAGUE[tokens.at(start)], start + 1
    if found := amount(tokens, at):
        return (found.value, found.end) if found.value > 0 else (None, at)
    if start > at and tokens.at(start) in _SECONDS:
        return Fraction(1), start
    return None, at


def _tail(tokens: Tokens, at: int, unit: int, joined: bool) -> tuple[Fraction, int] | None:
    """Return what follows a unit without one of its own: `und eine halbe`, `und zehn`, the 30 of `1h30`."""
    found = amount(tokens, at, one=False) or (amount(tokens, at) if tokens.at(at + 1).startswith("halb") else None)
    if found is None:
        return None
    if found.value < 1:
        return (found.value * unit, found.end) if joined and tokens.at(found.end) not in _SECONDS else None
    smaller = _SMALLER.get(unit)
    bare = cardinal(tokens, at, one=False)
    if (
        smaller is None
        or bare is None
        or not 0 < bare.value < 60
        or tokens.at(bare.end) in (":", "uhr", "%", "prozent", "/", ".")
    ):
        return None
    return (bare.value * smaller, bare.end) if joined or is_digits(tokens.at(at)) else None


def durations(tokens: Tokens) -> list[Found[int]]:
    """Return every length of time, left to right, without overlaps."""
    found: list[Found[int]] = []
    at = 0
    while at < len(tokens):
        one = duration_at(tokens, at)
        if one:
            found.append(one)
            at = one.end
        else:
            at += 1
    return found


def stopwatch(tokens: Tokens) -> int | None:
    """Return `5:30` or `1:05:00` as seconds: only a timer reads colons that way."""
    for at in range(len(tokens) - 2):
        minutes, colon, seconds = tokens.parts[at : at + 3]
        if minutes.isdigit() and colon == ":" and seconds.isdigit() and len(seconds) == 2:
            if tokens.at(at + 3) == ":" and tokens.at(at + 4).isdigit():
                return int(minutes) * 3600 + int(seconds) * 60 + int(tokens.at(at + 4))
            return int(minutes) * 60 + int(seconds) or None
    return None
