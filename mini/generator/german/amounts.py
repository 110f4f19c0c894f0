"""Fillers for bare amounts: numbers, percents, money, lengths of time."""

from __future__ import annotations

import random

from mini.generator.german.numbers import digits_or_words, words


def number(rng: random.Random) -> str:
    value = rng.choice([rng.randint(1, 20), rng.randint(1, 100), rng.randint(10, 999), rng.randint(100, 20000)])
    if rng.random() < 0.13:
        return f"{rng.randint(0, 99)},{rng.randint(1, 99)}"
    if value > 999 and rng.random() < 0.4:
        return f"{value:,}".replace(",", ".")
    return digits_or_words(value, rng, 0.25)


def small(rng: random.Random) -> str:
    return digits_or_words(rng.randint(2, 12), rng, 0.5)


def percent(rng: random.Random) -> str:
    value = rng.choice([5, 10, 15, 19, 20, 25, 30, 40, 50, 60, 75, 80, rng.randint(2, 99)])
    return digits_or_words(value, rng, 0.25) + rng.choice(["%", " prozent", " prozent", " %"])


def level(rng: random.Random) -> str:
    value = rng.choice([0, 5, 10, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, rng.randint(2, 100)])
    return digits_or_words(value, rng, 0.3) + rng.choice(["%", " prozent", " prozent", "", " %"])


def money(rng: random.Random) -> str:
    value = str(rng.choice([rng.randint(5, 300), rng.randint(100, 5000)]))
    if rng.random() < 0.3:
        value += f",{rng.randint(10, 99)}"
    return value + rng.choice([" euro", " euro", "€", " franken", ""])


def fraction(rng: random.Random) -> str:
    return rng.choice(
        "die hälfte|ein drittel|zwei drittel|ein viertel|drei viertel|dreiviertel|ein fünftel|ein zehntel|"
        "2/3|3/4|1/2|ein achtel".split("|")
    )


_UNITS = {
    "s": "sekunden|sekunden|sekunden|sek|s".split("|"),
    "m": "minuten|minuten|minuten|minuten|min|min.".split("|"),
    "h": "stunden|stunden|stunden|std|h".split("|"),
}


def _count(unit: str, rng: random.Random) -> int:
    if unit == "s":
        return rng.choice([10, 15, 20, 30, 40, 45, 60, 90, rng.randint(2, 120)])
    if unit == "m":
        return rng.choice([1, 2, 3, 5, 7, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50, 60, 90, rng.randint(1, 99)])
    return rng.choice([1, 1, 2, 3, 4, 6, 8, rng.randint(1, 24)])


def _plain(unit: str, rng: random.Random) -> str:
    value = _count(unit, rng)
    if value == 1:
        name = {"s": "sekunde", "m": "minute", "h": "stunde"}[unit]
        return f"{rng.choice(['1', 'eine', 'eine', 'ne', 'einer'])} {name}"
    name = rng.choice(_UNITS[unit])
    text = digits_or_words(value, rng, 0.4 if len(name) > 4 else 0.1)
    if len(name) < 2 and not text.isdigit():
        name = _UNITS[unit][0]
    joint = rng.choice([" ", " ", " ", " ", " ", ""]) if text.isdigit() else " "
    return f"{text}{joint}{name}"


def duration(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.62:
        return _plain(rng.choices("smh", [2, 7, 2])[0], rng)
    if pick < 0.76:
        return rng.choice(
            "eine halbe stunde|eine halbe stunde|ne halbe stunde|einer halben stunde|eine viertelstunde|"
            "ne viertelstunde|einer viertelstunde|eine dreiviertelstunde|einer dreiviertelstunde|drei viertelstunden|"
            "anderthalb stunden|eineinhalb stunden|zweieinhalb stunden|eineinhalb minuten|anderthalb minuten|"
            "zweieinhalb minuten|dreieinhalb minuten|viereinhalb minuten|eine stunde|einer stunde|1,5 stunden|"
            "2,5 stunden|2,5 minuten|0,5 stunden|eine halbe minute|einer halben minute|30 sekunden|24 stunden|"
            "halbe stunde|viertelstunde|dreiviertelstunde|einer minute|eine gute stunde|halben stunde|"
            "zwei und eine halbe stunde|6 einhalb minuten|sechseinhalb minuten|ein paar minuten".split("|")
        )
    if pick < 0.86:
        hours, minutes = rng.randint(1, 5), rng.choice([5, 10, 15, 20, 30, 45, rng.randint(2, 59)])
        hour_word = (
            rng.choice(["eine stunde", "1 stunde", "einer stunde"])
            if hours == 1
            else digits_or_words(hours, rng, 0.5) + " stunden"
        )
        end = rng.choice([" minuten", " minuten", " minuten", " min", ""])
        return f"{hour_word}{rng.choice([' und ', ' und ', ' '])}{digits_or_words(minutes, rng, 0.4)}{end}"
    if pick < 0.94:
        minutes, seconds = rng.randint(2, 20), rng.choice([10, 15, 20, 30, 45])
        return (
            f"{digits_or_words(minutes, rng, 0.4)} {rng.choice(_UNITS['m'][:4])}{rng.choice([' und ', ' '])}"
            f"{digits_or_words(seconds, rng, 0.4)} {rng.choice(_UNITS['s'][:3])}"
        )
    return rng.choice(
        [
            f"{rng.randint(1, 9)}h{rng.choice(['', '15', '20', '30', '45'])}",
            f"{rng.randint(5, 90)} min",
            f"{rng.randint(1, 3)}h {rng.randint(2, 59)}min",
            f"{rng.randint(5, 90)}s",
            f"{rng.randint(1, 3)} std {rng.randint(2, 59)} min",
            f"{digits_or_words(rng.randint(2, 6), rng, 0.5)} tage",
        ]
    )


def grown(rng: random.Random) -> str:
    """The front of a compound: `10-minuten-`, `fünfminuten`, `zehn minuten `."""
    value = rng.choice([1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 45, 60, 90])
    if value == 1:
        return rng.choice(["1-minuten-", "einminuten", "1 minuten "])
    unit = rng.choice(["minuten", "minuten", "minuten", "sekunden"])
    if rng.random() < 0.15:
        return f"{words(min(value, 12))}stunden"
    return rng.choice([f"{value}-{unit}-", f"{value} {unit} ", f"{words(value)}{unit}", f"{words(value)} {unit} "])


def lasting(rng: random.Random) -> str:
    """`10-minütigen`, `zweistündigen`."""
    value = rng.choice([2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 45, 60, 90])
    unit = rng.choice(["minütigen", "minütigen", "sekündigen"]) if value > 4 else "stündigen"
    return rng.choice([f"{value}-{unit}", f"{words(value)}{unit}", f"{value} {unit}"])
