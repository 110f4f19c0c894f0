"""Fillers for sums and measures."""

from __future__ import annotations

import random
from collections.abc import Callable

from mini.generator.german.amounts import fraction, number, percent, small
from mini.generator.german.numbers import digits_or_words

Filler = Callable[[random.Random], str]

# singular, plural and short names by what they measure
_UNITS: dict[str, tuple[tuple[str, ...], ...]] = {
    "length": (
        ("meile", "meilen"), ("kilometer", "kilometer", "km"), ("meter", "meter", "m"),
        ("zentimeter", "zentimeter", "cm"), ("millimeter", "millimeter", "mm"), ("fuß", "fuß"),
        ("zoll", "zoll", "inch"), ("yard", "yards"), ("seemeile", "seemeilen"),
    ),
    "mass": (
        ("kilogramm", "kilogramm", "kg", "kilo"), ("gramm", "gramm", "g"), ("pfund", "pfund"),
        ("unze", "unzen"), ("tonne", "tonnen", "t"), ("milligramm", "milligramm", "mg"),
    ),
    "volume": (
        ("liter", "liter", "l"), ("milliliter", "milliliter", "ml"), ("gallone", "gallonen"), ("tasse", "tassen"),
        ("esslöffel", "esslöffel", "el"), ("teelöffel", "teelöffel", "tl"), ("pint", "pints"),
        ("deziliter", "deziliter", "dl"), ("zentiliter", "zentiliter", "cl"), ("flüssigunze", "flüssigunzen"),
    ),
    "temperature": (
        ("grad fahrenheit", "grad fahrenheit", "fahrenheit", "°f"), ("grad celsius", "grad celsius", "celsius", "°c"),
        ("kelvin", "kelvin"),
    ),
    "speed": (
        ("meile pro stunde", "meilen pro stunde", "mph"),
        ("stundenkilometer", "stundenkilometer", "km/h", "kmh", "kilometer pro stunde"),
        ("knoten", "knoten"), ("meter pro sekunde", "meter pro sekunde", "m/s"),
    ),
    "time": (
        ("sekunde", "sekunden"), ("minute", "minuten"), ("stunde", "stunden"), ("tag", "tage"), ("woche", "wochen"),
        ("monat", "monate"), ("jahr", "jahre"),
    ),
    "area": (
        ("hektar", "hektar", "ha"), ("quadratmeter", "quadratmeter", "qm", "m²"),
        ("quadratkilometer", "quadratkilometer", "km²"), ("morgen", "acre"), ("quadratfuß", "quadratfuß"),
    ),
    "pressure": (("bar", "bar"), ("psi", "psi"), ("pascal", "pascal")),
    "energy": (
        ("kalorie", "kalorien"), ("kilokalorie", "kilokalorien", "kcal"), ("kilojoule", "kilojoule", "kj"),
        ("joule", "joule"), ("kilowattstunde", "kilowattstunden", "kwh"),
    ),
    "power": (("watt", "watt"), ("kilowatt", "kilowatt", "kw"), ("ps", "ps", "pferdestärken")),
    "data": (
        ("megabyte", "megabyte", "mb"), ("gigabyte", "gigabyte", "gb"), ("terabyte", "terabyte", "tb"),
        ("kilobyte", "kilobyte", "kb"), ("bit", "bit"), ("byte", "byte"),
    ),
}  # fmt: skip
_FEMININE = ("e", "nde", "meile", "unze")
_WEIGHTS = {
    "length": 7, "mass": 6, "volume": 6, "temperature": 5, "speed": 2, "time": 3, "area": 1, "data": 1, "pressure": 1,
    "energy": 1, "power": 1,
}  # fmt: skip


