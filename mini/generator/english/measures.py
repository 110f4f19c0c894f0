"""Fillers for sums and measures."""

from __future__ import annotations

import random

from mini.generator.english.fillers import Filler, fraction, number, percent, small
from mini.generator.english.numbers import digits_or_words

# singular, plural and short names by what they measure
UNITS: dict[str, tuple[tuple[str, ...], ...]] = {
    "length": (
        ("mile", "miles", "mi"),
        ("kilometer", "kilometers", "km", "kilometre", "kilometres", "kms"),
        ("meter", "meters", "m", "metre", "metres"),
        ("centimeter", "centimeters", "cm", "centimetre", "centimetres"),
        ("millimeter", "millimeters", "mm"),
        ("foot", "feet", "ft"),
        ("inch", "inches", "in"),
        ("yard", "yards", "yd"),
    ),
    "mass": (
        ("kilogram", "kilograms", "kg", "kilo", "kilos", "kgs"),
        ("gram", "grams", "g"),
        ("pound", "pounds", "lb", "lbs"),
        ("ounce", "ounces", "oz"),
        ("stone", "stones"),
        ("ton", "tons"),
        ("milligram", "milligrams", "mg"),
    ),
    "volume": (
        ("liter", "liters", "l", "litre", "litres"),
        ("milliliter", "milliliters", "ml"),
        ("gallon", "gallons", "gal"),
        ("cup", "cups"),
        ("tablespoon", "tablespoons", "tbsp"),
        ("teaspoon", "teaspoons", "tsp"),
        ("pint", "pints"),
        ("quart", "quarts"),
        ("fluid ounce", "fluid ounces", "fl oz"),
    ),
    "temperature": (
        ("fahrenheit", "degrees fahrenheit", "f", "degrees f"),
        ("celsius", "degrees celsius", "c", "degrees c", "centigrade"),
        ("kelvin", "kelvin"),
    ),
    "speed": (
        ("mile per hour", "miles per hour", "mph"),
        ("kilometer per hour", "kilometers per hour", "kmh", "km/h", "kph"),
        ("knot", "knots"),
        ("meter per second", "meters per second", "m/s"),
    ),
    "time": (
        ("second", "seconds", "secs"),
        ("minute", "minutes", "mins"),
        ("hour", "hours", "hrs"),
        ("day", "days"),
        ("week", "weeks"),
        ("month", "months"),
        ("year", "years"),
    ),
    "area": (
        ("acre", "acres"),
        ("hectare", "hectares"),
        ("square foot", "square feet", "sq ft"),
        ("square meter", "square meters"),
        ("square mile", "square miles"),
    ),
    "pressure": (("psi", "psi"), ("bar", "bars", "bar"), ("pascal", "pascals")),
    "energy": (
        ("calorie", "calories", "kcal"),
        ("joule", "joules"),
        ("kilojoule", "kilojoules", "kj"),
        ("kilowatt hour", "kilowatt hours", "kwh"),
    ),
    "power": (("watt", "watts"), ("kilowatt", "kilowatts", "kw"), ("horsepower", "horsepower", "hp")),
    "data": (
        ("megabyte", "megabytes", "mb"),
        ("gigabyte", "gigabytes", "gb"),
        ("terabyte", "terabytes", "tb"),
        ("kilobyte", "kilobytes", "kb"),
        ("bit", "bits"),
        ("byte", "bytes"),
    ),
}
_WEIGHTS = {
    "length": 7,
    "mass": 6,
    "volume": 6,
    "temperature": 5,
    "speed": 1,
    "time": 3,
    "area": 1,
    "data": 1,
    "pressure": 1,
    "energy": 1,
    "power": 1,
}


