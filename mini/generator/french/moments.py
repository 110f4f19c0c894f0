"""Clock times, days and repeats, as people write them in French."""

from __future__ import annotations

import random

from mini.generator.french.numbers import digits_or_words, words
from mini.generator.tongue import Filler

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_HOLIDAYS = (
    "noël|noël|le réveillon de noël|le réveillon|la veille de noël|le jour de l'an|le nouvel an|la saint-sylvestre|"
    "halloween|pâques|le lundi de pâques|le dimanche de pâques|le vendredi saint|l'ascension|la pentecôte|"
    "le lundi de pentecôte|la saint-valentin|la saint valentin|la fête des mères|la fête des pères|la fête nationale|"
    "le 14 juillet|la toussaint|l'armistice|l'assomption|la fête du travail|l'épiphanie|la saint-nicolas|"
    "le premier mai|le 11 novembre|le 15 août|le 8 mai|noel|paques"
).split("|")
_PARTS = "ce matin|cet après-midi|ce soir|ce midi|cette nuit|dans la matinée|dans la soirée|en fin de journée|dans "
"l'après-midi".split("|")


def time(rng: random.Random) -> str:
    hour = rng.choice([rng.randint(5, 12), rng.randint(1, 12), rng.randint(13, 23), rng.randint(6, 9)])
    minute = rng.choice([0, 0, 0, 15, 30, 30, 45, 10, 20, 40, 50, 5, 55, rng.randint(0, 59)])
    part = ""
    if hour <= 12 and rng.random() < 0.3:
        part = rng.choice([" du matin", " du matin", " du soir", " de l'après-midi"])
        if hour <= 4:
            part = rng.choice([" du matin", " de l'après-midi"])
        elif hour == 12:
            part = ""
        elif hour > 6 and part == " de l'après-midi":
            part = " du soir"
    pick = rng.random()
    if pick < 0.30:
        return f"{hour}{rng.choice(['h', 'h', 'h', ' h', ' heures', ' heures'])}{part}"
    if pick < 0.52:
        return f"{hour}{rng.choice(['h', 'h', 'h', ' h ', ':'])}{minute:02d}{part}"
    if pick < 0.64:
        return f"{words(hour, feminine=True)} {'heure' if hour == 1 else 'heures'}{part}"
    if pick < 0.76:
        tail = rng.choice(
            "et demie|et quart|moins le quart|moins dix|moins vingt|moins cinq|trente|quinze|quarante-cinq|dix|"
            "vingt|cinq|"
            "moins vingt-cinq|et demi|moins quart|moins 10|moins 5|30|15|zéro cinq|cinquante".split("|")
        )
        if tail.startswith(("et", "moins")) and hour > 12:
            hour -= 12
        noun = "heure" if hour == 1 else "heures"
        return f"{digits_or_words(hour, rng, 0.7, feminine=True)} {noun} {tail}{part if rng.random() < 0.5 else ''}"
    if pick < 0.84:
        tail = rng.choice("et demie|et quart|moins le quart|moins dix|moins vingt|moins cinq".split("|"))
        return f"{min(hour, 12)}h {tail}{part if rng.random() < 0.5 else ''}"
    if pick < 0.92:
        return rng.choice(
            ["midi", "midi", "minuit", "midi et demi", "midi trente", "midi et quart", "midi moins le quart"]
        )
    if pick < 0.96:
        return f"{hour}{rng.choice(['h', 'h', ' heures'])} pile"
    return f"{rng.randint(0, 23):02d}h{minute:02d}"


def attime(rng: random.Random) -> str:
    if rng.random() < 0.82:
        return rng.choice(["à", "à", "à", "à", "vers", "pour", "avant", "a"]) + " " + time(rng)
    return rng.choice(
        "ce matin|ce soir|cet après-midi|ce midi|après le déjeuner|avant de dormir|à l'heure du déjeuner|dans "
        "l'après-midi|"
        "en soirée|en fin d'après-midi|après le travail|cette nuit|avant midi|dans la soirée|à l'heure du dîner|"
        "dans la matinée|en rentrant du travail|après manger|au réveil".split("|")
    )


def weekday(rng: random.Random) -> str:
    return rng.choice(WEEKDAYS)


def _monthday(rng: random.Random) -> str:
    day, month = rng.randint(1, 28), rng.choice(MONTHS)
    number = rng.choice(["1er", "premier", "1er"]) if day == 1 else digits_or_words(day, rng, 0.2)
    year = f" {rng.randint(2025, 2030)}" if rng.random() < 0.08 else ""
    article = rng.choice(["le ", "le ", "le ", f"le {rng.choice(WEEKDAYS)} ", ""])
    return f"{article}{number} {month}{year}"


