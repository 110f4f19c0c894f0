from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.tools.base import ToolContext, ToolRefusedError
from appliance.tools.builtin.calculate import Calculate, calculate
from appliance.tools.builtin.sums.calculator import MAX_DEPTH, evaluate
from appliance.tools.builtin.sums.numbers import show
from appliance.tools.builtin.sums.sum_tokens import MAX_CHARACTERS, SumError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12*34", 408),
        ("0.1 + 0.2", Fraction("0.3")),
        ("1/3*3", 1),
        ("2 + 3 * 4 ^ 2 / 8", 8),
        ("2 ^ 3 ^ 2", 512),
        ("-2^2", -4),
        ("2^-2", Fraction("0.25")),
        ("2**10", 1024),
        ("17 // 5", 3),
        ("17 % 5", 2),
        ("17 mod 5", 2),
        ("10%", Fraction("0.1")),
        ("20% of 50", 10),
        ("what is 15 percent of 80?", 12),
        ("50 + 10%", 55),
        ("50 - 10%", 45),
        ("200 * 10%", 20),
        ("20 is what percent of 80", 25),
        ("sqrt(144)", 12),
        ("square root of 144", 12),
        ("sqrt 16 + 9", 13),
        ("cbrt 27", 3),
        ("2(3+4)", 14),
        ("3 squared plus 2 cubed", 17),
        ("5!", 120),
        ("abs(3 - 5)", 2),
        ("round(2.5) + floor(2.9) + ceil(2.1)", 8),
        ("log 1000", 3),
        ("1,000 + 2,500.5", Fraction("3500.5")),
        ("1,5 + 1", Fraction("2.5")),
        ("seven times eight", 56),
        ("two hundred and five plus three hundred and one", 506),
        ("one hundred twenty three thousand four hundred fifty six", 123_456),
        ("three point one four times two", Fraction("6.28")),
        ("a dozen times 3", 36),
        ("3 million / 4", 750_000),
        ("half a million", 500_000),
        ("what's 12 times 12", 144),
        ("divide 100 by 8", Fraction("12.5")),
        ("subtract 5 from 20", 15),
        ("5 and 6", 11),
        ("3 x 4", 12),
        ("6 ÷ 4 × 2", 3),
    ],
)
def test_sums_are_worked_out_exactly(text: str, expected: Fraction) -> None:
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9**9**9", "too large"),
        ("2^5000", "too large"),
        ("(2^2000)^3", "too large"),
        ("301!", "up to 300"),
        ("300!*300!*300!", "too large"),
        ("10^0.5^-9999", "too large"),
        ("1/0", "divided by zero"),
        ("0^-1", "divided by zero"),
        ("5 mod 0", "divided by zero"),
        ("sqrt(-1)", "negative"),
        ("(-8)^(1/2)", "negative"),
        ("ln 0", "above zero"),
        ("2.5!", "whole number"),
        ("two three", "operator"),
        ("1 +", "too early"),
        ("(1", "bracket"),
        ("1)", "bracket"),
        ("", "nothing"),
        ("import os", "“import”"),
        ("__import__('os')", "do not know"),
        ("7 apples", "“apples”"),
        ("1e999", "digits"),
        ("9" * 61, "digits"),
    ],
)
def test_what_cannot_be_worked_out_says_why(text: str, words: str) -> None:
    with pytest.raises(SumError, match=words.replace("“", ".").replace("”", ".")):
        evaluate(text)


def test_brackets_and_signs_have_a_depth() -> None:
    assert evaluate("(" * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1)) == 1
    with pytest.raises(SumError, match="brackets"):
        evaluate("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH)
    with pytest.raises(SumError, match="signs"):
        evaluate("-" * 400 + "1")


def test_a_sum_has_a_length() -> None:
    assert evaluate("1" + "+1" * ((MAX_CHARACTERS - 1) // 2)) == MAX_CHARACTERS // 2
    with pytest.raises(SumError, match="longer than"):
        evaluate("1" * (MAX_CHARACTERS + 1))


_numbers = st.integers(0, 9999).map(str) | st.decimals(0, 999, places=2).map(str)
_sums = st.recursive(
    _numbers,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda one: f"({one[0]} {one[1]} {one[2]})"),
    max_leaves=12,
)


@given(_sums)
def test_sums_agree_with_fractions_of_the_standard_library(text: str) -> None:
    import re

    exact = re.sub(r"[\d.]+", lambda match: f"F('{match.group()}')", text)
    try:
        expected = eval(exact, {"F": Fraction})
    except ZeroDivisionError:
        with pytest.raises(SumError):
            evaluate(text)
        return
    if expected.denominator.bit_length() < 3000:
        assert evaluate(text) == expected


@given(st.text(alphabet="0123456789+-*/^%()!., exsqrtpilnog", max_size=60))
def test_whatever_is_typed_ends_in_a_number_or_a_reason(text: str) -> None:
    try:
        shown, _ = show(evaluate(text))
    except SumError:
        return
    assert len(shown) < 100


@given(st.fractions(min_value=-(10**15), max_value=10**15, max_denominator=10**6))
def test_a_number_that_is_shown_as_exact_is_exact(value: Fraction) -> None:
    text, exact = show(value)
    if exact:
        assert Fraction(text.replace(",", "")) == value
    elif "^" not in text:
        assert abs(Fraction(text.replace(",", "")) - value) <= abs(value) / 10**9


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1_234_567), "1,234,567"),
        (Fraction(10**21 - 1), "999,999,999,999,999,999,999"),
        (Fraction(10**21), "1 × 10^21"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(1, 10**9), "1 × 10^-9"),
        (Fraction(2, 3), "0.6666666667"),
        (Fraction(12345678912345, 1000), "12,345,678,912"),
        (Fraction(0), "0"),
    ],
)
def test_numbers_are_shown_for_people(value: Fraction, text: str) -> None:
    assert show(value)[0] == text


def test_the_answer_holds_the_sum_and_says_when_it_is_rounded(context: ToolContext) -> None:
    assert calculate(Calculate("12 * 7 ="), context).text == "12 * 7 = 84"
    assert calculate(Calculate("100/7"), context).text == "100/7 ≈ 14.28571429"
    with pytest.raises(ToolRefusedError, match="zero"):
        calculate(Calculate("1/0"), context)
