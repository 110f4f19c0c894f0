"""French measures: a value, the unit it is in and the unit it is wanted in, under the names that the tool knows."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.french.numbers import amount
from appliance.understanding.measure import Conversion, Mention, converted, distinct, joined
from appliance.understanding.tokens import Tokens

# English name of the tool -> French spellings without accents; several words of one spelling are joined by a space
_UNITS = {
    "kilometer": "kilometre|kilometres|km|kms|kilometer|kilometers|bornes",
    "meter": "metre|metres|m",
    "centimeter": "centimetre|centimetres|cm|centi|cms",
    "millimeter": "millimetre|millimetres|mm",
    "mile": "mile|miles|mille|milles|mi",
    "yard": "yard|yards|verge|verges",
    "foot": "pied|pieds|ft",
    "inch": "pouce|pouces|in",
    "nautical mile": "mille nautique|milles nautiques|mille marin|milles marins",
    "light year": "annee lumiere|annees lumiere|annee - lumiere|annees - lumiere",
    "kilogram": "kilogramme|kilogrammes|kg|kgs|kilo|kilos",
    "gram": "gramme|grammes|g|gr",
    "milligram": "milligramme|milligrammes|mg",
    "pound": "livre|livres|lb|lbs|pound|pounds",
    "ounce": "once|onces|oz",
    "stone": "stone|stones",
    "tonne": "tonne|tonnes|t",
    "hectoliter": "hectolitre|hectolitres|hl",
    "cubic meter": "metre cube|metres cubes|m 3|m ³",
    "liter": "litre|litres|l|liter|liters",
    "milliliter": "millilitre|millilitres|ml",
    "centiliter": "centilitre|centilitres|cl",
    "deciliter": "decilitre|decilitres|dl|deci|decis",
    "gallon": "gallon|gallons",
    "quart": "quart americain|quarts americains",
    "pint": "pinte|pintes",
    "cup": "tasse|tasses|cup|cups",
    "fluid ounce": "once liquide|onces liquides|fl oz",
    "tablespoon": "cuillere a soupe|cuilleres a soupe|cuilleree a soupe|cuillerees a soupe|cas|c a s|cs|cuiller a "
    "soupe",
    "teaspoon": "cuillere a cafe|cuilleres a cafe|cuilleree a cafe|cuillerees a cafe|cuillere a the|cuilleres a "
    "the|cac|cc",
    "celsius": "celsius|centigrades|centigrade|c|degres|degre",
    "fahrenheit": "fahrenheit|farenheit|f",
    "kelvin": "kelvin|kelvins|k",
    "kilometer per hour": "kilometres par heure|kilometre par heure|kilometres a heure|kilometres heure|kilometre "
    "heure|"
    "km / h|kmh|km par heure|kilometres a l heure|km h",
    "mile per hour": "miles par heure|mile par heure|miles a heure|mph|miles heure|milles a heure|milles par heure",
    "meter per second": "metres par seconde|metre par seconde|m / s|metres seconde",
    "knot": "noeud|noeuds",
    "second": "seconde|secondes|sec",
    "minute": "minute|minutes|min|mn",
    "hour": "heure|heures|h",
    "day": "jour|jours|journee|journees",
    "week": "semaine|semaines",
    "month": "mois",
    "year": "an|ans|annee|annees",
    "acre": "acre|acres",
    "hectare": "hectare|hectares|ha",
    "square foot": "pied carre|pieds carres",
    "square meter": "metre carre|metres carres|m 2|m ²|m²",
    "square kilometer": "kilometre carre|kilometres carres|km 2|km ²|km²",
    "square mile": "mile carre|miles carres|mille carre|milles carres",
    "square centimeter": "centimetre carre|centimetres carres|cm 2",
    "psi": "psi",
    "bar": "bar|bars",
    "pascal": "pascal|pascals",
    "kilopascal": "kilopascal|kilopascals|kpa",
    "kilocalorie": "kilocalorie|kilocalories|kcal",
    "calorie": "calorie|calories",
    "joule": "joule|joules",
    "kilojoule": "kilojoule|kilojoules|kj",
    "kilowatt hour": "kilowattheure|kilowattheures|kilowatt heure|kilowatts heure|kwh",
    "watt": "watt|watts",
    "kilowatt": "kilowatt|kilowatts|kw",
    "horsepower": "cheval|chevaux|cv|ch",
    "bit": "bit|bits",
    "byte": "octet|octets|byte|bytes",
    "kilobyte": "kilooctet|kilooctets|ko|kb",
    "megabyte": "megaoctet|megaoctets|mo|mega|megas|mb",
    "gigabyte": "gigaoctet|gigaoctets|go|giga|gigas|gb",
    "terabyte": "teraoctet|teraoctets|to|tb",
}
_BY_WORDS: dict[tuple[str, ...], str] = {
    tuple(spelling.split()): name for name, spellings in _UNITS.items() for spelling in spellings.split("|")
}
_LONGEST = max(len(words) for words in _BY_WORDS)
_NEEDS_NUMBER = frozenset("m g l c f k t h in an mi cs cc cas to go ha gr bar degres degre".split())
_GOALS = frozenset({"en", "vers", "combien", "de", "par", "dans", "a"})


def conversion(tokens: Tokens) -> Conversion | None:
    """Return what is to be converted into what; None if that is not said or the two do not measure the same."""
    mentions = distinct(joined(_mentions(tokens)))
    if len(mentions) != 2:
        return None
    first, second = mentions
    if first.value is not None and second.value is not None:
        return None
    if second.value is not None or (first.value is None and "combien" in tokens.parts[: first.start]):
        source, target = second, first
    else:
        source, target = first, second
    return converted(tokens, source, target, amount)


def _mentions(tokens: Tokens) -> list[Mention]:
    found: list[Mention] = []
    at = 0
    while at < len(tokens):
        value, end = _value(tokens, at)
        while (
            value is not None
            and tokens.at(end) in ("degres", "degre", "°", "-", "de", "d")
            and _unit(tokens, end + 1, True)
        ):
            end += 1
        named = _unit(tokens, end, value is not None)
        if named is None and value is None and tokens.at(at) in ("degres", "degre"):
            named = _unit(tokens, at + 1, True)
        if named is None and value is not None and tokens.at(end) == "°":
            named = ("celsius", end + 1)
        if named is None:
            at += 1
            continue
        name, after = named
        if tokens.at(after) == "et" and tokens.at(after + 1) in ("demi", "demie") and value is not None:
            value, after = value + Fraction(1, 2), after + 2
        if name == "foot" and value is not None:
            value, name, after = _inches(tokens, value, after)
        found.append(Mention(value, name, at, after))
        at = after
    return found


def _inches(tokens: Tokens, feet: Fraction, at: int) -> tuple[Fraction, str, int]:
    """Read the inches of `5 pieds 11 (pouces)`."""
    inches = amount(tokens, at)
    if inches is None or not 0 < inches.value < 12:
        return feet, "foot", at
    end = inches.end + 1 if tokens.at(inches.end) in ("pouce", "pouces") else inches.end
    return feet * 12 + inches.value, "inch", end


def _value(tokens: Tokens, at: int) -> tuple[Fraction | None, int]:
    if tokens.at(at) in ("un", "une", "demi", "demie") and _unit(tokens, at + 1, False):
        return (Fraction(1) if tokens.at(at).startswith("un") else Fraction(1, 2)), at + 1
    number = amount(tokens, at)
    return (number.value, number.end) if number else (None, at)


def _unit(tokens: Tokens, at: int, numbered: bool) -> tuple[str, int] | None:
    for length in range(_LONGEST, 0, -1):
        name = _BY_WORDS.get(tokens.parts[at : at + length]) if at + length <= len(tokens) else None
        if name is None:
            continue
        part = tokens.at(at)
        # a lone letter is a unit only as the goal: "en m", "vers g"
        if length == 1 and part in _NEEDS_NUMBER and not numbered and tokens.at(at - 1) not in _GOALS:
            return None
        if part in ("degres", "degre") and length == 1 and _unit(tokens, at + 1, True):
            return None
        return name, at + length
    return None
