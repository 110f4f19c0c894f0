"""Fillers for clock times, days and repeats, as people write them."""

from __future__ import annotations

import random

from mini.generator.english.fillers import AMOUNT_FILLERS, Filler
from mini.generator.english.numbers import digits_or_words, words

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january february march april may june july august september october november december jan feb mar apr jun "
    "jul aug sep sept oct nov dec"
).split()
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_HOLIDAYS = (
    "christmas|christmas eve|christmas day|new year's eve|new year's day|halloween|easter|easter sunday|"
    "thanksgiving|valentine's day|mother's day|father's day|independence day|labor day|memorial day|"
    "st patrick's day|good friday|boxing day|xmas|new years|the fourth of july|the new year|new years eve|"
    "valentines day|mothers day|black friday|earth day|april fools day|veterans day|the 4th of july"
).split("|")


def time(rng: random.Random) -> str:
    hour = rng.randint(1, 12)
    minute = rng.choice([0, 0, 0, 15, 30, 30, 45, 10, 20, 40, 50, 5, 55, rng.randint(0, 59)])
    half = rng.choice(["am", "pm"])
    suffix = rng.choice(
        [
            f" {half}",
            half,
            f" {half[0]}.m.",
            " in the morning",
            " in the evening",
            " at night",
            " in the afternoon",
            f" {half}",
            half,
            "",
            "",
            "",
            " tonight",
            f" {half[0]} m",
            " sharp",
        ]
    )
    pick = rng.random()
    if pick < 0.34:
        return digits_or_words(hour, rng, 0.3) + suffix
    if pick < 0.62:
        return f"{hour}:{minute:02d}{suffix}"
    if pick < 0.68:
        return f"{rng.randint(0, 23):02d}:{minute:02d}"
    if pick < 0.74:
        return f"{digits_or_words(hour, rng, 0.5)} o'clock{suffix if suffix.startswith(' in') else ''}"
    if pick < 0.80:
        past = rng.choice("thirty|fifteen|forty five|forty-five|ten|twenty|oh five|fifty".split("|"))
        return f"{words(hour)} {past}{suffix}"
    if pick < 0.90:
        part = rng.choice(
            [
                "half past",
                "quarter past",
                "quarter to",
                "a quarter past",
                "a quarter to",
                "ten past",
                "ten to",
                "five to",
                "five past",
                "twenty past",
                "twenty to",
                "half",
                "quarter till",
                "quarter of",
                "quarter after",
                "10 past",
                "5 to",
                "20 to",
                "ten minutes to",
                "five minutes past",
            ]
        )
        return f"{part} {digits_or_words(hour, rng, 0.6)}{suffix if rng.random() < 0.4 else ''}"
    if pick < 0.95:
        return rng.choice(["noon", "midnight", "midday", "12 noon", "lunchtime", "dinner time"])
    if pick < 0.98:
        return f"{hour}{minute or 30:02d}{suffix}"
    return f"{hour}.{minute or 30:02d}{suffix}"


def attime(rng: random.Random) -> str:
    if rng.random() < 0.85:
        return rng.choice(["at", "at", "at", "at", "by", "around", "@", "for", "at about"]) + " " + time(rng)
    return rng.choice(
        "in the morning|in the evening|this afternoon|tonight|this evening|after lunch|before bed|at lunchtime|"
        "in the afternoon|first thing in the morning|after work|at night|before noon|at dinner time|this morning".split(
            "|"
        )
    )


def weekday(rng: random.Random) -> str:
    return rng.choice([*WEEKDAYS, *WEEKDAYS, "mon", "tue", "wed", "thurs", "fri", "sat", "sun"])


def _monthday(rng: random.Random) -> str:
    day = rng.randint(1, 28)
    ordinal = f"{day}{'st' if day in (1, 21) else 'nd' if day in (2, 22) else 'rd' if day in (3, 23) else 'th'}"
    spoken = _ORDINALS[day - 1] if day <= 20 else f"twenty {_ORDINALS[day - 21]}"
    month = rng.choice(MONTHS[:12]) if rng.random() < 0.8 else rng.choice(MONTHS)
    year = f" {rng.randint(2024, 2030)}" if rng.random() < 0.08 else ""
    return (
        rng.choice(
            [
                f"{month} {ordinal}",
                f"{month} {day}",
                f"the {ordinal} of {month}",
                f"{day} {month}",
                f"{month} {spoken}",
                f"the {spoken} of {month}",
                f"{day}th of {month}" if day > 3 else f"{ordinal} {month}",
            ]
        )
        + year
    )


