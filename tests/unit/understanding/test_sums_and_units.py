"""Sums and measures in words, and that the tools take what comes out."""

from __future__ import annotations

from fractions import Fraction

import pytest

from appliance.tools.builtin.sums.calculator import evaluate
from appliance.tools.builtin.units import find_unit
from appliance.understanding.english.spelling import spelled
from appliance.understanding.english.sums import expression
from appliance.understanding.english.units import _UNITS, conversion
from appliance.understanding.tokens import Tokens


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("what's 17 times 24", Fraction(408)),
        ("15 percent of 230", Fraction(69, 2)),
        ("1,200 / 4", Fraction(300)),
        ("344+99", Fraction(443)),
        ("add up 12, 45 and 9", Fraction(66)),
        ("tell me the sum of five and six", Fraction(11)),
        ("square root of 2025", Fraction(45)),
        ("multiply 13 by 13", Fraction(169)),
        ("six minus fourteen", Fraction(-8)),
        ("a 20% tip on 64 dollars", Fraction(64, 5)),
        ("what's 10% off $80", Fraction(72)),
        ("seven squared", Fraction(49)),
        ("calculate (3 + 5) * 12", Fraction(96)),
        ("split 87 between 4 people", Fraction(87, 4)),
        ("two to the power of ten", Fraction(1024)),
        ("99 x 101", Fraction(9999)),
        ("half of 350", Fraction(175)),
        ("three quarters of 80", Fraction(60)),
        ("take 19 away from 200", Fraction(181)),
        ("average of 3, 4 and 8", Fraction(5)),
        ("what percent of 80 is 20", Fraction(25)),
        ("what percent is 45 of 60", Fraction(75)),
        ("38 out of 50 as a percentage", Fraction(76)),
        ("if i have 12 boxes with 16 each how many is that", Fraction(192)),
        ("seven eights please", Fraction(56)),
        ("split 138 five ways", Fraction(138, 5)),
        ("a hundred and thirteen between four of us, how much each", Fraction(113, 4)),
        ("what's 1000 take away 376", Fraction(624)),
        ("i've 500 in the kitty and spent 187, what's left over", Fraction(313)),
        ("i owe shane forty and mick twenty seven, what's that together", Fraction(67)),
        ("they want 75 a day for nine days", Fraction(675)),
        ("four crates of 24, total?", Fraction(96)),
        ("the jumper was eighty and it's forty percent off, what do i pay", Fraction(48)),
        ("what is vat on 480 at 20 percent", Fraction(96)),
        ("6 times 14, sorry, 6 times 15", Fraction(90)),
        ("12 bottles times 0.25", Fraction(3)),
        ("half a million divided by 50", Fraction(20000)),
        ("100 mod 7", Fraction(2)),
        ("twenty-five plus one hundred and six", Fraction(131)),
        ("what is 5+6*2?", Fraction(17)),
        ("double 21", Fraction(42)),
        ("250 minus 20%", Fraction(200)),
        ("80 plus 10 percent", Fraction(88)),
        ("1/3 of 90", Fraction(30)),
        ("7 × 8 ÷ 2", Fraction(28)),
    ],
)
def test_a_sum_in_words_gives_the_right_result(said: str, result: Fraction) -> None:
    found = expression(said)
    assert found is not None
    assert evaluate(found) == result


@pytest.mark.parametrize(
    "said",
    [
        "",
        "seven",
        "what is 12",
        "solve x squared minus 4",
        "3 apples and 4 pears and 5 plums times",
        "5 +",
        "1 2 3",
        "sine of 30 degrees",
    ],
)
def test_a_sum_that_is_not_clear_is_left_to_others(said: str) -> None:
    assert expression(said) is None


@pytest.mark.parametrize(
    ("said", "value", "from_unit", "to_unit"),
    [
        ("convert 10 miles to kilometers", 10, "mile", "kilometer"),
        ("how many ounces in a pound", 1, "pound", "ounce"),
        ("how many ounces is 1 pound", 1, "pound", "ounce"),
        ("what's 72 fahrenheit in celsius", 72, "fahrenheit", "celsius"),
        ("-10 c in f", -10, "celsius", "fahrenheit"),
        ("180 degrees c in f", 180, "celsius", "fahrenheit"),
        ("100f to c", 100, "fahrenheit", "celsius"),
        ("5 foot 11 in cm", 71, "inch", "centimeter"),
        ("5'11 in cm", 71, "inch", "centimeter"),
        ("how far is 5k in miles", 5, "kilometer", "mile"),
        ("half a cup in ml", Fraction(1, 2), "cup", "milliliter"),
        ("two and a half liters to gallons", Fraction(5, 2), "liter", "gallon"),
        ("60 mph in km per hour", 60, "mile per hour", "kilometer per hour"),
        ("6 in to cm", 6, "inch", "centimeter"),
        ("convert inches to cm", 1, "inch", "centimeter"),
        ("how many minutes are there in 3 days", 3, "day", "minute"),
        ("two hours and ten minutes in seconds", 130, "minute", "second"),
        ("pounds to kilos: 180", 180, "pound", "kilogram"),
        ("five foot nine in centimeters", 69, "inch", "centimeter"),
        ("12kg to lbs", 12, "kilogram", "pound"),
    ],
)
def test_a_conversion_is_read(said: str, value: Fraction, from_unit: str, to_unit: str) -> None:
    found = conversion(Tokens.text(said, spelled))
    assert found is not None
    assert (found.value, found.from_unit, found.to_unit) == (value, from_unit, to_unit)


@pytest.mark.parametrize(
    "said", ["300 grams in cups", "10 miles", "convert this to word", "5 euros in dollars", "3 cups of milk"]
)
def test_what_does_not_measure_the_same_is_left_to_others(said: str) -> None:
    assert conversion(Tokens.text(said, spelled)) is None


def test_the_unit_tool_knows_every_unit_that_is_read() -> None:
    assert [name for name in _UNITS if find_unit(name) is None] == []
