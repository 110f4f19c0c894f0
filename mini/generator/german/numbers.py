"""Numbers as people who speak German write them."""

from __future__ import annotations

import random

_SMALL = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn achtzehn neunzehn"
).split()
_TENS = "_ _ zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()


def words(value: int) -> str:
    """Spell a whole number below a million in one word."""
    if value < 20:
        return _SMALL[value]
    if value < 100:
        front = ("ein" if value % 10 == 1 else _SMALL[value % 10]) + "und" if value % 10 else ""
        return front + _TENS[value // 10]
    if value < 1000:
        count = value // 100
        front = "" if count == 1 and value % 2 else ("ein" if count == 1 else _SMALL[count])
        return f"{front}hundert{words(value % 100) if value % 100 else ''}"
    count = value // 1000
    front = "ein" if count == 1 else words(count)
    return f"{front.removesuffix('eins') + 'ein' if front.endswith('eins') else front}tausend" + (
        words(value % 1000) if value % 1000 else ""
    )


def digits_or_words(value: int, rng: random.Random, chance: float) -> str:
    """Return digits, or with `chance` words."""
    return words(value) if rng.random() < chance else str(value)


def ordinal(value: int) -> str:
    """Spell `ersten`, `dritten`, `zwanzigsten`."""
    stem = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}.get(value)
    return f"{stem or words(value) + ('t' if value < 20 else 'st')}en"
