"""Sums and measures, as people write them in French."""

from __future__ import annotations

import random

from mini.generator.french.fillers import fraction, money, number, percent, small
from mini.generator.french.numbers import digits_or_words
from mini.generator.tongue import Filler

# singular (with its article), plural and short names by what they measure
UNITS: dict[str, tuple[tuple[str, ...], ...]] = {
    "length": (
        ("un kilomètre", "kilomètres", "km", "kms", "kilometres"),
        ("un mètre", "mètres", "m", "metres"),
        ("un centimètre", "centimètres", "cm"),
        ("un millimètre", "millimètres", "mm"),
        ("un mile", "miles", "milles"),
        ("un pied", "pieds"),
        ("un pouce", "pouces"),
        ("un yard", "yards"),
    ),
    "mass": (
        ("un kilo", "kilos", "kg", "kilogrammes"),
        ("un gramme", "grammes", "g"),
        ("une livre", "livres", "lb"),
        ("une once", "onces", "oz"),
        ("une tonne", "tonnes"),
        ("un milligramme", "milligrammes", "mg"),
    ),
    "volume": (
        ("un litre", "litres", "l"),
        ("un millilitre", "millilitres", "ml"),
        ("un centilitre", "centilitres", "cl"),
        ("un décilitre", "décilitres", "dl"),
        ("un gallon", "gallons"),
        ("une tasse", "tasses"),
        ("une cuillère à soupe", "cuillères à soupe", "càs", "cas"),
        ("une cuillère à café", "cuillères à café", "càc", "cac"),
        ("une pinte", "pintes"),
        ("une once liquide", "onces liquides"),
    ),
    "temperature": (
        ("un degré fahrenheit", "fahrenheit", "degrés fahrenheit", "f"),
        ("un degré celsius", "celsius", "degrés celsius", "degrés", "c"),
        ("un kelvin", "kelvin", "kelvins"),
    ),
    "speed": (
        ("un kilomètre par heure", "kilomètres par heure", "km/h", "kilomètres à l'heure", "kmh", "kilomètres heure"),
        ("un mile par heure", "miles par heure", "mph", "miles à l'heure"),
        ("un noeud", "noeuds", "nœuds"),
        ("un mètre par seconde", "mètres par seconde", "m/s"),
    ),
    "time": (
        ("une seconde", "secondes"),
        ("une minute", "minutes"),
        ("une heure", "heures"),
        ("un jour", "jours"),
        ("une semaine", "semaines"),
        ("un mois", "mois"),
        ("un an", "ans", "années"),
    ),
    "area": (
        ("un hectare", "hectares", "ha"),
        ("un mètre carré", "mètres carrés", "m2"),
        ("un kilomètre carré", "kilomètres carrés", "km2"),
        ("une acre", "acres"),
        ("un pied carré", "pieds carrés"),
    ),
    "pressure": (("un bar", "bars", "bar"), ("un psi", "psi"), ("un pascal", "pascals")),
    "energy": (
        ("une calorie", "calories"),
        ("une kilocalorie", "kilocalories", "kcal"),
        ("un joule", "joules"),
        ("un kilojoule", "kilojoules", "kj"),
        ("un kilowattheure", "kilowattheures", "kwh"),
    ),
    "power": (("un watt", "watts"), ("un kilowatt", "kilowatts", "kw"), ("un cheval", "chevaux", "cv")),
    "data": (
        ("un mégaoctet", "mégaoctets", "mo", "mégas"),
        ("un gigaoctet", "gigaoctets", "go", "gigas"),
        ("un téraoctet", "téraoctets", "to"),
        ("un kilooctet", "kilooctets", "ko"),
        ("un bit", "bits"),
        ("un octet", "octets"),
    ),
}
_WEIGHTS = {
    "length": 7, "mass": 6, "volume": 6, "temperature": 5, "speed": 1, "time": 3, "area": 1, "data": 1, "pressure": 1,
    "energy": 1, "power": 1,
}  # fmt: skip


