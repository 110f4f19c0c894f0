"""Numbers in figures."""

from __future__ import annotations

from fractions import Fraction


def is_digits(part: str) -> bool:
    """Tell whether a part is a number in figures: `25`, `.5`."""
    return part[:1].isdigit() or (part[:1] == "." and len(part) > 1)


def plain(value: Fraction) -> str:
    """Write a number the short way: `3`, `2.5`, `0.333333`."""
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.6f}".rstrip("0").rstrip(".")
