"""Lengths of time in seconds, put together from pieces with a unit each."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction

from appliance.understanding.tokens import Found, Tokens

MAX_SECONDS = 366 * 86400
_SMALLER = {3600: 60, 60: 1}

Piece = tuple[Fraction, int, int]  # (seconds, seconds per unit, end) of one number with its unit
Tail = tuple[Fraction, int]  # (seconds, end) of what follows without a unit


def by_word(*rows: tuple[str, int]) -> dict[str, int]:
    """Return the seconds of every spelling of the rows (spellings, seconds)."""
    return {word: seconds for words, seconds in rows for word in words.split()}


def length_at(
    at: int,
    piece: Callable[[int], Piece | None],
    after_joint: Callable[[int], int],
    tail: Callable[[int, int, int], Tail | None],
) -> Found[int] | None:
    """Return the length that begins at `at`, whole seconds, at most a year.

    `piece` reads one number with its unit, `after_joint` skips the words that join two, `tail` reads at (part, unit
    of the piece before, end of it) what has no unit of its own: `and a half`.
    """
    first = piece(at)
    if first is None:
        return None
    total, unit, end = first
    joint = after_joint(end)
    while (following := piece(joint)) and following[1] < unit:
        total, unit, end = total + following[0], following[1], following[2]
        joint = after_joint(end)
    if rest := tail(joint, unit, end):
        total, end = total + rest[0], rest[1]
    if total.denominator != 1 or not 0 < total <= MAX_SECONDS:
        return None
    return Found(int(total), at, end)


def in_smaller(tokens: Tokens, bare: Found[Fraction] | None, unit: int, stops: Collection[str]) -> Tail | None:
    """Read a bare number in the next smaller unit, the 30 of `1h30`; None where one of `stops` follows it."""
    smaller = _SMALLER.get(unit)
    if smaller is None or bare is None or not 0 < bare.value < 60 or tokens.at(bare.end) in stops:
        return None
    return bare.value * smaller, bare.end


def stopwatch(tokens: Tokens) -> int | None:
    """Return `5:30` or `1:05:00` as seconds: only a timer reads colons that way."""
    for at in range(len(tokens) - 2):
        minutes, colon, seconds = tokens.parts[at : at + 3]
        if minutes.isdigit() and colon == ":" and seconds.isdigit() and len(seconds) == 2:
            if tokens.at(at + 3) == ":" and tokens.at(at + 4).isdigit():
                return int(minutes) * 3600 + int(seconds) * 60 + int(tokens.at(at + 4))
            return int(minutes) * 60 + int(seconds) or None
    return None
