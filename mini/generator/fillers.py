"""Fillers that are computed: numbers, lengths of time, clock times, days, sums and measures, as people write them."""

from __future__ import annotations

import random
from collections.abc import Callable

from mini.generator.numbers import digits_or_words, words

Filler = Callable[[random.Random], str]

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
    return rng.choice("half|a half|one half|a third|one third|two thirds|a quarter|one fourth|three quarters|three fourths|"
                      "a fifth|one tenth|a tenth|2/3|3/4|1/2|one eighth|a quarter".split("|"))


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
        return rng.choice("half an hour|a half hour|a quarter of an hour|a quarter hour|half hour|an hour|a minute|an hour and a half|"
                          "one and a half hours|a minute and a half|two and a half minutes|three quarters of an hour|a couple of minutes|"
                          "a couple minutes|half a minute|two and a half hours|one and a half minutes|an hour and a quarter|a couple of hours|"
                          "a few minutes|an hour or two|a quarter of a hour|half an hr|1/2 hour|1 and a half hours|1.5 hours|2.5 minutes|"
                          "2 1/2 hours|three and a half minutes|half a day|a day|24 hours|a dozen minutes|20 or so minutes|a sec|a second".split("|"))
    if pick < 0.82:
        hours, minutes = rng.randint(1, 5), rng.choice([5, 10, 15, 20, 30, 45, rng.randint(1, 59)])
        hour_word = digits_or_words(hours, rng, 0.4) + (" hour" if hours == 1 else " hours")
        if hours == 1 and rng.random() < 0.4:
            hour_word = "an hour"
        end = rng.choice([" minutes", " minutes", " mins", " min", ""])
        return f"{hour_word}{rng.choice([' and ', ' and ', ' ', ', '])}{digits_or_words(minutes, rng, 0.4)}{end}"
    if pick < 0.92:
        minutes, seconds = rng.randint(1, 20), rng.choice([10, 15, 20, 30, 45])
        return (f"{digits_or_words(minutes, rng, 0.4)} {'minute' if minutes == 1 else rng.choice(_UNITS['m'][:4])}"
                f"{rng.choice([' and ', ' '])}{digits_or_words(seconds, rng, 0.4)} {rng.choice(_UNITS['s'][:3])}")
    if pick < 0.96:
        return rng.choice([f"{rng.randint(1, 9)}h{rng.choice(['', '15', '20', '30', '45'])}", f"{rng.randint(1, 90)}m",
                           f"{rng.randint(1, 3)}h {rng.randint(1, 59)}m", f"{rng.randint(5, 90)}s",
                           f"{rng.randint(1, 59)}:{rng.choice(['00', '30', '15', '45'])}"])
    return f"{digits_or_words(rng.randint(2, 6), rng, 0.5)} {rng.choice(['days', 'weeks', 'days', 'hours'])}"


# ---- clock times and days -------------------------------------------------------------------------------------------

def time(rng: random.Random) -> str:
    hour = rng.randint(1, 12)
    minute = rng.choice([0, 0, 0, 15, 30, 30, 45, 10, 20, 40, 50, 5, 55, rng.randint(0, 59)])
    half = rng.choice(["am", "pm"])
    suffix = rng.choice([f" {half}", half, f" {half[0]}.m.", " in the morning", " in the evening", " at night",
                         " in the afternoon", f" {half}", half, "", "", "", " tonight", f" {half[0]} m", " sharp"])
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
        return f"{words(hour)} {rng.choice(['thirty', 'fifteen', 'forty five', 'forty-five', 'ten', 'twenty', 'oh five', 'fifty'])}{suffix}"
    if pick < 0.90:
        part = rng.choice(["half past", "quarter past", "quarter to", "a quarter past", "a quarter to", "ten past", "ten to",
                           "five to", "five past", "twenty past", "twenty to", "half", "quarter till", "quarter of", "quarter after",
                           "10 past", "5 to", "20 to", "ten minutes to", "five minutes past"])
        return f"{part} {digits_or_words(hour, rng, 0.6)}{suffix if rng.random() < 0.4 else ''}"
    if pick < 0.95:
        return rng.choice(["noon", "midnight", "midday", "12 noon", "lunchtime", "dinner time"])
    if pick < 0.98:
        return f"{hour}{minute or 30:02d}{suffix}"
    return f"{hour}.{minute or 30:02d}{suffix}"


def attime(rng: random.Random) -> str:
    if rng.random() < 0.85:
        return rng.choice(["at", "at", "at", "at", "by", "around", "@", "for", "at about"]) + " " + time(rng)
    return rng.choice("in the morning|in the evening|this afternoon|tonight|this evening|after lunch|before bed|at lunchtime|"
                      "in the afternoon|first thing in the morning|after work|at night|before noon|at dinner time|this morning".split("|"))


def weekday(rng: random.Random) -> str:
    return rng.choice([*WEEKDAYS, *WEEKDAYS, "mon", "tue", "wed", "thurs", "fri", "sat", "sun"])


def _monthday(rng: random.Random) -> str:
    day = rng.randint(1, 28)
    ordinal = f"{day}{'st' if day in (1, 21) else 'nd' if day in (2, 22) else 'rd' if day in (3, 23) else 'th'}"
    spoken = _ORDINALS[day - 1] if day <= 20 else f"twenty {_ORDINALS[day - 21]}"
    month = rng.choice(MONTHS[:12]) if rng.random() < 0.8 else rng.choice(MONTHS)
    year = f" {rng.randint(2024, 2030)}" if rng.random() < 0.08 else ""
    return rng.choice([f"{month} {ordinal}", f"{month} {day}", f"the {ordinal} of {month}", f"{day} {month}", f"{month} {spoken}",
                       f"the {spoken} of {month}", f"{day}th of {month}" if day > 3 else f"{ordinal} {month}"]) + year


