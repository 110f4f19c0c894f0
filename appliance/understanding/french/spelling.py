"""French words as the parsers compare them: without accents and elisions, small slips repaired."""

from __future__ import annotations

import re
import unicodedata

from appliance.understanding.tokens import speller

_ELISION = re.compile(r"^(?:d|l|j|m|t|s|n|c|qu|jusqu|lorsqu|puisqu)'(?=\w)")
_WHOLE = {"aujourd'hui": "aujourdhui", "d'aujourd": "aujourdhui", "quelqu'un": "quelquun"}
_repaired = speller(
    frozenset(
        "minutes minute secondes seconde heures demain aujourdhui mercredi vendredi samedi dimanche janvier "
        "fevrier juillet "
        "septembre octobre novembre decembre semaine semaines quarante cinquante soixante septante nonante quatorze "
        "quinze treize trente prochain prochaine multiplie multiplier diviser divise fahrenheit celsius kilometres "
        "kilometre centimetres centimetre millimetres grammes kilogrammes quinzaine minuit".split()
    )
)


def fold(text: str) -> str:
    """Return the text without accents, letter for letter: positions stay what they were."""
    return "".join(unicodedata.normalize("NFD", char)[0] if char != "œ" else char for char in text)


def spelled(word: str) -> str:
    """Return the form in which the parsers compare a word."""
    word = _WHOLE.get(word, word)
    return _repaired(fold(_ELISION.sub("", word)).replace("œ", "oe"))


def either(pattern: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """Compile a pattern whose accented letters also match the letter without its accent. Not for character classes."""
    loose = "".join(f"[{char}{fold(char)}]" if fold(char) != char else char for char in pattern)
    return re.compile(loose, flags)
