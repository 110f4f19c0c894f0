"""Numbers, shares and lengths of time, as people write them in French."""

from __future__ import annotations

import random

from mini.generator.french.numbers import digits_or_words, words
from mini.generator.tongue import Filler


def number(rng: random.Random) -> str:
    value = rng.choice([rng.randint(1, 20), rng.randint(1, 100), rng.randint(10, 999), rng.randint(100, 20000)])
    pick = rng.random()
    if pick < 0.10:
        return f"{rng.randint(0, 99)}{rng.choice(',,,.')}{rng.randint(1, 99)}"
    if pick < 0.12:
        return f"{words(rng.randint(1, 30))} virgule {words(rng.randint(1, 9))}"
    if value > 999 and rng.random() < 0.4:
        return f"{value:,}".replace(",", " ")
    return digits_or_words(value, rng, 0.25)


def small(rng: random.Random) -> str:
    return digits_or_words(rng.randint(2, 12), rng, 0.5)


def _share(rng: random.Random) -> int:
    return rng.choice([5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, rng.randint(1, 99)])


def percent(rng: random.Random) -> str:
    return digits_or_words(_share(rng), rng, 0.3) + rng.choice(["%", " %", " pour cent", " pourcent", " pour cent"])


def pct(rng: random.Random) -> str:
    return digits_or_words(_share(rng), rng, 0.35)


def money(rng: random.Random) -> str:
    value = str(rng.choice([rng.randint(5, 300), rng.randint(100, 5000)]))
    if rng.random() < 0.3:
        value += f",{rng.randint(10, 99)}"
    return rng.choice(
        [f"{value} euros", f"{value} euros", f"{value}€", f"{value} €", value, f"{value} francs", f"{value} dollars"]
    )


def fraction(rng: random.Random) -> str:
    return rng.choice(
        "la moitié|le tiers|un tiers|deux tiers|les deux tiers|le quart|un quart|trois quarts|les trois quarts|"
        "un cinquième|un dixième|le dixième|2/3|3/4|1/2|un huitième|la moitié|la moitie".split("|")
    )


# ---- lengths of time ------------------------------------------------------------------------------------------------

_UNITS = {
    "s": "secondes|secondes|secondes|sec|s".split("|"),
    "m": "minutes|minutes|minutes|minutes|min|mn|mins".split("|"),
    "h": "heures|heures|heures|h".split("|"),
}
_ONE = {"s": "seconde", "m": "minute", "h": "heure"}


def _count(unit: str, rng: random.Random) -> int:
    if unit == "s":
        return rng.choice([10, 15, 20, 30, 40, 45, 60, 90, rng.randint(2, 120)])
    if unit == "m":
        return rng.choice([1, 2, 3, 5, 10, 15, 20, 25, 30, 40, 45, 50, 60, 90, rng.randint(1, 99)])
    return rng.choice([1, 1, 2, 3, 4, 6, 8, rng.randint(1, 24)])


def _plain(unit: str, rng: random.Random) -> str:
    value = _count(unit, rng)
    if value == 1:
        return f"{rng.choice(['1', 'une', 'une'])} {_ONE[unit]}"
    text = digits_or_words(value, rng, 0.4, feminine=True)
    name = rng.choice(_UNITS[unit])
    if not text.isdigit() and len(name) < 4:
        name = _UNITS[unit][0]
    return f"{text}{'' if text.isdigit() and rng.random() < 0.12 else ' '}{name}"


def duration(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.60:
        return _plain(rng.choices("smh", [2, 6, 2])[0], rng)
    if pick < 0.74:
        return rng.choice(
            "une demi-heure|une demi heure|une demie heure|un quart d'heure|trois quarts d'heure|une heure et demie|"
            "une heure et quart|deux heures et demie|une minute et demie|deux minutes et demie|une petite heure|"
            "une heure trois quarts|une dizaine de minutes|une quinzaine de minutes|une vingtaine de minutes|"
            "quelques minutes|deux trois minutes|une demi-minute|trois minutes et demie|une bonne heure|"
            "une trentaine de minutes|1 heure et demie|1h et demie|2 heures et demie|1,5 heure|2,5 minutes|"
            "une demi-journée|un jour|24 heures|une heure et un quart|un petit quart d'heure|une trentaine de secondes|"
            "demi-heure|quart d'heure|une heure moins le quart|une douzaine de minutes|une heure et dix minutes".split(
                "|"
            )
        ).replace("une heure moins le quart", "45 minutes")
    if pick < 0.84:
        hours, minutes = rng.randint(1, 5), rng.choice([5, 10, 15, 20, 30, 45, rng.randint(1, 59)])
        hour = digits_or_words(hours, rng, 0.4, feminine=True) + (" heure" if hours == 1 else " heures")
        end = rng.choice([" minutes", " minutes", " min", ""])
        return f"{hour}{rng.choice([' et ', ' ', ' '])}{digits_or_words(minutes, rng, 0.4, feminine=bool(end))}{end}"
    if pick < 0.92:
        minutes, seconds = rng.randint(1, 20), rng.choice([10, 15, 20, 30, 45])
        head = digits_or_words(minutes, rng, 0.4, feminine=True)
        return (
            f"{head} {'minute' if minutes == 1 else 'minutes'}{rng.choice([' et ', ' '])}"
            f"{digits_or_words(seconds, rng, 0.4)} {rng.choice(['secondes', 'secondes', 'sec'])}"
        )
    if pick < 0.96:
        return rng.choice(
            [
                f"{rng.randint(1, 9)}h{rng.choice(['', '15', '20', '30', '45'])}",
                f"{rng.randint(1, 90)}mn",
                f"{rng.randint(1, 3)}h {rng.randint(10, 59)}min",
                f"{rng.randint(5, 90)}s",
                f"{rng.randint(1, 9)}min{rng.choice(['15', '20', '30', '45'])}",
            ]
        )
    return f"{digits_or_words(rng.randint(2, 6), rng, 0.5)} {rng.choice(['jours', 'heures', 'heures'])}"


AMOUNT_FILLERS: dict[str, Filler] = {
    "number": number,
    "small": small,
    "percent": percent,
    "pct": pct,
    "money": money,
    "fraction": fraction,
    "duration": duration,
}
