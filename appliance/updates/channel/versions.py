"""Which of two versions is the newer one: the order of semver.org 2.0, with one to four numbers."""

from __future__ import annotations

import re
from functools import total_ordering
from typing import Final

_FORM: Final = re.compile(
    r"(?P<numbers>[0-9]{1,9}(?:\.[0-9]{1,9}){0,3})(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z.-]+)?",
    re.ASCII,
)
MAX_LENGTH: Final = 64


@total_ordering
class Version:
    """A version that can be compared. What follows a `+` names a build and does not count."""

    __slots__ = ("_key", "text")

    def __init__(self, text: str) -> None:
        """Raises ValueError for what is no version."""
        match = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if match is None:
            raise ValueError(f"{text[:MAX_LENGTH]!r} is no version; write for example 1.4.0 or 1.4.0-beta.2")
        self.text = text
        numbers = [int(one) for one in match["numbers"].split(".")]
        numbers += [0] * (4 - len(numbers))
        self._key = (tuple(numbers), *_order_of(match["pre"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Version({self.text!r})"


def _order_of(pre: str | None) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    """A version before the version sorts below it; numbers in it sort below words (semver.org, 11)."""
    if pre is None:
        return 1, ()
    return 0, tuple((0, int(one), "") if one.isdecimal() else (1, 0, one) for one in pre.split("."))
