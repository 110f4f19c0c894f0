"""Fillers that are computed: numbers, lengths of time, clock times, days, sums and measures, as people write them."""

from __future__ import annotations

import random
from collections.abc import Callable

from mini.generator.english.numbers import digits_or_words

Filler = Callable[[random.Random], str]


def number(rng: random.Random) -> str:
    value = rng.choice([rng.randint(1, 20), rng.randint(1, 100), rng.randint(10, 999), rng.randint(100, 20000)])
    if rng.random() < 0.12:
        return f"{rng.randint(0, 99)}.{rng.randint(1, 99)}"
    if value > 999 and rng.random() < 0.4:
        return f"{value:,}"
    return digits_or_words(value, rng, 0.25)


def small(rng: random.Random) -> str:
    return digits_or_words(rng.randint(2, 12), rng, 0.5)


def percent(rng: random.Random) -> str:
    value = rng.choice([5, 10, 15, 18, 20, 25, 30, 40, 50, 60, 75, 80, rng.randint(1, 99)])
    return digits_or_words(value, rng, 0.25) + rng.choice(["%", " percent", " percent", " per cent"])


def money(rng: random.Random) -> str:
    value = str(rng.choice([rng.randint(5, 300), rng.randint(100, 5000)]))
    if rng.random() < 0.3:
        value += f".{rng.randint(10, 99)}"
    return rng.choice([f"${value}", f"{value} dollars", value, f"{value} bucks", f"{value} euros", f"a {value} bill"])


def fraction(rng: random.Random) -> str:
    return rng.choice(
        "half|a half|one half|a third|one third|two thirds|a quarter|one fourth|three quarters|three fourths|"
        "a fifth|one tenth|a tenth|2/3|3/4|1/2|one eighth|a quarter".split("|")
    )


# ---- lengths of time ------------------------------------------------------------------------------------------------

_UNITS = {
    "s": "seconds|seconds|secs|sec|second".split("|"),
    "m": "minutes|minutes|minutes|mins|min|minute".split("|"),
    "h": "hours|hours|hour|hrs|hr".split("|"),
}


def _count(unit: str, rng: random.Random) -> int:
    if unit == "s":
        return rng.choice([10, 15, 20, 30, 40, 45, 60, 90, rng.randint(2, 120)])
    if unit == "m":
        return rng.choice([1, 2, 3, 5, 10, 15, 20, 25, 30, 40, 45, 50, 60, 90, rng.randint(1, 99)])
    return rng.choice([1, 1, 2, 3, 4, 6, 8, rng.randint(1, 24)])


def _plain(unit: str, rng: random.Random) -> str:
    value = _count(unit, rng)
    name = rng.choice(_UNITS[unit])
    if value == 1:
        name = {"s": "second", "m": "minute", "h": "hour"}[unit]
        return f"{rng.choice(['1', 'one', 'an' if unit == 'h' else 'a'])} {name}"
    joint = rng.choice([" ", " ", " ", " ", " ", " ", "", "-"])
    text = digits_or_words(value, rng, 0.35)
    return f"{text}{joint if text.isdigit() else ' '}{name}"


def duration(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.62:
        return _plain(rng.choices("smh", [2, 6, 2])[0], rng)
    if pick < 0.70:
        return rng.choice(
            "half an hour|a half hour|a quarter of an hour|a quarter hour|half hour|an hour|a "
            "minute|an hour and a half|"
            "one and a half hours|a minute and a half|two and a half minutes|three quarters of an "
            "hour|a couple of minutes|"
            "a couple minutes|half a minute|two and a half hours|one and a half minutes|an hour "
            "and a quarter|a couple of hours|"
            "a few minutes|an hour or two|a quarter of a hour|half an hr|1/2 hour|1 and a half "
            "hours|1.5 hours|2.5 minutes|"
            "2 1/2 hours|three and a half minutes|half a day|a day|24 hours|a dozen minutes|20 or "
            "so minutes|a sec|a second".split("|")
        )
    if pick < 0.82:
        hours, minutes = rng.randint(1, 5), rng.choice([5, 10, 15, 20, 30, 45, rng.randint(1, 59)])
        hour_word = digits_or_words(hours, rng, 0.4) + (" hour" if hours == 1 else " hours")
        if hours == 1 and rng.random() < 0.4:
            hour_word = "an hour"
        end = rng.choice([" minutes", " minutes", " mins", " min", ""])
        return f"{hour_word}{rng.choice([' and ', ' and ', ' ', ', '])}{digits_or_words(minutes, rng, 0.4)}{end}"
    if pick < 0.92:
        minutes, seconds = rng.randint(1, 20), rng.choice([10, 15, 20, 30, 45])
        return (
            f"{digits_or_words(minutes, rng, 0.4)} {'minute' if minutes == 1 else rng.choice(_UNITS['m'][:4])}"
            f"{rng.choice([' and ', ' '])}{digits_or_words(seconds, rng, 0.4)} {rng.choice(_UNITS['s'][:3])}"
        )
    if pick < 0.96:
        return rng.choice(
            [
                f"{rng.randint(1, 9)}h{rng.choice(['', '15', '20', '30', '45'])}",
                f"{rng.randint(1, 90)}m",
                f"{rng.randint(1, 3)}h {rng.randint(1, 59)}m",
                f"{rng.randint(5, 90)}s",
                f"{rng.randint(1, 59)}:{rng.choice(['00', '30', '15', '45'])}",
            ]
        )
    return f"{digits_or_words(rng.randint(2, 6), rng, 0.5)} {rng.choice(['days', 'weeks', 'days', 'hours'])}"


AMOUNT_FILLERS: dict[str, Filler] = {
    "number": number,
    "small": small,
    "percent": percent,
    "money": money,
    "fraction": fraction,
    "duration": duration,
}