def date(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.34:
        return rng.choice("tomorrow|tomorrow|tomorrow|today|tonight|tomorrow morning|tomorrow night|the day after tomorrow|tomorrow evening|"
                          "tomorrow afternoon|next week|this weekend|next month|the weekend|tmrw|tmr".split("|"))
    if pick < 0.62:
        part = rng.choice(["", "", "", " morning", " evening", " night", " afternoon"])
        return rng.choice(["", "", "next ", "this ", "coming "]) + weekday(rng) + part
    if pick < 0.86:
        return _monthday(rng)
    if pick < 0.90:
        return rng.choice([f"{rng.randint(1, 12)}/{rng.randint(1, 28)}", f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
                           f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/2026"])
    if pick < 0.95:
        return rng.choice([f"the {rng.randint(4, 20)}th", "the 1st", "the 2nd", "the 22nd", f"the {rng.choice(_ORDINALS)}"])
    return rng.choice(_HOLIDAYS)


def ondate(rng: random.Random) -> str:
    text = date(rng)
    if text.split()[0] in ("tomorrow", "today", "tonight", "the", "next", "this", "tmrw", "tmr") and not text.startswith("the "):
        return text
    return rng.choice(["on ", "on ", "on ", "", "for "]) + text


def repeat(rng: random.Random) -> str:
    day = rng.choice(WEEKDAYS)
    return rng.choice([
        "every day", "daily", "every morning", "every evening", "every night", "every weekday", "on weekdays", "weekdays", "on weekends",
        "every weekend", "each day", "each morning", f"every {day}", f"on {day}s", f"every {day} and {rng.choice(WEEKDAYS)}", f"each {day}",
        "monday to friday", "monday through friday", "mondays and wednesdays", "on tuesdays and thursdays", "every hour", "every week", "weekly",
        "every month", "hourly", "once a day", "twice a day", "every two hours", "every other day", "every 30 minutes", f"{day}s",
        f"every {day} morning", "all weekdays", "during the week", "monday tuesday and friday", "everyday", "every single day",
    ])


def rel(rng: random.Random) -> str:
    day = rng.choice(WEEKDAYS)
    return rng.choice([f"next {day}", f"this {day}", f"last {day}", f"this coming {day}", day, "tomorrow", "yesterday", "the day after tomorrow",
                       "the day before yesterday", f"a week from {day}", ago(rng), ago(rng), f"on {day}", f"the first {day} of next month",
                       "a week from today", "a week from tomorrow", "this weekend", f"{day} next week", f"the coming {day}", f"the last {day} of the month"])


def ago(rng: random.Random) -> str:
    span = f"{digits_or_words(rng.randint(2, 100), rng, 0.4)} {rng.choice(['days', 'days', 'weeks', 'months', 'years'])}"
    return rng.choice([f"in {span}", f"{span} from now", f"{span} from today", f"{span} ago", "a week from now", "in a week", "in a month",
                       f"in {span}", "two weeks from now", f"{span} from tomorrow", f"{span} after today", "a year from now", "in a fortnight",
                       f"{rng.randint(2, 60)} days before today"])


def datewhen(rng: random.Random) -> str:
    return rng.choice([_monthday(rng), _monthday(rng), _monthday(rng), date(rng), rng.choice(_HOLIDAYS), f"the {rng.randint(4, 20)}th",
                       f"{rng.choice(MONTHS[:12])} {rng.randint(1, 28)} {rng.randint(2020, 2032)}", "the 1st of next month", "tomorrow",
                       f"the first of {rng.choice(MONTHS[:12])}", "my birthday, " + _monthday(rng)])


def evordate(rng: random.Random) -> str:
    return rng.choice([rng.choice(_HOLIDAYS), rng.choice(_HOLIDAYS), _monthday(rng), weekday(rng), "the weekend", "next " + rng.choice(WEEKDAYS),
                       "summer", "winter", "spring", "the end of the month", "the end of the year", "next year", "next month",
                       rng.choice(MONTHS[:12]), f"{rng.choice(MONTHS[:12])} {rng.randint(1, 28)} {rng.randint(2026, 2032)}"])


def pastdate(rng: random.Random) -> str:
    return rng.choice([rng.choice(_HOLIDAYS), "last " + rng.choice(WEEKDAYS), _monthday(rng), "new year", "the first of january"])


def weekdayrel(rng: random.Random) -> str:
    return rng.choice(["next ", "this ", "last ", "this coming ", ""]) + rng.choice([*WEEKDAYS, "weekend"])


def pastrel(rng: random.Random) -> str:
    return rng.choice(["yesterday", _monthday(rng), ago(rng), "the day before yesterday", "last christmas"])


def after(rng: random.Random) -> str:
    return rng.choice(["after ", "before "]) + rng.choice([*WEEKDAYS, "tomorrow"])


TIME_FILLERS: dict[str, Filler] = {
    "number": number, "small": small, "percent": percent, "money": money, "fraction": fraction, "duration": duration,
    "time": time, "attime": attime, "weekday": weekday, "date": date, "ondate": ondate, "repeat": repeat, "rel": rel,
    "ago": ago, "datewhen": datewhen, "evordate": evordate, "pastdate": pastdate, "weekdayrel": weekdayrel,
    "pastrel": pastrel, "after": after,
}
