"""German numbers and lengths of time, in digits, in words, typed without umlauts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from appliance.understanding.german.durations import MAX_SECONDS, durations, stopwatch
from appliance.understanding.german.numbers import amount, ordinal_value
from appliance.understanding.german.tokens import text
from mini.generator.german.numbers import ordinal, words


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("einundzwanzig", 21), ("zweihundertfünfzig", 250), ("zweihundertfuenfzig", 250), ("tausendzweihundert", 1200),
        ("neunzehnhundertneunundachtzig", 1989), ("zwei millionen", 2_000_000), ("1.200", 1200), ("1'200", 1200),
        ("1.000.000", 1_000_000), ("2,5", Fraction(5, 2)), ("3.5", Fraction(7, 2)), ("drei komma fünf", Fraction(7, 2)),
        ("zweieinhalb", Fraction(5, 2)), ("anderthalb", Fraction(3, 2)), ("zwei drittel", Fraction(2, 3)),
        ("ein halb", Fraction(1, 2)), ("minus vier", -4), ("1 1/2", Fraction(3, 2)), ("zwo", 2), ("funf", 5),
        ("ein dutzend", 12), ("eins", 1), ("null", 0),
    ],
)  # fmt: skip
def test_a_number_is_read(said: str, value: Fraction) -> None:
    tokens = text(said)
    found = amount(tokens, 0)
    assert found is not None
    assert (found.value, found.end) == (value, len(tokens))


@pytest.mark.parametrize("said", ["timer", "undzwanzig", "zweiundzwei", "hundertundeinundeins", "", "und"])
def test_what_is_no_number_is_none(said: str) -> None:
    assert amount(text(said), 0) is None


@pytest.mark.parametrize("value", [*range(130), 999, 1000, 1001, 2021, 10000, 99999, 121121])
def test_the_words_of_the_generator_are_read_back(value: int) -> None:
    found = amount(text(words(value)), 0)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize("value", range(1, 32))
def test_the_ordinals_of_the_generator_are_read_back(value: int) -> None:
    assert ordinal_value(text(ordinal(value)).at(0)) == value


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("zehn minuten", 600), ("90 sekunden", 90), ("20min", 1200), ("30 min. bitte", 1800), ("eine stunde", 3600),
        ("ne viertelstunde", 900), ("einer halben stunde", 1800), ("eine dreiviertelstunde", 2700),
        ("drei viertelstunden", 2700), ("anderthalb stunden", 5400), ("eineinhalb stunden", 5400),
        ("1,5 stunden", 5400), ("zweieinhalb minuten", 150), ("zwei stunden und fünf minuten", 7500),
        ("2 stunden 15", 8100), ("eine stunde und zwanzig", 4800), ("1h30", 5400), ("1 std 30", 5400),
        ("fünfminutentimer", 300), ("10-minütigen timer", 600), ("zehnminütigen timer", 600), ("5 minutigen", 300),
        ("10-minuten-timer", 600), ("in 14 tagen", 1209600), ("zwei minuten dreißig", 120),
        ("eine minute und dreißig sekunden", 90), ("ein paar minuten", 180), ("halbstündigen", 1800),
    ],
)  # fmt: skip
def test_a_length_of_time_is_read(said: str, seconds: int) -> None:
    assert [one.value for one in durations(text(said))] == [seconds]


@pytest.mark.parametrize("said", ["100 stundenkilometer", "acht uhr", "minuten", "die stunde der wahrheit kommt nie"])
def test_what_is_no_length_is_not_one(said: str) -> None:
    assert [one.value for one in durations(text(said)) if one.value != 3600] == []


def test_the_longest_length_is_a_year() -> None:
    assert [one.value for one in durations(text("366 tage"))] == [MAX_SECONDS]
    assert durations(text("367 tage")) == []


@pytest.mark.parametrize(("said", "seconds"), [("timer 5:30", 330), ("1:05:00", 3900), ("timer 17", None)])
def test_a_timer_reads_colons_as_minutes_and_seconds(said: str, seconds: int | None) -> None:
    assert stopwatch(text(said)) == seconds
