"""A sentence cut into numbers, words and signs, each of which knows the word it came from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")

_PART = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+|[^\W\d_]+(?:'[^\W\d_]+)?|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Tokens:
    """`parts` in lower case; `origin[i]` is the index of the word that part i came from."""

    parts: tuple[str, ...]
    origin: tuple[int, ...]

    @classmethod
    def of(cls, words: Sequence[str]) -> Tokens:
        parts: list[str] = []
        origin: list[int] = []
        for at, word in enumerate(words):
            for part in _PART.findall(word.lower()):
                parts.append(part)
                origin.append(at)
        return cls(tuple(parts), tuple(origin))

    @classmethod
    def text(cls, text: str) -> Tokens:
        return cls.of(text.split())

    def __len__(self) -> int:
        return len(self.parts)

    def at(self, index: int) -> str:
        """Return the part, or "" past either end."""
        return self.parts[index] if 0 <= index < len(self.parts) else ""

    def attached(self, index: int) -> bool:
        """Tell whether the part stands in the same word as the one before it."""
        return 0 < index < len(self.parts) and self.origin[index] == self.origin[index - 1]


@dataclass(frozen=True, slots=True)
class Found(Generic[V]):
    """A value and the parts [start, end) that say it."""

    value: V
    start: int
    end: int
