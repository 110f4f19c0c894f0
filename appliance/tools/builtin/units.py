"""Units with their exact factors. Sources: BIPM SI brochure (9th edition), NIST SP 811 appendix B, IEC 80000-13.

Kitchen measures are those of the United States unless the name says otherwise (1 cup = 236.5882365 ml).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: `base = value * factor + offset` in the base unit of its kind. `symbol` follows a number in short."""

    kind: str
    singular: str
    plural: str
    factor: Fraction
    offset: Fraction = Fraction(0)


# kind: "singular[/plural], other names = factor". The first name is the one that is shown.
_TABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "length": (
        "metre/metres, m, meter, meters = 1",
        "kilometre/kilometres, km, kilometer, kilometers, kms, klick, klicks = 1000",
        "centimetre/centimetres, cm, centimeter, centimeters = 1/100",
        "millimetre/millimetres, mm, millimeter, millimeters = 1/1000",
        "micrometre/micrometres, um, µm, micrometer, micrometers, micron, microns = 1/1000000",
        "nanometre/nanometres, nm, nanometer, nanometers = 1/1000000000",
        'inch/inches, in, ", ″ = 0.0254',
        "foot/feet, ft, ', ′ = 0.3048",
        "yard/yards, yd, yds = 0.9144",
        "mile/miles, mi = 1609.344",
        "nautical mile/nautical miles, nmi = 1852",
        "light year/light years, ly = 9460730472580800",
        "astronomical unit/astronomical units, au = 149597870700",
    ),
    "mass": (
        "kilogram/kilograms, kg, kilo, kilos, kgs, kilogramme, kilogrammes = 1",
        "gram/grams, g, gr, gramme, grammes = 1/1000",
        "milligram/milligrams, mg = 1/1000000",
        "microgram/micrograms, ug, µg, mcg = 1/1000000000",
        "tonne/tonnes, t, metric ton, metric tons = 1000",
        "pound/pounds, lb, lbs = 0.45359237",
        "ounce/ounces, oz = 0.028349523125",
        "stone/stone, st, stones = 6.35029318",
        "ton/tons, short ton, short tons = 907.18474",
        "long ton/long tons, imperial ton, imperial tons = 1016.0469088",
        "carat/carats, ct = 0.0002",
    ),
    "volume": (
        "litre/litres, l, liter, liters = 1",
        "millilitre/millilitres, ml, milliliter, milliliters, cc, cubic centimetre, cubic centimeters = 1/1000",
        "centilitre/centilitres, cl, centiliter, centiliters = 1/100",
        "decilitre/decilitres, dl, deciliter, deciliters = 1/10",
        "hectolitre/hectolitres, hl, hectoliter, hectoliters = 100",
        "cubic metre/cubic metres, m3, m³, cubic meter, cubic meters = 1000",
        "gallon/gallons, gal, us gallon, us gallons = 3.785411784",
        "imperial gallon/imperial gallons, uk gallon, uk gallons = 4.54609",
        "quart/quarts, qt = 0.946352946",
        "pint/pints, pt, us pint, us pints = 0.473176473",
        "imperial pint/imperial pints, uk pint, uk pints = 0.56826125",
        "cup/cups, us cup, us cups = 0.2365882365",
        "fluid ounce/fluid ounces, fl oz, floz = 0.0295735295625",
        "tablespoon/tablespoons, tbsp, tbs = 0.01478676478125",
        "teaspoon/teaspoons, tsp = 0.00492892159375",
        "cubic foot/cubic feet, ft3, cu ft = 28.316846592",
        "cubic inch/cubic inches, in3, cu in = 0.016387064",
        "barrel/barrels, bbl, oil barrel, oil barrels = 158.987294928",
    ),
    "area": (
        "square metre/square metres, m2, m², sqm, sq m, square meter, square meters = 1",
        "square kilometre/square kilometres, km2, km², sq km, square kilometer, square kilometers = 1000000",
        "square centimetre/square centimetres, cm2, cm², sq cm, square centimeter, square centimeters = 1/10000",
        "hectare/hectares, ha = 10000",
        "are/ares = 100",
        "acre/acres, ac = 4046.8564224",
        "square foot/square feet, ft2, ft², sq ft, sqft = 0.09290304",
        "square inch/square inches, in2, sq in = 0.00064516",
        "square yard/square yards, yd2, sq yd = 0.83612736",
        "square mile/square miles, mi2, sq mi = 2589988.110336",
    ),
    "speed": (
        "metre per second/metres per second, m/s, mps, meter per second, meters per second = 1",
        "kilometre per hour/kilometres per hour, km/h, kph, kmh, kilometer per hour, kilometers per hour = 5/18",
        "mile per hour/miles per hour, mph = 0.44704",
        "knot/knots, kn, kt = 463/900",
        "foot per second/feet per second, ft/s, fps = 0.3048",
    ),
    "time": (
        "second/seconds, s, sec, secs = 1",
        "millisecond/milliseconds, ms = 1/1000",
        "microsecond/microseconds, us, µs = 1/1000000",
        "minute/minutes, min, mins = 60",
        "hour/hours, h, hr, hrs = 3600",
        "day/days, d = 86400",
        "week/weeks, wk, wks = 604800",
        "fortnight/fortnights = 1209600",
        "month/months (average) = 2629746",
        "year/years, yr, yrs = 31556952",
    ),
    "data": (
        "byte/bytes, b = 1",
        "bit/bits = 1/8",
        "kilobyte/kilobytes, kb = 1000",
        "megabyte/megabytes, mb, meg, megs = 1000000",
        "gigabyte/gigabytes, gb, gig, gigs = 1000000000",
        "terabyte/terabytes, tb = 1000000000000",
        "petabyte/petabytes, pb = 1000000000000000",
        "kibibyte/kibibytes, kib = 1024",
        "mebibyte/mebibytes, mib = 1048576",
        "gibibyte/gibibytes, gib = 1073741824",
        "tebibyte/tebibytes, tib = 1099511627776",
        "kilobit/kilobits, kbit = 125",
        "megabit/megabits, mbit = 125000",
        "gigabit/gigabits, gbit = 125000000",
    ),
    "energy": (
        "joule/joules, j = 1",
        "kilojoule/kilojoules, kj = 1000",
        "megajoule/megajoules, mj = 1000000",
        "watt hour/watt hours, wh, watthour, watthours = 3600",
        "kilowatt hour/kilowatt hours, kwh, kilowatt-hour, kilowatt-hours = 3600000",
        "calorie/calories, cal = 4.184",
        "kilocalorie/kilocalories, kcal, food calorie, food calories = 4184",
        "british thermal unit/british thermal units, btu = 1055.05585262",
        "electronvolt/electronvolts, ev = 0.0000000000000000001602176634",
    ),
    "power": (
        "watt/watts, w = 1",
        "kilowatt/kilowatts, kw = 1000",
        "megawatt/megawatts, mw = 1000000",
        "horsepower/horsepower, hp = 745.69987158227022",
        "metric horsepower/metric horsepower, ps = 735.49875",
    ),
    "pressure": (
        "pascal/pascals, pa = 1",
        "hectopascal/hectopascals, hpa = 100",
        "kilopascal/kilopascals, kpa = 1000",
        "bar/bars = 100000",
        "millibar/millibars, mbar = 100",
        "atmosphere/atmospheres, atm = 101325",
        "pound per square inch/pounds per square inch, psi = 6894.757293168361",
        "millimetre of mercury/millimetres of mercury, mmhg = 133.322387415",
        "torr/torr = 20265/152",
    ),
    "angle": (
        "degree of arc/degrees of arc, arc degree, arc degrees = 1",
        "radian/radians, rad = 57.29577951308232087679815481410517",
        "turn/turns, revolution, revolutions = 360",
        "arc minute/arc minutes, arcmin = 1/60",
    ),
}
_TEMPERATURES: Final = (
    (
        ("degree Celsius", "degrees Celsius"),
        ("c", "celsius", "°c", "centigrade", "degrees c"),
        Fraction(1),
        Fraction("273.15"),
    ),
    (
        ("degree Fahrenheit", "degrees Fahrenheit"),
        ("f", "fahrenheit", "°f", "degrees f"),
        Fraction(5, 9),
        Fraction("273.15") - 32 * Fraction(5, 9),
    ),
    (("kelvin", "kelvin"), ("k", "kelvins", "°k", "degrees kelvin"), Fraction(1), Fraction(0)),
    (("degree Rankine", "degrees Rankine"), ("rankine", "°r"), Fraction(5, 9), Fraction(0)),
)
# Letters whose case tells two units apart; everything else is read without case.
_CASED: Final = {"Mb": "megabit", "Gb": "gigabit"}
_NOT_MEGA: Final = frozenset({"mW", "mJ", "Mg"})  # milliwatt, millijoule, megagram: not in the table
_RATES: Final = (
    (re.compile(r"\s*(?:/|\bper\b|\ban\b)\s*"), "/"),
    (re.compile(r"/h(?:ou)?r$"), "/h"),
    (re.compile(r"/sec(?:ond)?$"), "/s"),
)


