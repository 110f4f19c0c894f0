"""A French day as the tool `date_lookup` reads it: `vendredi prochain` -> `next friday`, `noël` -> `christmas`."""

from __future__ import annotations

import re

from appliance.understanding.french.days import MONTHS, NAMES
from appliance.understanding.french.numbers import cardinal
from appliance.understanding.french.spelling import fold, spelled
from appliance.understanding.tokens import Tokens

_ENGLISH_DAYS = dict(zip(NAMES, "monday tuesday wednesday thursday friday saturday sunday".split(), strict=True))
_ENGLISH_MONTHS = "january february march april may june july august september october november december".split()
_HOLIDAYS = dict(
    pair.split(":")
    for pair in (
        "veille de noel:christmas eve|reveillon de noel:christmas eve|reveillon du nouvel an:new year's eve|"
        "reveillon:christmas eve|noel:christmas|jour de noel:christmas|jour de l'an:new year's day|nouvel an:new "
        "year's day|"
        "saint-sylvestre:new year's eve|saint sylvestre:new year's eve|halloween:halloween|paques:easter|"
        "dimanche de paques:easter|lundi de paques:easter monday|vendredi saint:good friday|"
        "ascension:ascension day|jeudi de l'ascension:ascension day|pentecote:pentecost|lundi de pentecote:whit monday|"
        "dimanche de pentecote:pentecost|saint-valentin:valentine's day|saint valentin:valentine's day|"
        "fete des meres:mother's day|fete des peres:father's day|fete nationale:bastille day|toussaint:all saints' day|"
        "armistice:veterans day|fete du travail:labour day|epiphanie:epiphany|fete des rois:epiphany|"
        "saint-nicolas:st nicholas day|saint nicolas:st nicholas day|saint-patrick:st patrick's day|"
        "saint patrick:st patrick's day|poisson d'avril:april fools' day|black friday:black friday|"
        "action de grace:thanksgiving|thanksgiving:thanksgiving|mercredi des cendres:ash wednesday|rameaux:palm sunday|"
        "dimanche des rameaux:palm sunday|assomption:15 august|fete nationale belge:21 july|fete nationale "
        "suisse:1 august|"
        "fete nationale francaise:14 july|saint-jean:24 june|saint jean:24 june|fete du canada:1 july|fete du "
        "roi:15 november|"
        "chandeleur:2 february|fete de la musique:21 june|immaculee conception:8 december|victoire:8 may|"
        "fin du mois:end of the month|semaine prochaine:next week|mois prochain:next month|week-end prochain:next "
        "weekend|"
        "weekend prochain:next weekend|ce week-end:this weekend|week-end:weekend|weekend:weekend|semaine "
        "derniere:last week|"
        "fin de l'annee:31 december|fin d'annee:31 december|annee prochaine:1 january|an prochain:1 january|"
        "ete:21 june|hiver:21 december|printemps:20 march|automne:22 september|"
        "aujourd'hui:today|demain:tomorrow|hier:yesterday|apres-demain:day after tomorrow|apres demain:day after "
        "tomorrow|"
        "avant-hier:day before yesterday|avant hier:day before yesterday|ce soir:today|demain matin:tomorrow|"
        "demain soir:tomorrow"
    ).split("|")
)
_UNITS = {"jour": "days", "semaine": "weeks", "mois": "months", "an": "years", "annee": "years"}
_PARTS = re.compile(r" (?:matin|soir|midi|apres-midi|nuit)$")
_LEAD = re.compile(r"^(?:(?:le|la|les|l|de|du|au|a|pour|jusqu'au|jusqu'a|avant|depuis|cette|d)\s+|l'|d')+")


def when_ends(said: str) -> str:
    """Return the day in the words of the tool; words that no rule knows stay as they were said."""
    flat = fold(said.lower()).strip(" .,?!")
    flat = re.sub(r" (?:cette annee|de cette annee|prochain(?=e annee))$", "", flat)
    flat = re.sub(rf"({'|'.join(MONTHS)}|\d{{4}}) prochain$", r"\1", flat)
    bare = _LEAD.sub("", flat)
    for text in (flat, bare, _PARTS.sub("", bare)):
        if text in _HOLIDAYS:
            return _HOLIDAYS[text]
    year = re.fullmatch(r"(.+?) (\d{4})", bare)
    if year and year[1] in _HOLIDAYS:
        return f"{_HOLIDAYS[year[1]]} {year[2]}"
    if bare.endswith((" prochain", " dernier")) and bare.rsplit(" ", 1)[0] in _HOLIDAYS:
        return f"{'last' if bare.endswith('dernier') else 'next'} {_HOLIDAYS[bare.rsplit(' ', 1)[0]]}"
    return _span(flat) or _weekday(_PARTS.sub("", bare)) or _calendar(bare) or said


def _span(flat: str) -> str | None:
    """`dans trois semaines`, `il y a dix jours`, `d'ici 2 mois`."""
    match = re.fullmatch(r"(dans|il y a|d'ici|ici|y a|d ici) (.+?) ([a-z]+)", flat)
    if flat == "dans une quinzaine":
        return "in 14 days"
    if match is None:
        return None
    unit = match[3] if match[3] == "mois" else match[3].removesuffix("s")
    tokens = Tokens.text(match[2], spelled)
    number = cardinal(tokens, 0)
    if unit not in _UNITS or number is None or number.end != len(tokens):
        return None
    count = int(number.value)
    if unit == "jour" and match[2] in ("huit", "quinze", "15"):
        count = 7 if count == 8 else 14
    return f"{count} {_UNITS[unit]} ago" if "y a" in match[1] else f"in {count} {_UNITS[unit]}"


def _weekday(bare: str) -> str | None:
    match = re.fullmatch(r"(ce )?([a-z]+)(?: (prochain|dernier|passe|qui vient))?", bare)
    if match is None or match[2] not in _ENGLISH_DAYS:
        return None
    which = {"prochain": "next ", "dernier": "last ", "passe": "last ", "qui vient": "next "}.get(match[3] or "", "")
    return f"{which or ('this ' if match[1] else '')}{_ENGLISH_DAYS[match[2]]}"


def _calendar(bare: str) -> str | None:
    """`14 juillet 2027`, `samedi 5 décembre`, `1er mai`, `24/12/2026`."""
    if slashed := re.fullmatch(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?", bare):
        month = int(slashed[2])
        return (
            f"{int(slashed[1])} {_ENGLISH_MONTHS[month - 1]}{' ' + slashed[3] if slashed[3] else ''}"
            if 1 <= month <= 12
            else None
        )
    match = re.fullmatch(rf"(?:(?:{'|'.join(NAMES)}) )?(.+?) ([a-z]+)\.?(?: (\d{{4}}))?", bare)
    if match is None or match[2] not in MONTHS:
        return None
    tokens = Tokens.text(match[1].replace("1er", "1").replace("premier", "1"), spelled)
    number = cardinal(tokens, 0)
    if number is None or number.end != len(tokens) or number.value.denominator != 1:
        return None
    return f"{int(number.value)} {_ENGLISH_MONTHS[MONTHS[match[2]] - 1]}{' ' + match[3] if match[3] else ''}"
