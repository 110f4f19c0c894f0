"""Lengths of time in seconds: `90 sekunden`, `anderthalb stunden`, `eine dreiviertelstunde`, `1 std 30`."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.german.numbers import amount, cardinal, is_digits
from appliance.understanding.german.tokens import Found, Tokens
from appliance.understanding.parsing.lengths import MAX_SECONDS, Piece, Tail, by_word, in_smaller, length_at, stopwatch
from appliance.understanding.parsing.scan import every

_SECONDS = by_word(
    ("sekunde sekunden sek sekundn", 1),
    ("minute minuten min mins minutn", 60),
    ("stunde stunden std stdn h", 3600),
    ("viertelstunden", 900),
    ("tag tage tagen", 86400),
    ("woche wochen", 604800),
)
_SHORT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WHOLE = {  # lengths that are one word
    "viertelstunde": 900, "viertelstuendchen": 900, "dreiviertelstunde": 2700, "halbestunde": 1800,
    "dreiviertelstuendchen": 2700, "halbstuendchen": 1800, "anderthalbstunden": 5400,
}  # fmt: skip
_NO_SMALLER = frozenset({":", "uhr", "%", "prozent", "/", "."})  # after a bare number: it is none of minutes
_VAGUE = {"paar": Fraction(3), "einige": Fraction(3)}

__all__ = ["MAX_SECONDS", "duration_at", "durations", "stopwatch"]


def duration_at(tokens: Tokens, at: int) -> Found[int] | None:
    """Return the length that begins at `at`, at most a year."""
    return length_at(
        at,
        lambda start: _piece(tokens, start),
        lambda end: _after_joint(tokens, end),
        lambda joint, unit, end: _tail(tokens, joint, unit, joint > end or tokens.attached(end)),
    )


def _after_joint(tokens: Tokens, at: int) -> int:
    if tokens.at(at) == "." and tokens.attached(at):  # "min."
        at += 1
    while tokens.at(at) in ("und", ",", "plus", "u", "&"):
        at += 1
    return at


def _piece(tokens: Tokens, at: int) -> Piece | None:
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


def _tail(tokens: Tokens, at: int, unit: int, joined: bool) -> Tail | None:
    """Return what follows a unit without one of its own: `und eine halbe`, `und zehn`, the 30 of `1h30`."""
    found = amount(tokens, at, one=False) or (amount(tokens, at) if tokens.at(at + 1).startswith("halb") else None)
    if found is None:
        return None
    if found.value < 1:
        return (found.value * unit, found.end) if joined and tokens.at(found.end) not in _SECONDS else None
    bare = in_smaller(tokens, cardinal(tokens, at, one=False), unit, _NO_SMALLER)
    return bare if joined or is_digits(tokens.at(at)) else None


def durations(tokens: Tokens) -> list[Found[int]]:
    """Return every length of time, left to right, without overlaps."""
    return every(tokens, lambda at: duration_at(tokens, at))