@lru_cache(maxsize=1)
def units() -> Mapping[str, Unit]:
    """Return every unit by each of its names, in lower case."""
    found: dict[str, Unit] = {}
    for kind, rows in _TABLE.items():
        for row in rows:
            names, _, factor = row.rpartition(" = ")
            first, *others = (one.strip() for one in names.split(", "))
            singular, _, plural = first.partition("/")
            plural = plural.removesuffix(" (average)")
            unit = Unit(kind, singular, plural, Fraction(factor))
            for name in (singular, plural, *others):
                found.setdefault(name.lower(), unit)
    for (one, many), more, scale, offset in _TEMPERATURES:
        degree = Unit("temperature", one, many, scale, offset)
        for name in (one, many, *more):
            found.setdefault(name.lower(), degree)
    return found


def find_unit(text: str) -> Unit | None:
    """Return the unit of this name, symbol or plural; None when it is not known."""
    name = " ".join(text.strip().rstrip(".").split())
    known = units()
    if name in _NOT_MEGA:
        return None
    if name in _CASED:
        return known[_CASED[name]]
    lower = re.sub(r"^(?:degrees?|deg)\s+(?=celsius|fahrenheit|kelvin|rankine|[cfk]$)", "", name.lower())
    rate = lower
    for pattern, short in _RATES:
        rate = pattern.sub(short, rate)
    for candidate in (name.lower(), lower, rate, lower.replace("^", ""), lower.rstrip("s")):
        if candidate in known:
            return known[candidate]
    return None