def date(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.36:
        return rng.choice(
            "demain|demain|demain|aujourd'hui|ce soir|demain matin|demain soir|après-demain|demain après-midi|"
            "la semaine prochaine|ce week-end|le mois prochain|le week-end prochain|demain midi|après demain|"
            "après-demain matin|cet après-midi|aprés-demain".split("|")
        )
    if pick < 0.64:
        part = rng.choice(["", "", "", " matin", " soir", " après-midi", " midi"])
        return rng.choice(["", "", "ce "]) + weekday(rng) + rng.choice(["", "", " prochain", ""]) + part
    if pick < 0.86:
        return _monthday(rng)
    if pick < 0.89:
        return f"{rng.randint(1, 28)}/{rng.randint(1, 12):02d}{rng.choice(['', '', '/2026'])}"
    if pick < 0.94:
        return f"le {rng.randint(2, 28)}"
    if pick < 0.96:
        return rng.choice(
            ["dans deux jours", "dans 3 jours", "d'ici deux jours", "dans une semaine", "dans quinze jours"]
        )
    return rng.choice(_HOLIDAYS)


def ondate(rng: random.Random) -> str:
    text = date(rng)
    holiday = text.removeprefix("le ").removeprefix("la ").removeprefix("l'")
    if text in _HOLIDAYS and not text.startswith("le 1"):
        return ("à " if not text.startswith(("le ", "la ", "l'")) else "pour ") + (
            holiday if not text.startswith(("le ", "la ", "l'")) else text
        )
    if text[0].isdigit():
        return rng.choice(["le ", "pour le "]) + text
    return rng.choice(["", "", "", "", "pour "]) + text


def repeat(rng: random.Random) -> str:
    day, other = rng.choice(WEEKDAYS), rng.choice(WEEKDAYS)
    return rng.choice(
        [
            "tous les jours",
            "tous les jours",
            "chaque jour",
            "chaque matin",
            "tous les matins",
            "tous les soirs",
            "chaque soir",
            "en semaine",
            "les jours de semaine",
            "la semaine",
            "le week-end",
            "tous les week-ends",
            "les week-ends",
            "chaque week-end",
            "du lundi au vendredi",
            f"tous les {day}s",
            f"chaque {day}",
            f"tous les {day}s et {other}s",
            f"le {day} et le {other}",
            f"les {day}s",
            f"chaque {day} matin",
            "quotidiennement",
            "toutes les heures",
            "toutes les semaines",
            "tous les mois",
            "une fois par jour",
            "deux fois par jour",
            "toutes les deux heures",
            "un jour sur deux",
            "toutes les 30 minutes",
            "pendant la semaine",
            "chaque semaine",
            "les jours ouvrables",
            "samedi et dimanche",
            f"tous les {day}s soirs",
        ]
    )


def _span(rng: random.Random) -> str:
    unit = rng.choice(["jours", "jours", "semaines", "mois", "ans"])
    return f"{digits_or_words(rng.randint(2, 100 if unit == 'jours' else 20), rng, 0.4)} {unit}"


def ago(rng: random.Random) -> str:
    return rng.choice(
        [
            f"dans {_span(rng)}",
            f"dans {_span(rng)}",
            f"il y a {_span(rng)}",
            f"il y a {_span(rng)}",
            "dans une semaine",
            "dans un mois",
            "dans un an",
            "dans quinze jours",
            "dans huit jours",
            "il y a une semaine",
            "il y a un an",
            "dans une quinzaine",
            f"dans {_span(rng)}",
        ]
    )


def rel(rng: random.Random) -> str:
    day = rng.choice(WEEKDAYS)
    return rng.choice(
        [
            f"{day} prochain",
            f"ce {day}",
            f"{day} dernier",
            day,
            "demain",
            "hier",
            "après-demain",
            "avant-hier",
            ago(rng),
            ago(rng),
            f"de {day} en huit",
            f"{day} en quinze",
            "ce week-end",
            "le week-end prochain",
            "la semaine prochaine",
            f"le premier {day} du mois prochain",
            f"{day} de la semaine prochaine",
            f"le dernier {day} du mois",
        ]
    ).removeprefix("de ")


def datewhen(rng: random.Random) -> str:
    return rng.choice(
        [
            _monthday(rng),
            _monthday(rng),
            _monthday(rng),
            date(rng),
            rng.choice(_HOLIDAYS),
            f"le {rng.randint(4, 20)}",
            f"le {rng.randint(2, 28)} {rng.choice(MONTHS)} {rng.randint(2020, 2032)}",
            f"le premier {rng.choice(MONTHS)}",
            "demain",
        ]
    )


def evordate(rng: random.Random) -> str:
    return rng.choice(
        [
            rng.choice(_HOLIDAYS),
            rng.choice(_HOLIDAYS),
            _monthday(rng),
            weekday(rng),
            "le week-end",
            f"{weekday(rng)} prochain",
            "l'été",
            "l'hiver",
            "le printemps",
            "la fin du mois",
            "la fin de l'année",
            "l'année prochaine",
            "le mois prochain",
            f"le {rng.randint(2, 28)} {rng.choice(MONTHS)} {rng.randint(2026, 2032)}",
        ]
    )


def pastdate(rng: random.Random) -> str:
    return rng.choice([rng.choice(_HOLIDAYS), f"{weekday(rng)} dernier", _monthday(rng), "le nouvel an"])


def weekdayrel(rng: random.Random) -> str:
    return rng.choice(["{} prochain", "ce {}", "{} dernier", "{}"]).format(weekday(rng))


TIME_FILLERS: dict[str, Filler] = {
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
}