def date(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.34:
        return rng.choice(
            "tomorrow|tomorrow|tomorrow|today|tonight|tomorrow morning|tomorrow night|the day "
            "after tomorrow|tomorrow evening|"
            "tomorrow afternoon|next week|this weekend|next month|the weekend|tmrw|tmr".split("|")
        )
    if pick < 0.62:
        part = rng.choice(["", "", "", " morning", " evening", " night", " afternoon"])
        return rng.choice(["", "", "next ", "this ", "coming "]) + weekday(rng) + part
    if pick < 0.86:
        return _monthday(rng)
    if pick < 0.90:
        return rng.choice(
            [
                f"{rng.randint(1, 12)}/{rng.randint(1, 28)}",
                f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
                f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/2026",
            ]
        )
    if pick < 0.95:
        return rng.choice(
            [f"the {rng.randint(4, 20)}th", "the 1st", "the 2nd", "the 22nd", f"the {rng.choice(_ORDINALS)}"]
        )
    return rng.choice(_HOLIDAYS)


def ondate(rng: random.Random) -> str:
    text = date(rng)
    if text.split()[0] in (
        "tomorrow",
        "today",
        "tonight",
        "the",
        "next",
        "this",
        "tmrw",
        "tmr",
    ) and not text.startswith("the "):
        return text
    return rng.choice(["on ", "on ", "on ", "", "for "]) + text


def repeat(rng: random.Random) -> str:
    day = rng.choice(WEEKDAYS)
    return rng.choice(
        [
            "every day",
            "daily",
            "every morning",
            "every evening",
            "every night",
            "every weekday",
            "on weekdays",
            "weekdays",
            "on weekends",
            "every weekend",
            "each day",
            "each morning",
            f"every {day}",
            f"on {day}s",
            f"every {day} and {rng.choice(WEEKDAYS)}",
            f"each {day}",
            "monday to friday",
            "monday through friday",
            "mondays and wednesdays",
            "on tuesdays and thursdays",
            "every hour",
            "every week",
            "weekly",
            "every month",
            "hourly",
            "once a day",
            "twice a day",
            "every two hours",
            "every other day",
            "every 30 minutes",
            f"{day}s",
            f"every {day} morning",
            "all weekdays",
            "during the week",
            "monday tuesday and friday",
            "everyday",
            "every single day",
        ]
    )


def rel(rng: random.Random) -> str:
    day = rng.choice(WEEKDAYS)
    return rng.choice(
        [
            f"next {day}",
            f"this {day}",
            f"last {day}",
            f"this coming {day}",
            day,
            "tomorrow",
            "yesterday",
            "the day after tomorrow",
            "the day before yesterday",
            f"a week from {day}",
            ago(rng),
            ago(rng),
            f"on {day}",
            f"the first {day} of next month",
            "a week from today",
            "a week from tomorrow",
            "this weekend",
            f"{day} next week",
            f"the coming {day}",
            f"the last {day} of the month",
        ]
    )


def ago(rng: random.Random) -> str:
    span = (
        f"{digits_or_words(rng.randint(2, 100), rng, 0.4)} {rng.choice(['days', 'days', 'weeks', 'months', 'years'])}"
    )
    return rng.choice(
        [
            f"in {span}",
            f"{span} from now",
            f"{span} from today",
            f"{span} ago",
            "a week from now",
            "in a week",
            "in a month",
            f"in {span}",
            "two weeks from now",
            f"{span} from tomorrow",
            f"{span} after today",
            "a year from now",
            "in a fortnight",
            f"{rng.randint(2, 60)} days before today",
        ]
    )


def datewhen(rng: random.Random) -> str:
    return rng.choice(
        [
            _monthday(rng),
            _monthday(rng),
            _monthday(rng),
            date(rng),
            rng.choice(_HOLIDAYS),
            f"the {rng.randint(4, 20)}th",
            f"{rng.choice(MONTHS[:12])} {rng.randint(1, 28)} {rng.randint(2020, 2032)}",
            "the 1st of next month",
            "tomorrow",
            f"the first of {rng.choice(MONTHS[:12])}",
            "my birthday, " + _monthday(rng),
        ]
    )


def evordate(rng: random.Random) -> str:
    return rng.choice(
        [
            rng.choice(_HOLIDAYS),
            rng.choice(_HOLIDAYS),
            _monthday(rng),
            weekday(rng),
            "the weekend",
            "next " + rng.choice(WEEKDAYS),
            "summer",
            "winter",
            "spring",
            "the end of the month",
            "the end of the year",
            "next year",
            "next month",
            rng.choice(MONTHS[:12]),
            f"{rng.choice(MONTHS[:12])} {rng.randint(1, 28)} {rng.randint(2026, 2032)}",
        ]
    )


def pastdate(rng: random.Random) -> str:
    return rng.choice(
        [rng.choice(_HOLIDAYS), "last " + rng.choice(WEEKDAYS), _monthday(rng), "new year", "the first of january"]
    )


def weekdayrel(rng: random.Random) -> str:
    return rng.choice(["next ", "this ", "last ", "this coming ", ""]) + rng.choice([*WEEKDAYS, "weekend"])


def pastrel(rng: random.Random) -> str:
    return rng.choice(["yesterday", _monthday(rng), ago(rng), "the day before yesterday", "last christmas"])


def after(rng: random.Random) -> str:
    return rng.choice(["after ", "before "]) + rng.choice([*WEEKDAYS, "tomorrow"])


TIME_FILLERS: dict[str, Filler] = {
    **AMOUNT_FILLERS,
    "time": time,
    "attime": attime,
    "weekday": weekday,
    "date": date,
    "ondate": ondate,
    "repeat": repeat,
    "rel": rel,
    "ago": ago,
    "datewhen": datewhen,
    "evordate": evordate,
    "pastdate": pastdate,
    "weekdayrel": weekdayrel,
    "pastrel": pastrel,
    "after": after,
}
