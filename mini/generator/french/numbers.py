"""Numbers as people of France, Belgium and Switzerland write them."""

from __future__ import annotations

import random

_SMALL = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf"
).split()
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}
_SOUTH = {70: "septante", 80: "huitante", 90: "nonante"}


def words(value: int, swiss: bool = False, feminine: bool = False) -> str:
    """Spell a whole number below a million. `swiss`: septante and nonante; `feminine`: une at the end."""
    if value >= 1000:
        head = "" if value // 1000 == 1 else words(value // 1000, swiss) + " "
        return f"{head}mille" + (f" {words(value % 1000, swiss, feminine)}" if value % 1000 else "")
    if value >= 100:
        rest = value % 100
        head = "" if value < 200 else _SMALL[value // 100] + " "
        return f"{head}cent{'s' if value >= 200 and not rest else ''}" + (
            f" {words(rest, swiss, feminine)}" if rest else ""
        )
    one = "une" if feminine else "un"
    if value < 20:
        return one if value == 1 else _SMALL[value]
    ten = value // 10 * 10
    if ten in _TENS or (swiss and ten in (70, 90)):
        name = _TENS.get(ten) or _SOUTH[ten]
        unit = value % 10
        return name if not unit else f"{name} et {one}" if unit == 1 else f"{name}-{_SMALL[unit]}"
    if ten == 70:
        return "soixante et onze" if value == 71 else f"soixante-{_SMALL[value - 60]}"
    rest = value - 80
    return "quatre-vingts" if not rest else f"quatre-vingt-{one if rest == 1 else _SMALL[rest]}"


def digits_or_words(value: int, rng: random.Random, chance: float, feminine: bool = False) -> str:
    """Return digits, or with `chance` words (now and then without hyphens)."""
    if rng.random() >= chance:
        return str(value)
    text = words(value, rng.random() < 0.15, feminine)
    return text.replace("-", " ") if rng.random() < 0.4 else text
