"""Lengths of time in seconds."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.english.numbers import amount, cardinal, is_digits
from appliance.understanding.tokens import Found, Tokens

_SECONDS: dict[str, int] = {}
for _names, _length in (
    ("second seconds sec secs", 1),
    ("minute minutes min mins minuets minits", 60),
    ("hour hours hr hrs", 3600),
    ("day days", 86400),
    ("week weeks", 604800),
    ("fortnight", 1209600),
):
    _SECONDS.update(dict.fromkeys(_names.split(), _length))
_SHORT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SMALLER = {3600: 60, 60: 1}
_VAGUE = {"couple": Fraction(2), "few": Fraction(3)}
MAX_SECONDS = 366 * 86400


def duration_at(tokens: Tokens, at: int) -> Found[int] | None:
    """Return the length that begins at `at`, at most a year: `90 seconds`, `1h30`, `an hour and a half`."""
    first = _piece(tokens, at)
    if first is None:
        return None
    total, unit, end = first
    while True:
        joint = end
        while tokens.at(joint) in ("and", ",", "plus", "n", "&"):
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


def _tail(tokens: Tokens, at: int, unit: int, joined: bool) -> tuple[Fraction, int] | None:
    """Return what follows a unit without one of its own: `and a half`, `and ten`, the 30 of `1h30`."""
    smaller = _SMALLER.get(unit)
    found = amount(tokens, at)
    if found is None:
        return None
    if found.value < 1:
        return (found.value * unit, found.end) if joined else None
    bare = cardinal(tokens, at)
    if (
        smaller is None
        or bare is None
        or not 0 < bare.value < 60
        or tokens.at(bare.end) in (":", "am", "pm", "%", "percent", "/")
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