def _pair(rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    first, second = rng.sample(UNITS[kind], 2)
    return first, second, kind


def _many(unit: tuple[str, ...], rng: random.Random) -> str:
    return rng.choice([unit[1], unit[1], rng.choice(unit[1:])])


def _amount(unit: tuple[str, ...], kind: str, rng: random.Random) -> str:
    pick = rng.random()
    if kind == "temperature":
        value = digits_or_words(rng.choice([0, 32, 100, 180, 350, 37, 98, rng.randint(1, 120)]), rng, 0.1)
        name = rng.choice(unit[1:])
        spelled_out = name in ("f", "c", "fahrenheit", "celsius") and rng.random() < 0.6
        return f"{value}{' degrés ' if spelled_out else ' '}{name}"
    if pick < 0.14:
        return rng.choice([unit[0], unit[0], f"1 {unit[0].split(' ', 1)[1]}"])
    bare = unit[0].split(" ", 1)[1]
    if pick < 0.19 and " " not in bare:
        return rng.choice([f"un demi-{bare}", f"{digits_or_words(rng.randint(2, 9), rng, 0.6)} {unit[1]} et demi"])
    if pick < 0.22 and kind == "length":
        return f"{rng.randint(4, 6)} pieds {rng.randint(1, 11)}{rng.choice([' pouces', ''])}"
    value = rng.choice(
        [
            str(rng.randint(2, 20)),
            digits_or_words(rng.randint(2, 500), rng, 0.3),
            f"{rng.randint(0, 30)},{rng.randint(1, 9)}",
            number(rng),
        ]
    )
    name = _many(unit, rng)
    return f"{value}{'' if len(name) <= 2 and value[-1].isdigit() and rng.random() < 0.5 else ' '}{name}"


class _Paired:
    """Fills `measure` and `unit` of one sentence so that both measure the same."""

    def __init__(self) -> None:
        self._kind = "length"
        self._taken: tuple[str, ...] | None = None

    def measure(self, rng: random.Random) -> str:
        self._taken, _, self._kind = _pair(rng)
        return _amount(self._taken, self._kind, rng)

    def unit(self, rng: random.Random) -> str:
        """Return another unit of what was measured before; without that, the first of a new pair."""
        if self._taken is None:
            self._taken, _, self._kind = _pair(rng)
            return _many(self._taken, rng)
        chosen = rng.choice([one for one in UNITS[self._kind] if one != self._taken])
        self._taken = None
        return _many(chosen, rng)


_PAIRED = _Paired()


def conv(rng: random.Random) -> str:
    first, second, kind = _pair(rng)
    joint = rng.choice(["en", "en", "en", "en", "vers", "dans", "à"])
    return f"{_amount(first, kind, rng)} {joint} {_many(second, rng)}"


def convin(rng: random.Random) -> str:
    first, second, kind = _pair(rng)
    return f"{_amount(first, kind, rng)} en {_many(second, rng)}"


def howmany(rng: random.Random) -> str:
    first, second, kind = _pair(rng)
    join = rng.choice(
        "dans|dans|dans|y a-t-il dans|il y a dans|font|fait|pour faire|pour|en|il faut pour faire|ça fait|représentent|"
        "sont dans|contient|pour".split("|")
    )
    return f"{_many(second, rng)} {join} {_amount(first, kind, rng)}"


# ---- sums -----------------------------------------------------------------------------------------------------------

_INFIX = (
    "plus|plus|plus|moins|moins|fois|fois|fois|divisé par|divisé par|multiplié par|sur|x|+|-|*|/|×|÷|puissance"
).split("|")


def math(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.66:
        operator = rng.choice(_INFIX)
        tight = operator in "+-*/x×÷" and rng.random() < 0.5
        text = number(rng)
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
            text += operator.join(["", ""] if tight else [" ", " "]) + number(rng)
            operator = rng.choice(["plus", "moins", "fois"]) if not tight else rng.choice("+-*/")
        return text
    if pick < 0.76:
        return f"{percent(rng)} de {number(rng)}"
    if pick < 0.84:
        return f"{rng.choice(['la racine carrée de', 'racine carrée de', 'racine de', 'la racine de'])} {number(rng)}"
    if pick < 0.90:
        return f"{number(rng)} {rng.choice(['au carré', 'au cube', 'puissance 3', 'à la puissance 4', 'modulo 7'])}"
    if pick < 0.94:
        return f"{fraction(rng)} de {number(rng)}"
    a, b, c = number(rng), number(rng), small(rng)
    return rng.choice(
        [f"({a} + {b}) * {c}", f"{a} - ({b} + {c})", f"({a}+{b})/{c}", f"{a} plus {b} fois {c}", f"{a}^{c}"]
    )


_VERBS = (
    # imperative, infinitive, after "si tu"
    ("additionne", "additionner", "additionnes", "{a} et {b}"),
    ("ajoute", "ajouter", "ajoutes", "{a} à {b}"),
    ("soustrais", "soustraire", "soustrais", "{a} de {b}"),
    ("multiplie", "multiplier", "multiplies", "{a} par {b}"),
    ("divise", "diviser", "divises", "{a} par {b}"),
    ("retire", "retirer", "retires", "{a} à {b}"),
    ("enlève", "enlever", "enlèves", "{a} à {b}"),
    ("enlève", "enlever", "enlèves", "{p} à {b}"),
    ("ajoute", "ajouter", "ajoutes", "{p} à {b}"),
    ("multiplie", "multiplier", "multiplies", "{a} et {b}"),
    ("double", "doubler", "doubles", "{b}"),
)


def _verb(form: int) -> Filler:
    def make(rng: random.Random) -> str:
        verb = rng.choice(_VERBS)
        return f"{verb[form]} {verb[3].format(a=number(rng), b=number(rng), p=percent(rng))}"

    return make


def mathnoun(rng: random.Random) -> str:
    a, b = number(rng), number(rng)
    return rng.choice(
        [
            f"la somme de {a} et {b}",
            f"le produit de {a} et {b}",
            f"la différence entre {a} et {b}",
            f"le quotient de {a} et {b}",
            f"la racine carrée de {a}",
            f"le carré de {a}",
            f"le cube de {a}",
            f"la moitié de {a}",
            f"le double de {a}",
            f"le triple de {a}",
            f"le tiers de {a}",
            f"le quart de {a}",
            f"le produit de {a} par {b}",
            f"la moyenne de {a} et {b}",
            f"le résultat de {a} fois {b}",
            f"{percent(rng)} de {money(rng)}",
        ]
    )


def numlist(rng: random.Random) -> str:
    numbers = [number(rng) for _ in range(rng.choice([2, 2, 3, 4]))]
    return ", ".join(numbers[:-1]) + rng.choice([" et ", " et ", ", "]) + numbers[-1]


MEASURE_FILLERS: dict[str, Filler] = {
    "measure": _PAIRED.measure,
    "unit": _PAIRED.unit,
    "conv": conv,
    "convin": convin,
    "howmany": howmany,
    "math": math,
    "mathverb": _verb(0),
    "mathinf": _verb(1),
    "mathsi": _verb(2),
    "mathnoun": mathnoun,
    "numlist": numlist,
}
