"""German sums and measures."""

from __future__ import annotations

import pytest

from appliance.understanding.german.sums import expression
from appliance.understanding.german.tokens import text
from appliance.understanding.german.units import conversion


@pytest.mark.parametrize(
    ("said", "sum_"),
    [
        ("was ist 17 mal 24?", "17*24"), ("drei plus vier mal zwei", "3+4*2"), ("100 geteilt durch 7", "100/7"),
        ("einundzwanzig durch drei", "21/3"), ("12:4", "12/4"), ("(3+4)*2", "(3+4)*2"), ("1.200 plus 300", "1200+300"),
        ("2,5 mal 4", "2.5*4"), ("minus 3 plus 5", "-3+5"), ("15 prozent von 80", "80*15/100"),
        ("80 euro minus 15 prozent", "80-80*15/100"), ("20% rabatt auf 50 euro", "50-50*20/100"),
        ("wie viel prozent von 80 sind 20", "20/80*100"), ("wurzel aus 144", "sqrt(144)"), ("2 hoch 10", "2^10"),
        ("8 zum quadrat", "8^2"), ("die hälfte von 50", "(1/2)*50"), ("drei viertel von 80", "(3/4)*80"),
        ("das doppelte von 8", "8*2"), ("halbiere 90", "90/2"), ("addiere 3 und 4", "3+4"),
        ("zieh 5 von 20 ab", "20-5"), ("teile 120 durch 5 personen", "120/5"), ("wie oft geht 7 in 56", "56/7"),
        ("durchschnitt von 3, 4 und 5", "(3+4+5)/3"), ("rest von 17 durch 5", "17%5"), ("10 modulo 3", "10%3"),
        ("hundert minus fuenfundzwanzig", "100-25"),
        ("rechne mal 340 durch 12", "340/12"), ("zieh mal 17 von 300 ab", "300-17"),
        ("34 von 50 in prozent", "34/50*100"),
        ("die miete ist 1260, wir sind zu dritt, wie viel zahlt jeder", "1260/3"), ("acht reihen mit je 25", "8*25"),
        ("wechselgeld auf fünfzig, gekauft für 31,45", "50-31.45"), ("und nochmal mal drei, also 48 mal drei", "48*3"),
        ("netto 1200, wieviel ist das mit 19 prozent drauf", "1200+1200*19/100"), ("quadratwurzel 90", "sqrt(90)"),
        ("zwölf flaschen mal 0,25", "12*0.25"), ("verdoppel mal 648", "648*2"),
    ],
)  # fmt: skip
def test_a_sum_becomes_an_expression(said: str, sum_: str) -> None:
    assert expression(said) == sum_


@pytest.mark.parametrize("said", ["zwölf", "wie geht es dir", "log 5", "5 prozent", "", "mal sehen", "x = 5 + 3"])
def test_what_is_no_sum_is_none(said: str) -> None:
    assert expression(said) is None


@pytest.mark.parametrize(
    ("said", "value", "source", "target"),
    [
        ("2,5 meilen in km", 2.5, "mile", "kilometer"), ("wie viele zentimeter sind 3 zoll", 3, "inch", "centimeter"),
        ("100 grad fahrenheit in celsius", 100, "fahrenheit", "celsius"), ("20 °c in °f", 20, "celsius", "fahrenheit"),
        ("5 pfund in kilo", 5, "pound", "kilogram"), ("wie viele minuten hat eine stunde", 1, "hour", "minute"),
        ("ein esslöffel in ml", 1, "tablespoon", "milliliter"), ("180 cm in fuß", 180, "centimeter", "foot"),
        ("100 km/h in mph", 100, "kilometer per hour", "mile per hour"), ("kilo in pfund: 80", 80, "kilogram", "pound"),
        ("17 mph in stundenkilometer", 17, "mile per hour", "kilometer per hour"),
        ("eineinhalb liter in milliliter", 1.5, "liter", "milliliter"), ("200 ps in kw", 200, "horsepower", "kilowatt"),
        ("wie viele tassen sind ein liter", 1, "liter", "cup"), ("10 m in cm", 10, "meter", "centimeter"),
    ],
)  # fmt: skip
def test_a_measure_is_to_be_converted(said: str, value: float, source: str, target: str) -> None:
    found = conversion(text(said))
    assert found is not None
    assert (float(found.value), found.from_unit, found.to_unit) == (value, source, target)


@pytest.mark.parametrize("said", ["5 euro in dollar", "5 kilo in meter", "wie lang ist die donau", "3 liter milch"])
def test_what_cannot_be_converted_is_none(said: str) -> None:
    assert conversion(text(said)) is None