def _pair(rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    first, second = rng.sample(_UNITS[kind], 2)
    if "morgen" in (first[0], second[0]):  # also a day: only the English name
        first, second = _UNITS["area"][0], _UNITS["area"][1]
    return first, second, kind


def _many(unit: tuple[str, ...], rng: random.Random) -> str:
    # a lone letter is no goal that anybody would recognise
    return rng.choice([unit[1], unit[1], rng.choice([name for name in unit[1:] if len(name) > 1])])


def _one(unit: tuple[str, ...], rng: random.Random) -> str:
    return f"{'eine' if unit[0].endswith('e') else 'ein'} {unit[0]}" if rng.random() < 0.8 else f"1 {unit[0]}"


def _amount(unit: tuple[str, ...], kind: str, rng: random.Random) -> str:
    pick = rng.random()
    if kind == "temperature":
        return f"{rng.choice([0, 32, 100, 350, 72, 98, 180, rng.randint(-10, 220)])} {rng.choice(unit)}"
    if pick < 0.14:
        return _one(unit, rng)
    if pick < 0.2:
        half = rng.choice(["anderthalb", "zweieinhalb", "dreieinhalb", "eineinhalb", "ein halbes", "einen halben"])
        return f"{half} {unit[1]}"
    value = rng.choice(
        [
            str(rng.randint(2, 20)),
            digits_or_words(rng.randint(2, 500), rng, 0.3),
            f"{rng.randint(0, 30)},{rng.randint(1, 9)}",
            number(rng),
        ]
    )
    name = rng.choice([unit[1], unit[1], rng.choice(unit[1:])])
    if not value[-1].isdigit() and len(name) < 3:
        name = unit[1]
    return f"{value}{'' if len(name) <= 2 and value[-1].isdigit() and rng.random() < 0.4 else ' '}{name}"


def measure(rng: random.Random) -> str:
    first, _, kind = _pair(rng)
    return _amount(first, kind, rng)


def _conv(joins: str) -> Filler:
    options = joins.split("|")

    def make(rng: random.Random) -> str:
        first, second, kind = _pair(rng)
        return f"{_amount(first, kind, rng)} {rng.choice(options)} {_many(second, rng)}"

    return make


_ASKED = (
    "M sind wie viele U|M ist wie viel U|M entsprechen wie vielen U|wie viele U sind M|wie viel U sind M|"
    "wieviel U sind M|wie viele U hat M|wie viele U ergeben M|wie viele U entsprechen M|wie viele U passen in M|"
    "im rezept stehen M, wie viel ist das in U|auf der packung steht M, was sind das in U|"
    "ich wiege M, was ist das in U|die strecke ist M, wie viele U sind das|wenn etwas M hat, wie viele U sind das|"
    "M als U|M in U umgerechnet|in U, was sind M|M, wie viele U sind das|M auf U umrechnen|was sind M denn in U|"
    "wie viele U bekomme ich aus M|M ausgedrückt in U|wie viele U machen M"
).split("|")
_TOLD = (
    "wie viele U M sind|wie viel U M sind|wie viele U M hat|wie viele U M ergeben|was M in U sind|"
    "wie viel M in U ist|wie viel M in U sind|wieviel U M entsprechen"
).split("|")


def _asked(patterns: list[str]) -> Filler:
    def make(rng: random.Random) -> str:
        first, second, kind = _pair(rng)
        text = rng.choice(patterns).replace("U", _many(second, rng))
        return text.replace("M", _amount(first, kind, rng))

    return make


def howmany(rng: random.Random) -> str:
    """What stands after `wie viele`: `meter sind ein kilometer`."""
    first, second, kind = _pair(rng)
    source = rng.choice([_amount(first, kind, rng), _one(first, rng)])
    verbs = "sind|sind|hat|sind in|entsprechen|ergeben|ist|machen|stecken in|passen in|braucht man für|gehen in|in"
    return f"{_many(second, rng)} {rng.choice(verbs.split('|'))} {source}"


# ---- sums -----------------------------------------------------------------------------------------------------------

_INFIX = (
    "plus|plus|plus|minus|minus|mal|mal|mal|geteilt durch|geteilt durch|durch|x|+|-|*|/|×|÷|:|hoch|und|weniger|"
    "multipliziert mit|dividiert durch"
).split("|")


def math(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.62:
        operator = rng.choice(_INFIX)
        tight = operator in "+-*/x×÷" and rng.random() < 0.5
        text = number(rng)
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3]) if operator not in ("und", "hoch", ":") else 1):
            text += operator.join(["", ""] if tight else [" ", " "]) + number(rng)
            operator = rng.choice(["plus", "minus", "mal"]) if not tight else rng.choice("+-*/")
        return text
    if pick < 0.76:
        return f"{percent(rng)} {rng.choice(['von', 'von', 'auf', 'aus'])} {number(rng)}"
    if pick < 0.83:
        return f"{rng.choice(['die wurzel aus', 'die wurzel von', 'wurzel aus', 'quadratwurzel aus'])} {number(rng)}"
    if pick < 0.88:
        return f"{number(rng)} {rng.choice(['zum quadrat', 'hoch zwei', 'hoch 3', 'im quadrat', 'modulo 7'])}"
    if pick < 0.93:
        return f"{fraction(rng)} von {number(rng)}"
    a, b, c = number(rng), number(rng), small(rng)
    return rng.choice(
        [f"({a} + {b}) * {c}", f"{a} - ({b} + {c})", f"({a}+{b})/{c}", f"{a} plus {b} mal {c}", f"{a}^{c}",
         f"{a} plus {b} geteilt durch {c}", f"sqrt({a})", f"das doppelte von {a}", f"das dreifache von {a}"]
    )  # fmt: skip


def mathverb(rng: random.Random) -> str:
    """A sum as a command, verb first."""
    a, b = number(rng), number(rng)
    return rng.choice(
        [f"addiere {a} und {b}", f"addier {a} und {b}", f"zähle {a} und {b} zusammen", f"subtrahiere {a} von {b}",
         f"multipliziere {a} mit {b}", f"multiplizier {a} mit {b}", f"teile {a} durch {b}", f"teil {a} durch {b}",
         f"dividiere {a} durch {b}", f"zieh {a} von {b} ab", f"ziehe {a} von {b} ab", f"nimm {a} mal {b}",
         f"rechne {a} plus {b}", f"rechne {a} mal {b}", f"zähl {a}, {b} und {number(rng)} zusammen",
         f"halbiere {a}", f"verdopple {a}", f"summiere {a}, {b} und {number(rng)}"]
    )  # fmt: skip


def mathinf(rng: random.Random) -> str:
    """A sum with the verb at the end."""
    a, b = number(rng), number(rng)
    return rng.choice(
        [f"{a} und {b} addieren", f"{a} und {b} zusammenzählen", f"{a} mit {b} multiplizieren",
         f"{a} durch {b} teilen", f"{a} durch {b} dividieren", f"{a} von {b} abziehen", f"{a} von {b} subtrahieren",
         f"{math(rng)} rechnen", f"{math(rng)} ausrechnen", f"{math(rng)} berechnen"]
    )  # fmt: skip


def numlist(rng: random.Random) -> str:
    numbers = [number(rng) for _ in range(rng.choice([2, 2, 3, 4]))]
    return ", ".join(numbers[:-1]) + " und " + numbers[-1]


MEASURE_FILLERS: dict[str, Filler] = {
    "measure": measure,
    "massfrage": _asked(_ASKED),
    "massfragenebensatz": _asked(_TOLD),
    "conv": _conv("in|in|in"),
    "convzu": _conv("in|zu|nach"),
    "howmany": howmany,
    "math": math,
    "mathverb": mathverb,
    "mathinf": mathinf,
    "numlist": numlist,
}
