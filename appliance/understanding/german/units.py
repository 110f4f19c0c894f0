"""Measures: a value, the unit it is in and the unit it is wanted in; units come out under their English names."""

from __future__ import annotations

from appliance.understanding.german.numbers import amount
from appliance.understanding.german.tokens import Tokens
from appliance.understanding.measure import Conversion, Mention, converted, distinct, joined

# English name -> spellings, folded; several parts of one spelling are joined by a space
_UNITS: dict[str, str] = {
    "kilometer": "kilometer|kilometern|kilometers|km|kms",
    "meter": "meter|metern|m",
    "centimeter": "zentimeter|zentimetern|centimeter|cm",
    "millimeter": "millimeter|millimetern|mm",
    "mile": "meile|meilen|mi",
    "yard": "yard|yards|yd",
    "foot": "fuss|foot|feet|ft|'",
    "inch": 'zoll|inch|inches|"',
    "nautical mile": "seemeile|seemeilen|nautische meile|nautische meilen",
    "light year": "lichtjahr|lichtjahre|lichtjahren",
    "kilogram": "kilogramm|kg|kilo|kilos|kgs",
    "gram": "gramm|g|gr",
    "milligram": "milligramm|mg",
    "pound": "pfund|lbs|lb|pound|pounds|britische pfund|amerikanische pfund",
    "ounce": "unze|unzen|oz",
    "stone": "stone|stones",
    "tonne": "tonne|tonnen|t",
    "hectoliter": "hektoliter|hektolitern|hl|hekto",
    "cubic meter": "kubikmeter|kubikmetern|m ³|m3",
    "liter": "liter|litern|l|ltr",
    "milliliter": "kubikzentimeter|kubikzentimetern|milliliter|millilitern|ml",
    "centiliter": "zentiliter|cl|centiliter",
    "deciliter": "deziliter|dl|deciliter",
    "gallon": "gallone|gallonen|gal",
    "quart": "quart|quarts",
    "pint": "pint|pints",
    "cup": "tasse|tassen|cup|cups",
    "fluid ounce": "fluessigunze|fluessigunzen|fl oz|fluid ounce|fluid ounces",
    "tablespoon": "essloeffel|essloeffeln|el|tbsp",
    "teaspoon": "teeloeffel|teeloeffeln|tl",
    "celsius": "celsius|grad celsius|° c|grad c|grad|celsiusgrad|c",
    "fahrenheit": "fahrenheit|grad fahrenheit|° f|grad f|f",
    "kelvin": "kelvin|grad kelvin|k",
    "kilometer per hour": "stundenkilometer|stundenkilometern|kilometer pro stunde|kilometern pro stunde|km / h|kmh|"
    "km pro stunde|kilometer in der stunde|kilometer die stunde",
    "mile per hour": "meilen pro stunde|meile pro stunde|mph",
    "meter per second": "meter pro sekunde|metern pro sekunde|m / s",
    "knot": "knoten",
    "second": "sekunde|sekunden|sek",
    "minute": "minute|minuten|min",
    "hour": "stunde|stunden|std",
    "day": "tag|tage|tagen",
    "week": "woche|wochen",
    "month": "monat|monate|monaten",
    "year": "jahr|jahre|jahren",
    "acre": "acre|acres",
    "hectare": "hektar|ha",
    "square foot": "quadratfuss|square feet|square foot",
    "square meter": "quadratmeter|quadratmetern|qm|m ²|m 2|m2",
    "square kilometer": "quadratkilometer|km ²|qkm",
    "square mile": "quadratmeile|quadratmeilen",
    "square centimeter": "quadratzentimeter|cm ²",
    "psi": "psi",
    "bar": "bar",
    "pascal": "pascal",
    "kilopascal": "kilopascal|kpa",
    "kilocalorie": "kilokalorie|kilokalorien|kcal",
    "calorie": "kalorie|kalorien",
    "joule": "joule",
    "kilojoule": "kilojoule|kj",
    "kilowatt hour": "kilowattstunde|kilowattstunden|kwh",
    "watt": "watt",
    "kilowatt": "kilowatt|kw",
    "horsepower": "ps|pferdestaerke|pferdestaerken",
    "bit": "bit|bits",
    "byte": "byte|bytes",
    "kilobyte": "kilobyte|kilobytes|kb",
    "megabyte": "megabyte|megabytes|mb",
    "gigabyte": "gigabyte|gigabytes|gb|gig",
    "terabyte": "terabyte|terabytes|tb",
}
_BY_WORDS: dict[tuple[str, ...], str] = {
    tuple(spelling.split()): name for name, spellings in _UNITS.items() for spelling in spellings.split("|")
}
_LONGEST = max(len(words) for words in _BY_WORDS)
# a lone letter or a short word is a unit only after a number or as the goal
_NEEDS_NUMBER = frozenset(
    {"m", "g", "l", "t", "f", "c", "k", "'", '"', "gr", "el", "tl", "min", "ha", "bar", "mi", "grad"}
)
_GOALS = frozenset({"in", "zu", "nach", "auf", "als", "viele", "viel", "wieviele", "wieviel"})


def conversion(tokens: Tokens) -> Conversion | None:
    """Return what is to be converted into what; None if that is not said or the two do not measure the same."""
    mentions = distinct(joined(_mentions(tokens)))
    if len(mentions) != 2:
        return None
    first, second = mentions
    asks = _asks(tokens, first)
    if first.value is not None and second.value is not None:
        if not asks:
            return None
        first = Mention(None, first.unit, first.start, first.end)
    if second.value is not None or (first.value is None and asks):
        source, target = second, first
    else:
        source, target = first, second
    return converted(tokens, source, target, amount)


def _asks(tokens: Tokens, first: Mention) -> bool:
    return not {"viele", "viel", "wieviele", "wieviel"}.isdisjoint(tokens.parts[: first.start])


def _mentions(tokens: Tokens) -> list[Mention]:
    found: list[Mention] = []
    at = 0
    while at < len(tokens):
        number = amount(tokens, at)
        value, end = (number.value, number.end) if number else (None, at)
        if number and tokens.at(end) == "-":
            end += 1
        named = _unit(tokens, end, value is not None)
        if named is None and number and tokens.at(end) in ("grad", "°"):
            named = _unit(tokens, end + 1, True)
        if named is None:
            at += 1
            continue
        found.append(Mention(value, named[0], at, named[1]))
        at = named[1]
    return found


def _unit(tokens: Tokens, at: int, numbered: bool) -> tuple[str, int] | None:
    for length in range(_LONGEST, 0, -1):
        name = _BY_WORDS.get(tokens.parts[at : at + length]) if at + length <= len(tokens) else None
        if name is None:
            continue
        if length == 1 and tokens.at(at) in _NEEDS_NUMBER and not numbered and tokens.at(at - 1) not in _GOALS:
            return None
        end = at + length
        if length == 1 and tokens.at(end) == "." and tokens.attached(end):
            end += 1
        return name, end
    return None
