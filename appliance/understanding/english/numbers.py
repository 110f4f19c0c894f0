"""Numbers in digits and words."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.tokens import Found, Tokens

_UNITS = {
    name: value
    for value, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {"oh": 0}
_TENS = {
    name: 10 * value
    for value, name in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
} | {"fourty": 40}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
ORDINALS = {
    name: value
    for value, name in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        start=1,
    )
} | {"thirtieth": 30}
_PARTS = {
    "half": Fraction(1, 2), "halves": Fraction(1, 2), "third": Fraction(1, 3), "thirds": Fraction(1, 3),
    "quarter": Fraction(1, 4), "quarters": Fraction(1, 4), "fourth": Fraction(1, 4), "fourths": Fraction(1, 4),
    "fifth": Fraction(1, 5), "fifths": Fraction(1, 5), "eighth": Fraction(1, 8), "eighths": Fraction(1, 8),
    "tenth": Fraction(1, 10), "tenths": Fraction(1, 10),
}  # fmt: skip
_MAX = 10**15


def digits(part: str) -> Fraction:
    return Fraction(part.replace(",", ""))


def cardinal(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return the number that begins at `at`: `25`, `1,200`, `2.5`, `twenty five`, `two hundred and six`, `a hundred`.

    Fractions (`1/2`, `three quarters`) are `amount`'s business.
    """
    part = tokens.at(at)
    if is_digits(part):
        value, end = digits(part), at + 1
        while tokens.at(end) in ("thousand", "million", "billion", "hundred"):
            value *= _SCALES.get(tokens.at(end), 100)
            end += 1
        return Found(value, at, end) if value <= _MAX else None
    return _spoken(tokens, at)


def _spoken(tokens: Tokens, at: int) -> Found[Fraction] | None:
    total = current = 0
    end, seen = at, False
    if tokens.at(at) in ("a", "an") and tokens.at(at + 1) in ("hundred", "thousand", "million", "dozen"):
        current, end, seen = 1, at + 1, True
    last = ""
    while True:
        part = tokens.at(end)
        if part == "-" and seen and tokens.attached(end):
            end += 1
            continue
        if part in _UNITS and part != "oh" and (not seen or last in ("tens", "scale")):
            if last == "tens" and _UNITS[part] > 9:
                break
            current, last = current + _UNITS[part], "unit"
        elif part in _TENS and (not seen or last == "scale"):
            current, last = current + _TENS[part], "tens"
        elif part == "hundred" and seen and 0 < current < 100:
            current, last = current * 100, "scale"
        elif part == "dozen" and seen and current:
            current, last = current * 12, "unit"
        elif part in _SCALES and seen and current:
            total, current, last = total + current * _SCALES[part], 0, "scale"
        elif part == "and" and last == "scale" and (tokens.at(end + 1) in _UNITS or tokens.at(end + 1) in _TENS):
            end += 1
            continue
        else:
            break
        seen, end = True, end + 1
    while end > at and tokens.at(end - 1) in ("-", "and"):
        end -= 1
    if not seen:
        return None
    value = Fraction(total + current)
    if tokens.at(end) == "point" and (tokens.at(end + 1) in _UNITS or is_digits(tokens.at(end + 1))):
        return _decimals(tokens, value, at, end + 1)
    return Found(value, at, end)


def _decimals(tokens: Tokens, whole: Fraction, start: int, at: int) -> Found[Fraction]:
    figures = ""
    while (part := tokens.at(at)) in _UNITS or is_digits(part):
        figures += str(_UNITS[part]) if part in _UNITS else part
        at += 1
    return Found(whole + Fraction(int(figures), 10 ** len(figures)), start, at)


def fraction(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return `half`, `a third`, `three quarters`, `1/2` at `at`."""
    part = tokens.at(at)
    if is_digits(part) and tokens.at(at + 1) == "/" and is_digits(tokens.at(at + 2)) and digits(tokens.at(at + 2)):
        return Found(digits(part) / digits(tokens.at(at + 2)), at, at + 3)
    if part in ("half", "quarter"):
        return Found(_PARTS[part], at, at + 1)
    if part in ("a", "an", "one") and tokens.at(at + 1) in _PARTS:
        return Found(_PARTS[tokens.at(at + 1)], at, at + 2)
    if part in _UNITS and tokens.at(at + 1) in _PARTS and tokens.at(at + 1).endswith("s"):
        return Found(_UNITS[part] * _PARTS[tokens.at(at + 1)], at, at + 2)
    if is_digits(part) and tokens.at(at + 1) in _PARTS and tokens.at(at + 1).endswith("s"):
        return Found(digits(part) * _PARTS[tokens.at(at + 1)], at, at + 2)
    return None


def amount(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return a number with its fraction: `two and a half`, `2 1/2`, `half`, `1.5`, `-4`."""
    if tokens.at(at) in ("-", "minus") and not tokens.attached(at):
        inner = amount(tokens, at + 1)
        return None if inner is None or inner.value < 0 else Found(-inner.value, at, inner.end)
    if small := fraction(tokens, at):
        return small
    whole = cardinal(tokens, at)
    if whole is None:
        return None
    end = whole.end
    joint = end + 1 if tokens.at(end) == "and" else end
    rest = fraction(tokens, joint)
    if (
        rest
        and rest.value < 1
        and (joint > end or "/" in tokens.parts[rest.start : rest.end])
        and tokens.at(rest.end) != "past"
    ):
        return Found(whole.value + rest.value, at, rest.end)
    return whole
