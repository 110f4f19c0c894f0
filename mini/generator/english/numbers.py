"""Numbers as people write them."""

from __future__ import annotations

import random

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def words(value: int) -> str:
    """Spell a whole number below a million."""
    if value < 20:
        return _SMALL[value]
    if value < 100:
        return _TENS[value // 10] + (f" {_SMALL[value % 10]}" if value % 10 else "")
    if value < 1000:
        rest = f" {words(value % 100)}" if value % 100 else ""
        return f"{_SMALL[value // 100]} hundred{rest}"
    rest = f" {words(value % 1000)}" if value % 1000 else ""
    return f"{words(value // 1000)} thousand{rest}"


def digits_or_words(value: int, rng: random.Random, chance: float) -> str:
    """Return digits, or with `chance` words (now and then with a hyphen)."""
    if rng.random() >= chance:
        return str(value)
    text = words(value)
    return text.replace(" ", "-") if 20 < value < 100 and rng.random() < 0.3 else text
