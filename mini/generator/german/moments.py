"""Fillers for clock times, days and repeats, as people write them."""

from __future__ import annotations

import random

from mini.generator.german.numbers import digits_or_words, ordinal, words

WEEKDAYS = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
MONTHS = "januar februar märz april mai juni juli august september oktober november dezember".split()
_MONTHS_TOO = [*MONTHS, *MONTHS, "jänner", "feber", "jan", "feb", "aug", "sept", "okt", "nov", "dez"]
HOLIDAYS = (
    "weihnachten|heiligabend|heilig abend|silvester|neujahr|ostern|ostersonntag|ostermontag|karfreitag|pfingsten|"
    "pfingstmontag|halloween|nikolaus|valentinstag|muttertag|vatertag|christi himmelfahrt|himmelfahrt|"
    "tag der deutschen einheit|allerheiligen|dreikönig|heilige drei könige|der erste mai|der erste weihnachtstag|"
    "der zweite weihnachtstag|aschermittwoch|palmsonntag|fronleichnam|rosenmontag|black friday|tag der arbeit|"
    "reformationstag|gründonnerstag|erster advent|buß- und bettag|maria himmelfahrt|nationalfeiertag|"
    "stephanitag|bundesfeier|fasching"
).split("|")
_MINUTES = [0, 0, 0, 15, 30, 30, 45, 10, 20, 40, 50, 5, 55]


def time(rng: random.Random) -> str:
    """A time of day without `um`."""
    hour, late = rng.randint(1, 12), rng.randint(0, 23)
    minute = rng.choice([*_MINUTES, rng.randint(1, 59)])
    said = words(hour) if hour > 1 else "eins"
    hour_word = rng.choice([str(hour), said, str(hour)])
    bare = "ein" if hour == 1 else hour_word
    suffix = rng.choice(
        [" morgens", " früh", " abends", " nachts", " nachmittags", " in der früh", " am abend", " am morgen",
         " vormittags", "", "", "", "", "", "", "", " mittags", " am nachmittag", " heute abend", " pünktlich"]
    )  # fmt: skip
    pick = rng.random()
    if pick < 0.24:
        return f"{bare} uhr{suffix}"
    if pick < 0.34:
        return f"{late} uhr"
    if pick < 0.44:
        return f"{hour_word}{suffix if rng.random() < 0.5 else ''}"
    if pick < 0.56:
        return f"{late}:{minute:02d}{rng.choice([' uhr', ' uhr', '', 'uhr'])}"
    if pick < 0.62:
        return f"{late:02d}:{minute:02d}{rng.choice([' uhr', ''])}"
    if pick < 0.66:
        return f"{late}.{minute:02d}{rng.choice([' uhr', ' uhr', ' uhr', 'h'])}"
    if pick < 0.74:
        minute = minute or 30
        return rng.choice([f"{late} uhr {minute}", f"{bare} uhr {words(minute)}", f"{late} uhr {words(minute)}"])
    if pick < 0.86:
        return f"halb {hour_word}{suffix if rng.random() < 0.3 else ''}"
    if pick < 0.97:
        part = rng.choice(
            "viertel vor|viertel nach|viertel vor|viertel nach|dreiviertel|viertel|fünf vor|fünf nach|zehn vor|"
            "zehn nach|"
            "zwanzig nach|zwanzig vor|fünf vor halb|fünf nach halb|zehn vor halb|kurz vor|10 nach|5 vor|viertel über|"
            "drei viertel|zehn minuten vor|fünf minuten nach|20 nach|kurz nach".split("|")
        )
        return f"{part} {hour_word}{suffix if rng.random() < 0.3 else ''}"
    return rng.choice(["mitternacht", "mittag", "12 uhr mittags", "zwölf uhr mittags", "null uhr"])


def attime(rng: random.Random) -> str:
    if rng.random() < 0.84:
        return rng.choice(["um", "um", "um", "um", "um", "gegen", "so um", "ab", "bis"]) + " " + time(rng)
    return rng.choice(
        "heute abend|heute nachmittag|heute mittag|am abend|am nachmittag|heute vormittag|am morgen|morgen früh|"
        "morgens|abends|heute nacht|nach der arbeit|nach feierabend|nach dem mittagessen|vor dem schlafengehen|"
        "am vormittag|mittags|in der früh".split("|")
    )


def weekday(rng: random.Random) -> str:
    return rng.choice([*WEEKDAYS, *WEEKDAYS, *WEEKDAYS, "sonnabend", "mo", "di", "mi", "do", "fr", "sa", "so"][:24])


