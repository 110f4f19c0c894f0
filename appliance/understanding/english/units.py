"""Measures: a value, the unit it is in and the unit it is wanted in."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from appliance.understanding.english.numbers import amount, cardinal, is_digits
from appliance.understanding.english.tokens import Tokens

# name -> (dimension, spellings); several words of one spelling are joined by a space
_UNITS: dict[str, tuple[str, str]] = {
    "kilometer": ("length", "kilometer|kilometers|kilometre|kilometres|km|kms|k|klicks"),
    "meter": ("length", "meter|meters|metre|metres|m"),
    "centimeter": ("length", "centimeter|centimeters|centimetre|centimetres|cm|cms"),
    "millimeter": ("length", "millimeter|millimeters|millimetre|millimetres|mm"),
    "mile": ("length", "mile|miles|mi"),
    "yard": ("length", "yard|yards|yd|yds"),
    "foot": ("length", "foot|feet|ft|'"),
    "inch": ("length", 'inch|inches|in|"'),
    "nautical mile": ("length", "nautical mile|nautical miles"),
    "light year": ("length", "light year|light years"),
    "kilogram": ("mass", "kilogram|kilograms|kilogramme|kilogrammes|kg|kgs|kilo|kilos"),
    "gram": ("mass", "gram|grams|gramme|grammes|g|gr"),
    "milligram": ("mass", "milligram|milligrams|mg"),
    "pound": ("mass", "pound|pounds|lb|lbs"),
    "ounce": ("mass", "ounce|ounces|oz"),
    "stone": ("mass", "stone|stones"),
    "tonne": ("mass", "tonne|tonnes|metric ton|metric tons"),
    "ton": ("mass", "ton|tons"),
    "liter": ("volume", "liter|liters|litre|litres|l|ltr"),
    "milliliter": ("volume", "milliliter|milliliters|millilitre|millilitres|ml|mls"),
    "centiliter": ("volume", "centiliter|centiliters|centilitre|centilitres|cl"),
    "deciliter": ("volume", "deciliter|deciliters|decilitre|decilitres|dl"),
    "gallon": ("volume", "gallon|gallons|gal"),
    "quart": ("volume", "quart|quarts|qt"),
    "pint": ("volume", "pint|pints"),
    "cup": ("volume", "cup|cups"),
    "fluid ounce": ("volume", "fluid ounce|fluid ounces|fl oz"),
    "tablespoon": ("volume", "tablespoon|tablespoons|tbsp|tbsps"),
    "teaspoon": ("volume", "teaspoon|teaspoons|tsp|tsps"),
    "celsius": ("temperature", "celsius|celcius|centigrade|c"),
    "fahrenheit": ("temperature", "fahrenheit|farenheit|f"),
    "kelvin": ("temperature", "kelvin|kelvins"),
    "kilometer per hour": ("speed", "kilometers per hour|kilometer per hour|kilometres per hour|km per hour|km an hour|"
"kilometers an hour|km / h|kmh|kph|kmph"),
    "mile per hour": ("speed", "miles per hour|mile per hour|miles an hour|mph"),
    "meter per second": ("speed", "meters per second|meter per second|metres per second|m / s"),
    "knot": ("speed", "knot|knots"),
    "second": ("time", "second|seconds|sec|secs"),
    "minute": ("time", "minute|minutes|min|mins"),
    "hour": ("time", "hour|hours|hr|hrs"),
    "day": ("time", "day|days"),
    "week": ("time", "week|weeks"),
    "month": ("time", "month|months"),
    "year": ("time", "year|years"),
    "acre": ("area", "acre|acres"),
    "hectare": ("area", "hectare|hectares"),
    "square foot": ("area", "square foot|square feet|sq ft"),
    "square meter": ("area", "square meter|square meters|square metre|square metres|sqm"),
    "square kilometer": ("area", "square kilometer|square kilometers|square kilometre|square kilometres"),
    "square mile": ("area", "square mile|square miles"),
    "psi": ("pressure", "psi|pounds per square inch"),
    "bar": ("pressure", "bar|bars"),
    "pascal": ("pressure", "pascal|pascals"),
    "kilopascal": ("pressure", "kilopascal|kilopascals|kpa"),
    "kilocalorie": ("energy", "kilocalorie|kilocalories|kcal"),
    "calorie": ("energy", "calorie|calories"),
    "joule": ("energy", "joule|joules"),
    "kilojoule": ("energy", "kilojoule|kilojoules|kj"),
    "kilowatt hour": ("energy", "kilowatt hour|kilowatt hours|kwh"),
    "watt": ("power", "watt|watts"),
    "kilowatt": ("power", "kilowatt|kilowatts|kw"),
    "horsepower": ("power", "horsepower|hp"),
    "square inch": ("area", "square inch|square inches"),
    "square yard": ("area", "square yard|square yards"),
    "square centimeter": ("area", "square centimeter|square centimeters|square centimetre|square centimetres"),
    "bit": ("data", "bit|bits"),
    "byte": ("data", "byte|bytes"),
    "kilobyte": ("data", "kilobyte|kilobytes|kb"),
    "megabyte": ("data", "megabyte|megabytes|mb|megs"),
    "gigabyte": ("data", "gigabyte|gigabytes|gb|gigs"),
    "terabyte": ("data", "terabyte|terabytes|tb"),
}  # fmt: skip
_BY_WORDS: dict[tuple[str, ...], str] = {
    tuple(spelling.split()): name for name, (_, spellings) in _UNITS.items() for spelling in spellings.split("|")
}
_LONGEST = max(len(words) for words in _BY_WORDS)
_NEEDS_NUMBER = frozenset({"k", "m", "g", "l", "'", '"', "in", "min", "second", "mi", "gr", "may"})


@dataclass(frozen=True, slots=True)
class Conversion:
    value: Fraction
    from_unit: str
    to_unit: str


@dataclass(frozen=True, slots=True)
class _Mention:
    value: Fraction | None
    unit: str
    start: int
    end: int


def conversion(tokens: Tokens) -> Conversion | None:
    """Return what is to be converted into what; None if that is not said or the two do not measure the same."""
    mentions = _joined(_mentions(tokens))
    if len(mentions) != 2:
        return None
    first, second = mentions
    if first.value is not None and second.value is not None:
        # "how many ounces is one pound" has one; "60 minutes in 1 hour" cannot be told
        if "many" not in tokens.parts[: first.start]:
            return None
        first = _Mention(None, first.unit, first.start, first.end)
    if second.value is not None or (first.value is None and _asks_first(tokens, first)):
        source, target = second, first
    else:
        source, target = first, second
    if _UNITS[source.unit][0] != _UNITS[target.unit][0] or source.unit == target.unit:
        return None
    value = source.value if source.value is not None else _lone(tokens, mentions)
    return None if value is None else Conversion(value, source.unit, target.unit)


def _lone(tokens: Tokens, mentions: list[_Mention]) -> Fraction | None:
    """Return the one number that stands by itself ("pounds to kilos: 180"), 1 without any, None with several."""
    taken = {n for one in mentions for n in range(one.start, one.end)}
    numbers = [n for n in range(len(tokens)) if n not in taken and is_digits(tokens.at(n))]
    if len(numbers) > 1:
        return None
    found = amount(tokens, numbers[0]) if numbers else None
    return found.value if found else Fraction(1)


def _asks_first(tokens: Tokens, first: _Mention) -> bool:
    return "many" in tokens.parts[: first.start] or tokens.at(first.end) in ("per", "in")


def _mentions(tokens: Tokens) -> list[_Mention]:
    found: list[_Mention] = []
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
        found.append(_Mention(value, named[0], at, named[1]))
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


def _joined(mentions: list[_Mention]) -> list[_Mention]:
    """Join feet and inches of one height, pounds and ounces of one weight."""
    factors = {
        ("foot", "inch"): 12,
        ("pound", "ounce"): 16,
        ("stone", "pound"): 14,
        ("hour", "minute"): 60,
        ("minute", "second"): 60,
    }
    joined: list[_Mention] = []
    for one in mentions:
        before = joined[-1] if joined else None
        factor = factors.get((before.unit, one.unit)) if before else None
        if before and factor and before.value is not None and one.value is not None and one.start - before.end <= 1:
            joined[-1] = _Mention(before.value * factor + one.value, one.unit, before.start, one.end)
        else:
            joined.append(one)
    return joined


def height(tokens: Tokens) -> Tokens:
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