def _pair(rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    first, second = rng.sample(UNITS[kind], 2)
    return first, second, kind


def _many(unit: tuple[str, ...], rng: random.Random) -> str:
    return rng.choice([unit[1], unit[1], rng.choice(unit[1:])])


def _amount(unit: tuple[str, ...], kind: str, rng: random.Random) -> str:
    pick = rng.random()
    if kind == "temperature":
        value = digits_or_words(rng.choice([0, 32, 100, 350, 72, 98, rng.randint(-10, 120)]), rng, 0.0)
        name = rng.choice([unit[0], unit[0], *unit[1:]])
        if name in ("f", "c"):
            joint = rng.choice([" degrees ", "° ", " ", ""])
        else:
            joint = " " if name.startswith("degrees") else rng.choice([" ", " degrees "])
        return f"{value}{joint}{name}"
    if pick < 0.12:
        return f"{rng.choice(['an' if unit[0][0] in 'aeiou' else 'a', 'one', '1', 'a'])} {unit[0]}"
    if pick < 0.18:
        return rng.choice(
            [
                f"half a {unit[0]}",
                f"{fraction(rng)} of a {unit[0]}",
                f"{digits_or_words(rng.randint(1, 9), rng, 0.6)} and a half {unit[1]}",
            ]
        )
    if pick < 0.22 and kind == "length":
        return rng.choice(
            [
                f"{rng.randint(4, 6)} foot {rng.randint(1, 11)}",
                f"{rng.randint(4, 6)} feet {rng.randint(1, 11)} inches",
                f"{rng.randint(4, 6)}'{rng.randint(1, 11)}",
            ]
        )
    if pick < 0.26 and kind == "length":
        return f"{rng.randint(2, 60)}k"
    value = rng.choice(
        [
            str(rng.randint(2, 20)),
            digits_or_words(rng.randint(2, 500), rng, 0.3),
            f"{rng.randint(0, 30)}.{rng.randint(1, 9)}",
            number(rng),
        ]
    )
    name = _many(unit, rng)
    return f"{value}{'' if len(name) <= 2 and value[-1].isdigit() and rng.random() < 0.5 else ' '}{name}"


def measure(rng: random.Random) -> str:
    first, _, kind = _pair(rng)
    return _amount(first, kind, rng)


def unit(rng: random.Random) -> str:
    return _many(_pair(rng)[0], rng)


def oneunit(rng: random.Random) -> str:
    first, _, kind = _pair(rng)
    return rng.choice(
        [f"{'an' if first[0][0] in 'aeiou' else 'a'} {first[0]}", f"one {first[0]}", _amount(first, kind, rng)]
    )


def _conv(joins: str) -> Filler:
    options = joins.split("|")

    def make(rng: random.Random) -> str:
        first, second, kind = _pair(rng)
        target = _many(second, rng) if kind != "temperature" else rng.choice(second)
        return f"{_amount(first, kind, rng)} {rng.choice(options)} {target}"

    return make


def howmany(rng: random.Random) -> str:
    first, second, kind = _pair(rng)
    target = _many(second, rng)
    source = rng.choice(
        [_amount(first, kind, rng), f"{'an' if first[0][0] in 'aeiou' else 'a'} {first[0]}", f"one {first[0]}"]
    )
    join = rng.choice(
        [
            "in",
            "are in",
            "are there in",
            "is",
            "in",
            "are in",
            "does it take to make",
            "make up",
            "are",
            "make",
            "equal",
            "per",
            "go into",
            "is there in",
        ]
    )
    return f"{target} {join} {source}"


def howmuch(rng: random.Random) -> str:
    first, second, kind = _pair(rng)
    return f"is {_amount(first, kind, rng)} {rng.choice(['in', 'in'])} {_many(second, rng)}"


# ---- sums -----------------------------------------------------------------------------------------------------------

_INFIX = (
    "plus|plus|minus|minus|times|times|times|divided by|divided by|multiplied by|over|x|+|"
    "-|*|/|×|÷|to the power of|into|added to|less|to the|^"
).split("|")


def math(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.60:
        operator = rng.choice(_INFIX[:-2])
        tight = operator in "+-*/x×÷" and rng.random() < 0.5
        text = number(rng)
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
            text += operator.join(["", ""] if tight else [" ", " "]) + number(rng)
            operator = rng.choice(["plus", "minus", "times"]) if not tight else rng.choice("+-*/")
        return text
    if pick < 0.72:
        return f"{percent(rng)} of {number(rng)}"
    if pick < 0.80:
        return f"the {rng.choice(['square', 'square', 'cube'])} root of {number(rng)}".removeprefix(
            rng.choice(["the ", ""])
        )
    if pick < 0.86:
        powers = "squared|cubed|factorial|mod 7|to the third power|to the power of 3|to the fourth".split("|")
        return f"{number(rng)} {rng.choice(powers)}"
    if pick < 0.92:
        return f"{fraction(rng)} of {number(rng)}"
    a, b, c = number(rng), number(rng), small(rng)
    return rng.choice(
        [
            f"({a} + {b}) * {c}",
            f"{a} - ({b} + {c})",
            f"({a}+{b})/{c}",
            f"{a} plus {b} times {c}",
            f"{a}^{c}",
            f"{a} plus {b} divided by {c}",
            f"sqrt({a})",
        ]
    )


def mathverb(rng: random.Random) -> str:
    a, b = number(rng), number(rng)
    return rng.choice(
        [
            f"add {a} and {b}",
            f"add {a} to {b}",
            f"subtract {a} from {b}",
            f"multiply {a} by {b}",
            f"divide {a} by {b}",
            f"multiply {a} and {b}",
            f"multiply {a} times {b}",
            f"take {a} from {b}",
            f"take {a} away from {b}",
            f"divide {a} into {b}",
            f"add {a} {b} and {number(rng)}",
            f"add up {a}, {b} and {number(rng)}",
            f"sum {a} and {b}",
            f"square {a}",
            f"double {a}",
            f"take {percent(rng)} off {a}",
            f"add {percent(rng)} to {a}",
            f"raise {a} to the power of {small(rng)}",
            f"take the square root of {a}",
            f"subtract {a} and {b}",
            f"deduct {a} from {b}",
            f"divide {a} between {small(rng)} people",
        ]
    )


def numlist(rng: random.Random) -> str:
    numbers = [number(rng) for _ in range(rng.choice([1, 2, 2, 3, 4]))]
    return (
        numbers[0]
        if len(numbers) == 1
        else ", ".join(numbers[:-1]) + rng.choice([" and ", " and ", ", "]) + numbers[-1]
    )


MEASURE_FILLERS: dict[str, Filler] = {
    "measure": measure,
    "unit": unit,
    "oneunit": oneunit,
    "conv": _conv("to|to|to|into|in|as"),
    "convin": _conv("in|in|in|to|into"),
    "convnum": _conv("to|into"),
    "convbe": _conv("be in|in|equal in|come to in|weigh in|measure in"),
    "howmany": howmany,
    "howmuch": howmuch,
    "math": math,
    "mathverb": mathverb,
    "numlist": numlist,
}
