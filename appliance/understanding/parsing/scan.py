"""A walk over a sentence, left to right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from appliance.understanding.tokens import Found, Tokens

V = TypeVar("V")


def every(tokens: Tokens, read: Callable[[int], Found[V] | None]) -> list[Found[V]]:
    """Return all that `read` finds at the parts of a sentence, left to right, without overlaps."""
    found: list[Found[V]] = []
    at = 0
    while at < len(tokens):
        one = read(at)
        if one:
            found.append(one)
        at = one.end if one else at + 1
    return found


def first(tokens: Tokens, read: Callable[[Tokens, int], Found[V] | None]) -> Found[V] | None:
    """Return the leftmost that `read` finds."""
    return next((one for at in range(len(tokens)) if (one := read(tokens, at))), None)