def monthday(rng: random.Random) -> str:
    """`5. mai`, `fünften mai`, `24.12.`: without `am`."""
    day = rng.randint(1, 28)
    month = rng.choice(_MONTHS_TOO)
    year = f" {rng.randint(2024, 2030)}" if rng.random() < 0.08 else ""
    return rng.choice(
        [
            f"{day}. {month}{year}", f"{day}. {month}{year}", f"{ordinal(day)} {month}{year}", f"{day} {month}{year}",
            f"{day}.{rng.randint(1, 12)}.", f"{day}.{rng.randint(1, 12):02d}.", f"{day}. {rng.randint(1, 12)}.",
            f"{ordinal(day)} {ordinal(rng.randint(1, 12))}", f"{day:02d}.{rng.randint(1, 12):02d}.2027",
        ]
    )  # fmt: skip


def date(rng: random.Random) -> str:
    """A day, as it stands in the middle of a sentence."""
    pick = rng.random()
    if pick < 0.42:
        return rng.choice(
            "morgen|morgen|morgen|heute|übermorgen|morgen früh|morgen früh|morgen abend|morgen nachmittag|"
            "morgen vormittag|heute abend|nächste woche|am wochenende|nächsten monat|morgen mittag|kommende woche|"
            "heute nachmittag|dieses wochenende|überübermorgen|heut|nächstes wochenende".split("|")
        )
    if pick < 0.72:
        part = rng.choice(["", "", "", " früh", " abend", " nachmittag", " morgen", " vormittag"])
        return rng.choice(["am ", "am ", "am ", "", "nächsten ", "kommenden ", "diesen "]) + weekday(rng) + part
    if pick < 0.90:
        return f"am {monthday(rng)}"
    if pick < 0.96:
        return rng.choice(
            [f"am {rng.randint(4, 28)}.", f"am {ordinal(rng.randint(1, 28))}", f"in {rng.randint(2, 20)} tagen",
             "in einer woche", "in zwei wochen", "heute in einer woche", f"{weekday(rng)} in einer woche",
             f"in {words(rng.randint(2, 9))} tagen", "in einem monat"]
        )  # fmt: skip
    return rng.choice(
        ["an weihnachten", "an heiligabend", "an silvester", "zu weihnachten", "am 1. mai", "am nikolaustag",
         "an halloween", "zu silvester", "am valentinstag", "an neujahr"]
    )  # fmt: skip


def repeat(rng: random.Random) -> str:
    day, other = rng.sample(WEEKDAYS, 2)
    return rng.choice(
        ["jeden tag", "täglich", "jeden morgen", "jeden abend", "jeden werktag", "werktags", "an werktagen",
         "unter der woche", "wochentags", "jedes wochenende", "an wochenenden", "am wochenende immer", "tagtäglich",
         f"jeden {day}", f"{day}s", f"{day}s und {other}s", f"jeden {day} und {other}", "immer " + day + "s",
         "montag bis freitag", "von montag bis freitag", "mo bis fr", "jeden vormittag", "jeden nachmittag",
         f"immer am {day}", "jeden mittag", f"jeden {day} morgen", "jeden einzelnen tag", "mo-fr", "alle tage",
         f"jeden {day}abend", "ab jetzt jeden tag", f"jeden {day}", f"{day}s", "von mo bis fr", "an jedem werktag"]
    )  # fmt: skip


def when(rng: random.Random) -> str:
    """What is looked up: a holiday, a calendar day, a day from here."""
    return rng.choice([_holiday, _holiday, monthday, _rel, _rel, _weekdayrel, _numbered])(rng)


def holiday(rng: random.Random) -> str:
    return _holiday(rng)


def _holiday(rng: random.Random) -> str:
    year = f" {rng.randint(2025, 2031)}" if rng.random() < 0.12 else ""
    return rng.choice(HOLIDAYS) + year


def _numbered(rng: random.Random) -> str:
    return f"{rng.randint(1, 28)}. {rng.choice(MONTHS)}{rng.choice(['', f' {rng.randint(2020, 2032)}'])}"


def _weekdayrel(rng: random.Random) -> str:
    return rng.choice(["nächsten ", "kommenden ", "diesen ", "letzten ", "am "]) + rng.choice(WEEKDAYS)


def rel(rng: random.Random) -> str:
    return _rel(rng)


def _rel(rng: random.Random) -> str:
    count = rng.randint(2, 100)
    unit = rng.choice(["tagen", "tagen", "wochen", "monaten", "jahren"])
    day = rng.choice(WEEKDAYS)
    return rng.choice(
        [f"in {digits_or_words(count, rng, 0.4)} {unit}", f"vor {digits_or_words(count, rng, 0.4)} {unit}",
         "in einer woche", "in einem monat", "in einem jahr", "in zwei wochen", "übermorgen", "vorgestern", "morgen",
         "gestern", f"nächsten {day}", f"kommenden {day}", f"letzten {day}", "in 14 tagen", "vor einer woche",
         "heute in einer woche", "nächste woche", "nächsten monat"]
    )  # fmt: skip
