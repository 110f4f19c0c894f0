"""A sentence cut into numbers, words and signs, each of which knows the word it came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")

_PART = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+|[^\W\d_]+(?:'[^\W\d_]+)?|[^\w\s]|_")
_MIN_SPELLED = 6  # shorter words have too many neighbours that are words themselves: timer, times


def as_it_is(word: str) -> str:
    return word


def speller(known: frozenset[str]) -> Callable[[str], str]:
    """Return a repair for words that miss a known word by one letter (left out, doubled, wrong or swapped)."""
    candidates = tuple(sorted(word for word in known if len(word) >= _MIN_SPELLED))

    def spelled(word: str) -> str:
        if len(word) < _MIN_SPELLED or word in known or not word.isalpha():
            return word
        if any(word.startswith(one) for one in known):  # quarters, squared: forms, not slips
            return word
        for one in candidates:
            if abs(len(one) - len(word)) <= 1 and _one_off(word, one):
                return one
        return word

    return spelled


def _one_off(word: str, known: str) -> bool:
    start = next((n for n, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), min(len(word), len(known)))
    left, right = word[start:], known[start:]
    swapped = len(left) > 1 and len(right) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right or left == right[1:] or left[1:] == right[1:]


@dataclass(frozen=True, slots=True)
class Tokens:
    """`parts` in lower case; `origin[i]` is the index of the word that part i came from."""

    parts: tuple[str, ...]
    origin: tuple[int, ...]

    @classmethod
    def of(cls, words: Sequence[str], spelled: Callable[[str], str] = as_it_is) -> Tokens:
        parts: list[str] = []
        origin: list[int] = []
        for at, word in enumerate(words):
            for part in _PART.findall(word.lower()):
                parts.append(spelled(part))
                origin.append(at)
        return cls(tuple(parts), tuple(origin))

    @classmethod
    def text(cls, text: str, spelled: Callable[[str], str] = as_it_is) -> Tokens:
        return cls.of(text.split(), spelled)

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
