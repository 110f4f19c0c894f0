"""Lengths of time in seconds."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.english.numbers import amount, cardinal
from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.parsing.lengths import MAX_SECONDS, Piece, Tail, by_word, in_smaller, length_at, stopwatch
from appliance.understanding.parsing.scan import every
from appliance.understanding.tokens import Found, Tokens

_SECONDS = by_word(
    ("second seconds sec secs", 1),
    ("minute minutes min mins minuets minits", 60),
    ("hour hours hr hrs", 3600),
    ("day days", 86400),
    ("week weeks", 604800),
    ("fortnight", 1209600),
)
_SHORT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NO_SMALLER = frozenset({":", "am", "pm", "%", "percent", "/"})  # after a bare number: it is none of minutes
_VAGUE = {"couple": Fraction(2), "few": Fraction(3)}

__all__ = ["MAX_SECONDS", "duration_at", "durations", "stopwatch"]


def duration_at(tokens: Tokens, at: int) -> Found[int] | None:
    """Return the length that begins at `at`, at most a year: `90 seconds`, `1h30`, `an hour and a half`."""
    return length_at(
        at,
        lambda start: _piece(tokens, start),
        lambda end: _after_joint(tokens, end),
        lambda joint, unit, end: _tail(tokens, joint, unit, joint > end or tokens.attached(end)),
    )


def _after_joint(tokens: Tokens, at: int) -> int:
    while tokens.at(at) in ("and", ",", "plus", "n", "&"):
        at += 1
    return at


def _piece(tokens: Tokens, at: int) -> Piece | None:
    """Return (seconds, seconds per unit, end) of one number with its unit."""
    number, end = _count(tokens, at)
    if number is None:
        return None
    if tokens.at(end) == "-":
        end += 1
    for filler in ("of", "a", "an", "so", "more", "full", "whole"):
        if tokens.at(end) == filler and (tokens.at(end + 1) in _SECONDS or tokens.at(end + 1) in ("a", "an", "or")):
            end += 1
    if tokens.at(end) == "or" and tokens.at(end + 1) == "so":
        end += 2
    part = tokens.at(end)
    if part in _SECONDS:
        length = _SECONDS[part]
    elif part in _SHORT and is_digits(tokens.at(end - 1)):
        length = _SHORT[part]
    else:
        return None
    return number * length, length, end + 1


def _count(tokens: Tokens, at: int) -> tuple[Fraction | None, int]:
    part = tokens.at(at)
    if part in ("a", "an") and tokens.at(at + 1) in _VAGUE:
        return _VAGUE[tokens.at(at + 1)], at + 2
    if part == "couple":
        return _VAGUE[part], at + 1
    if found := amount(tokens, at):
        return (found.value, found.end) if found.value > 0 else (None, at)
    if part in ("a", "an", "per") and tokens.at(at + 1) in _SECONDS:
        return (None, at) if part == "per" else (Fraction(1), at + 1)
    return None, at


def _tail(tokens: Tokens, at: int, unit: int, joined: bool) -> Tail | None:
    """Return what follows a unit without one of its own: `and a half`, `and ten`, the 30 of `1h30`."""
    found = amount(tokens, at)
    if found is None:
        return None
    if found.value < 1:
        return (found.value * unit, found.end) if joined else None
    bare = in_smaller(tokens, cardinal(tokens, at), unit, _NO_SMALLER)
    return bare if joined or is_digits(tokens.at(at)) else None


def durations(tokens: Tokens) -> list[Found[int]]:
    """Return every length of time, left to right, without overlaps."""
    return every(tokens, lambda at: duration_at(tokens, at))
