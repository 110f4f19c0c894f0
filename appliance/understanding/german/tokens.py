"""A German sentence cut into numbers, words and signs: umlauts spelled out, compounds taken apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from appliance.understanding.tokens import Found, Tokens, speller

__all__ = ["Found", "Tokens", "folded", "spelled", "split", "text"]

_PART = re.compile(r"\d{1,3}(?:[.']\d{3})+(?:,\d+)?(?!\d)|\d+(?:,\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?|[^\w\s]|_")
_FOLDS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "à": "a", "ç": "c"})
# typed without umlauts and without the e, spoken short, or in the Austrian and Swiss way
_SAME = {
    "'n": "ein", "n": "ein", "'ne": "eine", "ne": "eine", "'nen": "einen", "nen": "einen", "'nem": "einem",
    "nem": "einem", "'ner": "einer", "ner": "einer", "zwo": "zwei", "funf": "fuenf", "zwolf": "zwoelf",
    "funfzehn": "fuenfzehn", "funfzig": "fuenfzig", "dreizig": "dreissig", "sechszehn": "sechzehn",
    "sechszig": "sechzig", "siebenzehn": "siebzehn", "siebenzig": "siebzig", "ubermorgen": "uebermorgen",
    "fruh": "frueh", "nachsten": "naechsten", "nachste": "naechste", "nachster": "naechster",
    "nachstes": "naechstes", "marz": "maerz", "taglich": "taeglich", "wochentlich": "woechentlich",
    "jaenner": "januar", "janner": "januar", "feber": "februar", "sonnabend": "samstag", "sontag": "sonntag",
    "heut": "heute",
    "jed": "jeden",
    "minuetchen": "minuten", "stuendchen": "stunde", "sekuendchen": "sekunden", "samschtig": "samstag",
    "mitternachts": "mitternacht",
}  # fmt: skip
_SPELLED = frozenset(
    "minute minuten sekunde sekunden stunde stunden morgen uebermorgen montag dienstag mittwoch donnerstag freitag "
    "samstag sonntag werktag werktags werktagen wochenende januar februar april august september oktober november "
    "dezember abends morgens vormittag nachmittag mitternacht viertel dreiviertel zwanzig dreissig vierzig fuenfzig "
    "sechzig siebzig achtzig neunzig hundert tausend prozent multipliziere multipliziert geteilt dividiere "
    "dividiert kilometer zentimeter millimeter kilogramm gramm liter milliliter quadratmeter anderthalb eineinhalb "
    "viertelstunde dreiviertelstunde heute naechsten naechste celsius fahrenheit wurzel weihnachten erinnerung "
    "vierten vierter".split()
)
_MIN_SPELLED = 6
_ONES = "ein|eine|einer|zwei|drei|vier|fuenf|sechs|sieben|acht|neun|zehn|elf|zwoelf"
_TEENS = "dreizehn|vierzehn|fuenfzehn|sechzehn|siebzehn|achtzehn|neunzehn"
_TENS = "zwanzig|dreissig|vierzig|fuenfzig|sechzig|siebzig|achtzig|neunzig"
_COUNT = (
    rf"(?:(?:(?:{_ONES})und)?(?:{_TENS})|{_TEENS}|{_ONES}|anderthalb|eineinhalb|zweieinhalb|dreieinhalb|halb|halbe)"
)
# nothing else: "stundenkilometer" is no length of time
_TAIL = r"(?:|timers?|wecker|countdown|alarm|pause|takt|e[nrms]?)"
# "fuenfminutentimer", "zehnminuetigen", "zweistuendiger": a length that grew together with what it is of
_GROWN = re.compile(rf"({_COUNT})(minuetig|stuendig|sekuendig|minuten?|stunden?|sekunden?)({_TAIL})")
# "montagabend": a day and a part of it
_DAY_PART = re.compile(
    r"(montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|heute|morgen)"
    r"(morgen|frueh|vormittag|mittag|nachmittag|abend|nacht)s?"
)
_LENGTHS = {"minuetig": "minuten", "stuendig": "stunden", "sekuendig": "sekunden"}
_FIGURED = re.compile(rf"(minuetig|stuendig|sekuendig|taegig|minutig|minuten|stunden|sekunden)({_TAIL})")


_OTHERS = frozenset({"moegen", "sorgen", "borgen", "wundert", "naechte"})  # words of their own, one letter off
_repaired = speller(_SPELLED)


def spelled(word: str) -> str:
    """Return the word of the parsers that a typed word misses by one letter."""
    return word if word in _OTHERS else _repaired(word)


def folded(word: str) -> str:
    """Return the word in lower case with its umlauts and the sharp s spelled out."""
    return word.lower().translate(_FOLDS)


def split(words: Sequence[str]) -> Tokens:
    """Cut words into the parts that the German parsers read."""
    parts: list[str] = []
    origin: list[int] = []
    for at, word in enumerate(words):
        for found in _PART.findall(folded(word)):
            for part in _grown(_SAME.get(found, found)):
                parts.append(part)
                origin.append(at)
    return Tokens(tuple(parts), tuple(origin))


def text(said: str) -> Tokens:
    """Cut a sentence into parts."""
    return split(said.split())


def _grown(part: str) -> list[str]:
    if len(part) < _MIN_SPELLED:
        return [part]
    if found := _GROWN.fullmatch(part):
        count, unit, rest = found.groups()
        unit = _LENGTHS.get(unit, unit)
        tail = "" if found[2] in _LENGTHS else rest
        return [count, unit, *([tail] if tail else [])]
    if found := _FIGURED.fullmatch(part):  # "10-minuetigen", "20 minutentimer"
        unit = {**_LENGTHS, "taegig": "tage", "minutig": "minuten"}.get(found[1], found[1])
        tail = "" if found[1] in ("minuetig", "stuendig", "sekuendig", "taegig", "minutig") else found[2]
        return [unit, *([tail] if tail else [])]
    if found := _DAY_PART.fullmatch(part):
        return [found[1], found[2]]
    return [spelled(part)]
