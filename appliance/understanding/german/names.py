"""German names of days and places in the words of the tools: `heiligabend` is christmas eve, `münchen` munich."""

from __future__ import annotations

import re

from appliance.understanding.german.days import MONTHS, NAMES
from appliance.understanding.german.numbers import ordinal_value, word_value
from appliance.understanding.german.tokens import folded, text

_ENGLISH_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ENGLISH_MONTHS = (
    "january february march april may june july august september october november december".split()
)  # fmt: skip
_HOLIDAYS = {
    "weihnachten": "christmas", "erster weihnachtstag": "christmas day", "erste weihnachtstag": "christmas day",
    "weihnachtstag": "christmas day", "zweiter weihnachtstag": "boxing day", "zweite weihnachtstag": "boxing day",
    "stephanitag": "boxing day", "stefanitag": "boxing day", "stephanstag": "boxing day",
    "heiligabend": "christmas eve",
    "heilig abend": "christmas eve", "heiliger abend": "christmas eve", "heilige abend": "christmas eve",
    "silvester": "new year's eve", "neujahr": "new year's day", "neujahrstag": "new year's day",
    "dreikoenig": "epiphany", "heilige drei koenige": "epiphany", "heiligen drei koenige": "epiphany",
    "dreikoenigstag": "epiphany", "valentinstag": "valentine's day", "aschermittwoch": "ash wednesday",
    "palmsonntag": "palm sunday", "karfreitag": "good friday", "ostern": "easter", "ostersonntag": "easter",
    "ostermontag": "easter monday", "christi himmelfahrt": "ascension day", "himmelfahrt": "ascension day",
    "vatertag": "ascension day", "pfingsten": "pentecost", "pfingstsonntag": "pentecost",
    "pfingstmontag": "whit monday", "tag der arbeit": "labour day", "erste mai": "labour day",
    "maifeiertag": "labour day", "staatsfeiertag": "labour day", "muttertag": "mother's day",
    "tag der deutschen einheit": "german unity day", "deutsche einheit": "german unity day",
    "allerheiligen": "all saints' day", "nikolaus": "st nicholas day", "nikolaustag": "st nicholas day",
    "halloween": "halloween", "black friday": "black friday", "reformationstag": "31 october",
    "maria himmelfahrt": "15 august", "mariae himmelfahrt": "15 august", "mariae empfaengnis": "8 december",
    "nationalfeiertag": "26 october", "bundesfeier": "1 august", "bundesfeiertag": "1 august",
    "schweizer nationalfeiertag": "1 august",
    "sankt martin": "11 november", "martinstag": "11 november", "frauentag": "8 march",
    "weltfrauentag": "8 march", "st patricks day": "st patrick's day",
    "thanksgiving": "thanksgiving", "aprilscherz": "1 april",
}  # fmt: skip
_NEAR = {
    "heute": "today", "morgen": "tomorrow", "gestern": "yesterday", "uebermorgen": "day after tomorrow",
    "vorgestern": "day before yesterday", "naechste woche": "next week", "kommende woche": "next week",
    "letzte woche": "last week", "naechsten monat": "next month", "kommenden monat": "next month",
    "wochenende": "weekend", "naechstes wochenende": "next weekend", "ueberuebermorgen": "in 3 days",
    "monatsende": "end of the month", "ende des monats": "end of the month", "jahresende": "31 december",
    "ende des jahres": "31 december",
}  # fmt: skip
_WHICH = {
    "naechst": "next", "kommend": "coming", "letzt": "last", "vergangen": "last", "vorig": "last", "dies": "this",
}  # fmt: skip
_UNITS = {"tag": "day", "woche": "week", "monat": "month", "jahr": "year"}
_LENGTH = re.compile(
    r"(?:heute |von heute an |ab heute )?(in|vor) (\S+) (tag|tagen|woche|wochen|monat|monaten|jahr|jahren)"
)
_FRONT = re.compile(r"^(?:(?:am|an|zum|zu|der|die|das|den|dem|auf|im|es|denn|diesjaehrige[nr]?) )+")
_YEARS = re.compile(r"^(.+?)(?: (?:dieses jahr|heuer|naechstes jahr|im jahr))?(?: (\d{4}))?$")
_PLACES = {
    "muenchen": "munich", "koeln": "cologne", "wien": "vienna", "nuernberg": "nuremberg", "hannover": "hanover",
    "genf": "geneva", "zuerich": "zurich", "rom": "rome", "mailand": "milan", "venedig": "venice",
    "florenz": "florence",
    "neapel": "naples", "turin": "turin", "tokio": "tokyo", "peking": "beijing", "moskau": "moscow", "kairo": "cairo",
    "athen": "athens", "bruessel": "brussels", "lissabon": "lisbon", "kopenhagen": "copenhagen", "warschau": "warsaw",
    "prag": "prague", "mexiko stadt": "mexico city", "mexiko-stadt": "mexico city", "mexiko": "mexico",
    "hongkong": "hong kong", "singapur": "singapore", "neu delhi": "new delhi", "neu-delhi": "new delhi",
    "kapstadt": "cape town", "teheran": "tehran", "karatschi": "karachi", "kathmandu": "kathmandu", "kiew": "kyiv",
    "bukarest": "bucharest", "belgrad": "belgrade", "nizza": "nice", "strassburg": "strasbourg",
    "dschidda": "jeddah", "riad": "riyadh", "havanna": "havana", "bogota": "bogota", "reykjavik": "reykjavik",
    "indien": "india", "deutschland": "germany", "frankreich": "france", "england": "england", "italien": "italy",
    "spanien": "spain", "australien": "australia", "brasilien": "brazil", "kanada": "canada", "russland": "russia",
    "suedafrika": "south africa", "neuseeland": "new zealand", "kalifornien": "california", "irland": "ireland",
    "schottland": "scotland", "griechenland": "greece", "tuerkei": "turkey", "aegypten": "egypt",
    "schweden": "sweden", "norwegen": "norway", "polen": "poland", "usa": "usa", "amerika": "america",
    "vereinigte staaten": "united states", "vereinigten staaten": "united states", "oesterreich": "austria",
    "schweiz": "switzerland", "island": "iceland", "kuba": "cuba", "suedkorea": "south korea", "korea": "south korea",
    "nordkorea": "north korea", "finnland": "finland", "daenemark": "denmark", "belgien": "belgium",
    "niederlande": "netherlands", "niederlanden": "netherlands", "holland": "holland", "tschechien": "czechia",
    "ungarn": "hungary", "kroatien": "croatia", "grossbritannien": "great britain", "saudi-arabien": "saudi arabia",
    "katar": "qatar", "marokko": "morocco", "tunesien": "tunisia", "argentinien": "argentina", "kenia": "kenya",
    "kolumbien": "colombia", "philippinen": "philippines", "malediven": "maldives", "mauritius": "mauritius",
    "rumaenien": "romania", "bulgarien": "bulgaria", "serbien": "serbia", "slowenien": "slovenia",
    "slowakei": "slovakia", "ukraine": "ukraine", "chile": "chile", "japan": "japan", "china": "china",
    "luxemburg": "luxembourg", "estland": "estonia", "lettland": "latvia", "litauen": "lithuania", "zypern": "cyprus",
    "jerusalem": "jerusalem", "singapore": "singapore", "duesseldorf": "dusseldorf",
}  # fmt: skip


