"""How a number is shown: exact where it fits, rounded and said so where it does not."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

_MAX_DIGITS: Final = 21
_SMALL: Final = Fraction(1, 10**6)


def show(value: Fraction, digits: int = 10) -> tuple[str, bool]:
    """Return a number as text and whether that is all of it. `digits` are the significant ones of a rounded number."""
    if value.denominator == 1 and len(str(abs(value.numerator))) <= _MAX_DIGITS:
        return f"{value.numerator:,}", True
    if abs(value) >= 10**_MAX_DIGITS or (value and abs(value) < _SMALL):
        return _scientific(value, digits), False
    text = _rounded(value, digits)
    exact = Fraction(text) == value
    whole, _, rest = text.partition(".")
    grouped = f"{int(whole):,}" if int(whole) else whole
    return (f"{grouped}.{rest}" if rest else grouped), exact


def _rounded(value: Fraction, digits: int) -> str:
    """Round to significant digits, but never inside the whole part."""
    with localcontext() as context:
        context.prec = 60
        decimal = Decimal(value.numerator) / Decimal(value.denominator)
        places = max(0, digits - 1 - decimal.adjusted()) if decimal else 0
        text = f"{decimal:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: Fraction, digits: int) -> str:
    with localcontext() as context:
        context.prec = digits
        decimal = Decimal(value.numerator) / Decimal(value.denominator)
        exponent = decimal.adjusted()
        mantissa = f"{decimal.scaleb(-exponent):f}"
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa} × 10^{exponent}"
