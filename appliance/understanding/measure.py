"""What the unit parsers of all languages share: canonical unit names, what they measure, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.tokens import Found, Tokens

_NAMES = {
    "length": "kilometer|meter|centimeter|millimeter|mile|yard|foot|inch|nautical mile|light year",
    "mass": "kilogram|gram|milligram|pound|ounce|stone|tonne|ton",
    "volume": "liter|milliliter|centiliter|deciliter|hectoliter|cubic meter|cubic foot|cubic inch|gallon|quart|pint|"
    "cup|fluid ounce|tablespoon|teaspoon",
    "temperature": "celsius|fahrenheit|kelvin",
    "speed": "kilometer per hour|mile per hour|meter per second|knot",
    "time": "second|minute|hour|day|week|month|year",
    "area": "acre|hectare|square foot|square meter|square kilometer|square mile|square inch|square yard|"
    "square centimeter",
    "pressure": "psi|bar|pascal|kilopascal",
    "energy": "kilocalorie|calorie|joule|kilojoule|kilowatt hour",
    "power": "watt|kilowatt|horsepower",
    "data": "bit|byte|kilobyte|megabyte|gigabyte|terabyte",
}
# canonical name -> what it measures; the tools know these names
UNITS: dict[str, str] = {name: dimension for dimension, names in _NAMES.items() for name in names.split("|")}
_SMALLER = {
    ("foot", "inch"): 12,
    ("pound", "ounce"): 16,
    ("stone", "pound"): 14,
    ("hour", "minute"): 60,
    ("minute", "second"): 60,
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """`value` of `from_unit` is wanted in `to_unit`."""

    value: Fraction
    from_unit: str
    to_unit: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A unit that was named at the parts [start, end), with its number if it has one."""

    value: Fraction | None
    unit: str
    start: int
    end: int


def joined(mentions: list[Mention]) -> list[Mention]:
    """Join feet and inches of one height, pounds and ounces of one weight."""
    found: list[Mention] = []
    for one in mentions:
        before = found[-1] if found else None
        factor = _SMALLER.get((before.unit, one.unit)) if before else None
        if before and factor and before.value is not None and one.value is not None and one.start - before.end <= 1:
            found[-1] = Mention(before.value * factor + one.value, one.unit, before.start, one.end)
        else:
            found.append(one)
    return found


def distinct(mentions: list[Mention]) -> list[Mention]:
    """Drop mentions of a unit that another mention names with its number: "in feet, 22 feet"."""
    numbered = {one.unit for one in mentions if one.value is not None}
    return [one for one in mentions if one.value is not None or one.unit not in numbered]


def converted(
    tokens: Tokens, source: Mention, target: Mention, amount: Callable[[Tokens, int], Found[Fraction] | None]
) -> Conversion | None:
    """Return one unit in the other; None where they do not measure the same or the number is not sure.

    Ounces are fluid ounces beside a volume.
    """
    source, target = _fluid(source, target), _fluid(target, source)
    if source.unit == target.unit or UNITS[source.unit] != UNITS[target.unit]:
        return None
    value = source.value if source.value is not None else _lone(tokens, (source, target), amount)
    return None if value is None else Conversion(value, source.unit, target.unit)


def _fluid(one: Mention, other: Mention) -> Mention:
    wet = one.unit == "ounce" and UNITS[other.unit] == "volume"
    return replace(one, unit="fluid ounce") if wet else one


def _lone(
    tokens: Tokens, mentions: tuple[Mention, ...], amount: Callable[[Tokens, int], Found[Fraction] | None]
) -> Fraction | None:
    """Return the one number that stands by itself ("pounds to kilos: 180"), 1 without any, None with several."""
    taken = {n for one in mentions for n in range(one.start, one.end)}
    numbers = [n for n in range(len(tokens)) if n not in taken and is_digits(tokens.at(n))]
    if len(numbers) > 1:
        return None
    found = amount(tokens, numbers[0]) if numbers else None
    return found.value if found else Fraction(1)