def day_named(said: str) -> str:
    """Return a day as `date_lookup` reads it, `in 3 weeks`; what is not known comes back as it was said."""
    flat = " ".join(folded(said).replace("ß", "ss").strip(" ?.!,").split())
    flat = flat if flat.split(" ")[0] in ("in", "vor") else _FRONT.sub("", flat)
    return _named(flat) or _relative(flat) or _weekday(flat) or _calendar(f"{flat}.") or said


def place_named(said: str) -> str:
    """Return a place under its English name; what is not known comes back as it was said."""
    flat = re.sub(r"^(?:der|den|dem|die|das) ", "", folded(said).strip(" ?.!,"))
    return _PLACES.get(flat, re.sub(r"^(?:der|den|dem|die|das) ", "", said.strip(), flags=re.IGNORECASE))


def _named(flat: str) -> str | None:
    found = _YEARS.match(flat)
    name, year = (found[1], found[2]) if found else (flat, None)
    if name in _NEAR:
        return _NEAR[name]
    last = name.startswith(("letztes ", "letzte ", "letzten "))
    known = _HOLIDAYS.get(name) or (_HOLIDAYS.get(name.split(" ", 1)[1]) if last else None)
    if known is None:
        return None
    return f"{'last ' if last else ''}{known}{f' {year}' if year else ''}"


def _relative(flat: str) -> str | None:
    found = _LENGTH.fullmatch(flat)
    if found is None:
        return None
    word = found[2]
    count = int(word) if word.isdigit() else 1 if word.startswith("ein") and len(word) < 6 else word_value(word)
    if count is None:
        return None
    unit = next(name for stem, name in _UNITS.items() if found[3].startswith(stem))
    length = f"{count} {unit}{'s' if count != 1 else ''}"
    return f"in {length}" if found[1] == "in" else f"{length} ago"


def _weekday(flat: str) -> str | None:
    words = flat.split()
    if not words or words[-1] not in NAMES or len(words) > 2:
        return None
    which = next((name for stem, name in _WHICH.items() if words[0].startswith(stem)), "") if len(words) == 2 else ""
    if len(words) == 2 and not which:
        return None
    return f"{which} {_ENGLISH_DAYS[NAMES.index(words[-1])]}".strip()


def _calendar(flat: str) -> str | None:
    parts = [part for part in text(flat).parts if part != "."]
    if parts and parts[0] in NAMES:
        parts = [part for part in parts[1:] if part not in ("der", "den", ",")]
    if not 2 <= len(parts) <= 3:
        return None
    day = int(parts[0]) if parts[0].isdigit() else ordinal_value(parts[0])
    month = MONTHS.get(parts[1]) or (int(parts[1]) if parts[1].isdigit() else ordinal_value(parts[1]))
    if day is None or month is None or not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    if len(parts) == 2:
        return f"{day} {_ENGLISH_MONTHS[month - 1]}"
    return f"{parts[2]}-{month:02d}-{day:02d}" if re.fullmatch(r"\d{4}", parts[2]) else None
