"""Numbers and lengths of time as people say them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from appliance.understanding.english.durations import MAX_SECONDS, duration_at, durations, stopwatch
from appliance.understanding.english.numbers import amount
from appliance.understanding.english.spelling import spelled
from appliance.understanding.parsing.figures import plain
from appliance.understanding.tokens import Tokens


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("25", 25),
        ("1,200", 1200),
        ("2.5", Fraction(5, 2)),
        ("zero", 0),
        ("twenty five", 25),
        ("twenty-five", 25),
        ("a hundred", 100),
        ("two hundred and six", 206),
        ("three thousand four hundred", 3400),
        ("a dozen", 12),
        ("one point five", Fraction(3, 2)),
        ("two and a half", Fraction(5, 2)),
        ("2 1/2", Fraction(5, 2)),
        ("three quarters", Fraction(3, 4)),
        ("half", Fraction(1, 2)),
        ("-4", -4),
        ("minus four", -4),
        ("3 million", 3_000_000),
    ],
)
def test_a_number_is_read_in_digits_and_words(said: str, value: Fraction) -> None:
    tokens = Tokens.text(said, spelled)
    found = amount(tokens, 0)
    assert found is not None
    assert (found.value, found.end) == (value, len(tokens))


@pytest.mark.parametrize("said", ["", "milk", "and", "of", "-"])
def test_what_is_no_number_is_none(said: str) -> None:
    assert amount(Tokens.text(said, spelled), 0) is None


def test_numbers_are_written_short() -> None:
    assert [plain(Fraction(3)), plain(Fraction(5, 2)), plain(Fraction(1, 3))] == ["3", "2.5", "0.333333"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("90 seconds", 90),
        ("5min", 300),
        ("5-minute", 300),
        ("an hour", 3600),
        ("half an hour", 1800),
        ("a half hour", 1800),
        ("a quarter of an hour", 900),
        ("quarter of an hour", 900),
        ("three quarters of an hour", 2700),
        ("an hour and a half", 5400),
        ("one and a half hours", 5400),
        ("two and a half minutes", 150),
        ("an hour and ten", 4200),
        ("1h30", 5400),
        ("1h 20m", 4800),
        ("2 hours and 15 minutes", 8100),
        ("two minutes thirty seconds", 150),
        ("2 minutes 30", 150),
        ("a couple of minutes", 120),
        ("a minute and a half", 90),
        ("twenty-five mins", 1500),
        ("1.5 hours", 5400),
        ("two days", 172800),
        ("an hour, five minutes and ten seconds", 3910),
    ],
)
def test_a_length_of_time_is_read_whole(said: str, seconds: int) -> None:
    tokens = Tokens.text(said, spelled)
    found = duration_at(tokens, 0)
    assert found is not None
    assert (found.value, found.end) == (seconds, len(tokens))


@pytest.mark.parametrize("said", ["5 apples", "minutes", "0 minutes", "ten", "a", "half", "at 5 pm", "per hour"])
def test_what_is_no_length_of_time_is_none(said: str) -> None:
    assert durations(Tokens.text(said, spelled)) == []


def test_a_length_is_at_most_a_year() -> None:
    days = MAX_SECONDS // 86400
    assert [found.value for found in durations(Tokens.text(f"{days} days", spelled))] == [MAX_SECONDS]
    assert durations(Tokens.text(f"{days + 1} days", spelled)) == []


def test_a_clock_time_after_a_length_is_not_swallowed() -> None:
    found = durations(Tokens.text("2 hours 7 pm", spelled))
    assert [one.value for one in found] == [7200]


@pytest.mark.parametrize(("said", "seconds"), [("timer 5:30", 330), ("1:05:00", 3900), ("noon", None), ("0:00", None)])
def test_a_timer_reads_colons_as_minutes_and_seconds(said: str, seconds: int | None) -> None:
    assert stopwatch(Tokens.text(said, spelled)) == seconds


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mintues", "minutes"),
        ("secnds", "seconds"),
        ("tommorow", "tommorow"),
        ("tomorow", "tomorrow"),
        ("tuseday", "tuesday"),
        ("subract", "subtract"),
        ("farenheit", "fahrenheit"),
        ("timer", "timer"),
        ("quarters", "quarters"),
        ("monkey", "monkey"),
    ],
)
def test_a_word_that_is_one_letter_off_is_read_as_it_was_meant(typed: str, meant: str) -> None:
    assert spelled(typed) == meant
