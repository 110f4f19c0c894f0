"""Measures: a value, the unit it is in and the unit it is wanted in."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.english.numbers import amount, cardinal
from appliance.understanding.measure import Conversion, Mention, converted, distinct, joined
from appliance.understanding.tokens import Tokens

# name -> spellings; several words of one spelling are joined by a space
_UNITS: dict[str, str] = {
    "kilometer": "kilometer|kilometers|kilometre|kilometres|km|kms|k|klicks",
    "meter": "meter|meters|metre|metres|m",
    "centimeter": "centimeter|centimeters|centimetre|centimetres|cm|cms",
    "millimeter": "millimeter|millimeters|millimetre|millimetres|mm",
    "mile": "mile|miles|mi",
    "yard": "yard|yards|yd|yds",
    "foot": "foot|feet|ft|'",
    "inch": 'inch|inches|in|"',
    "nautical mile": "nautical mile|nautical miles",
    "light year": "light year|light years",
    "kilogram": "kilogram|kilograms|kilogramme|kilogrammes|kg|kgs|kilo|kilos",
    "gram": "gram|grams|gramme|grammes|g|gr",
    "milligram": "milligram|milligrams|mg",
    "pound": "pound|pounds|lb|lbs",
    "ounce": "ounce|ounces|oz",
    "stone": "stone|stones|st",
    "tonne": "tonne|tonnes|metric ton|metric tons",
    "ton": "ton|tons",
    "hectoliter": "hectoliter|hectoliters|hectolitre|hectolitres|hl",
    "cubic meter": "cubic meter|cubic meters|cubic metre|cubic metres",
    "cubic foot": "cubic foot|cubic feet",
    "cubic inch": "cubic inch|cubic inches",
    "liter": "liter|liters|litre|litres|l|ltr",
    "milliliter": "milliliter|milliliters|millilitre|millilitres|ml|mls|cubic centimeter|cubic centimeters|"
    "cubic centimetre|cubic centimetres",
    "centiliter": "centiliter|centiliters|centilitre|centilitres|cl",
    "deciliter": "deciliter|deciliters|decilitre|decilitres|dl",
    "gallon": "gallon|gallons|gal",
    "quart": "quart|quarts|qt",
    "pint": "pint|pints",
    "cup": "cup|cups",
    "fluid ounce": "fluid ounce|fluid ounces|fl oz",
    "tablespoon": "tablespoon|tablespoons|tbsp|tbsps",
    "teaspoon": "teaspoon|teaspoons|tsp|tsps",
    "celsius": "celsius|celcius|centigrade|c",
    "fahrenheit": "fahrenheit|farenheit|f",
    "kelvin": "kelvin|kelvins",
    "kilometer per hour": "kilometers per hour|kilometer per hour|kilometres per hour|km per hour|km an hour|"
    "kilometers an hour|km / h|kmh|kph|kmph",
    "mile per hour": "miles per hour|mile per hour|miles an hour|mph",
    "meter per second": "meters per second|meter per second|metres per second|m / s",
    "knot": "knot|knots",
    "second": "second|seconds|sec|secs",
    "minute": "minute|minutes|min|mins",
    "hour": "hour|hours|hr|hrs",
    "day": "day|days",
    "week": "week|weeks",
    "month": "month|months",
    "year": "year|years",
    "acre": "acre|acres",
    "hectare": "hectare|hectares",
    "square foot": "square foot|square feet|sq ft|sqft",
    "square meter": "square meter|square meters|square metre|square metres|sqm|square m",
    "square kilometer": "square kilometer|square kilometers|square kilometre|square kilometres",
    "square mile": "square mile|square miles",
    "psi": "psi|pounds per square inch",
    "bar": "bar|bars",
    "pascal": "pascal|pascals",
    "kilopascal": "kilopascal|kilopascals|kpa",
    "kilocalorie": "kilocalorie|kilocalories|kcal",
    "calorie": "calorie|calories",
    "joule": "joule|joules",
    "kilojoule": "kilojoule|kilojoules|kj",
    "kilowatt hour": "kilowatt hour|kilowatt hours|kwh",
    "watt": "watt|watts",
    "kilowatt": "kilowatt|kilowatts|kw",
    "horsepower": "horsepower|hp",
    "square inch": "square inch|square inches",
    "square yard": "square yard|square yards",
    "square centimeter": "square centimeter|square centimeters|square centimetre|square centimetres",
    "bit": "bit|bits",
    "byte": "byte|bytes",
    "kilobyte": "kilobyte|kilobytes|kb",
    "megabyte": "megabyte|megabytes|mb|megs",
    "gigabyte": "gigabyte|gigabytes|gb|gigs",
    "terabyte": "terabyte|terabytes|tb",
}  # fmt: skip
_BY_WORDS: dict[tuple[str, ...], str] = {
    tuple(spelling.split()): name for name, spellings in _UNITS.items() for spelling in spellings.split("|")
}
_LONGEST = max(len(words) for words in _BY_WORDS)
_NEEDS_NUMBER = frozenset({"k", "m", "g", "l", "'", '"', "in", "min", "second", "mi", "gr", "may"})


def conversion(tokens: Tokens) -> Conversion | None:
    """Return what is to be converted into what; None if that is not said or the two do not measure the same."""
    tokens = _height(tokens)
    mentions = distinct(joined(_mentions(tokens)))
    if len(mentions) != 2:
        return None
    first, second = mentions
    if first.value is not None and second.value is not None:
        # "how many ounces is one pound" has one; "60 minutes in 1 hour" cannot be told
        if "many" not in tokens.parts[: first.start]:
            return None
        first = Mention(None, first.unit, first.start, first.end)
    if second.value is not None or (first.value is None and _asks_first(tokens, first)):
        source, target = second, first
    else:
        source, target = first, second
    return converted(tokens, source, target, amount)


def _asks_first(tokens: Tokens, first: Mention) -> bool:
    return "many" in tokens.parts[: first.start] or tokens.at(first.end) in ("per", "in")


def _mentions(tokens: Tokens) -> list[Mention]:
    found: list[Mention] = []
    at = 0
    while at < len(tokens):
        value, end = _value(tokens, at)
        while tokens.at(end) in ("degrees", "degree", "°", "of", "deg", "-") and value is not None:
            end += 1
        if value is not None and tokens.at(end) in ("a", "an"):
            end += 1
        named = _unit(tokens, end, value is not None)
        if named is None and value is None and tokens.at(at) in ("degrees", "degree"):
            named = _unit(tokens, at + 1, True)
        if named is None:
            at += 1
            continue
        found.append(Mention(value, named[0], at, named[1]))
        at = named[1]
    return found


def _value(tokens: Tokens, at: int) -> tuple[Fraction | None, int]:
    if tokens.at(at) in ("a", "an") and _unit(tokens, at + 1, False):
        return Fraction(1), at + 1
    number = amount(tokens, at)
    return (number.value, number.end) if number else (None, at)


def _unit(tokens: Tokens, at: int, numbered: bool) -> tuple[str, int] | None:
    for length in range(_LONGEST, 0, -1):
        name = _BY_WORDS.get(tokens.parts[at : at + length]) if at + length <= len(tokens) else None
        if name is None:
            continue
        part = tokens.at(at)
        if part == "in" and not (numbered and (tokens.attached(at) or tokens.at(at + 1) in ("to", "into", "as", "in"))):
            return None
        if part in ("k", "'", '"') and not numbered:
            return None
        # a lone letter is a unit only as the goal: "in m", "to g"
        goal = tokens.at(at - 1) in ("to", "in", "into", "as", "many", "per")
        if part in _NEEDS_NUMBER and part != "in" and not numbered and not goal:
            return None
        end = at + length
        if length == 1 and tokens.at(end) == "." and tokens.attached(end):
            end += 1
        return name, end
    return None


def _height(tokens: Tokens) -> Tokens:
    """Write `5 foot 11` and `5'11` as `5 foot 11 inches`, so that the inches are seen."""
    parts, origin = list(tokens.parts), list(tokens.origin)
    for at in range(1, len(parts) - 1):
        inches = (
            cardinal(tokens, at + 1) if parts[at] in ("foot", "feet", "ft", "'") and cardinal(tokens, at - 1) else None
        )
        if inches is None:
            continue
        end = inches.end
        goal = tokens.at(end) == "in" and tokens.at(end + 1) not in ("in", "to")
        if goal or tokens.at(end) not in ("inch", "inches", '"', "in"):
            parts.insert(end, "inches")
            origin.insert(end, origin[end - 1])
        break
    return Tokens(tuple(parts), tuple(origin))
