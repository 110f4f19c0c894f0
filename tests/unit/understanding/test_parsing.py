"""What the parsers of all languages share."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from appliance.understanding.languages import language
from appliance.understanding.parsing.days import dated, feast, months_on, next_week, of_this_month, repeat_of, weekend
from appliance.understanding.parsing.lengths import MAX_SECONDS, length_at
from appliance.understanding.parsing.scan import every
from appliance.understanding.tokens import Found, Tokens


def test_february_29_is_found_up_to_eight_years_ahead() -> None:
    found = dated(date(2096, 3, 1), "", 2, 29, 0, 2)
    assert found is not None
    assert found.value == date(2104, 2, 29)


def test_a_day_that_no_year_has_is_none() -> None:
    assert dated(date(2026, 11, 17), "", 2, 30, 0, 2) is None
    assert dated(date(2026, 11, 17), "2027", 2, 29, 0, 2) is None


def test_the_31st_skips_months_that_have_none() -> None:
    found = of_this_month(date(2026, 2, 1), 31, 0, 1)
    assert found is not None
    assert found.value == date(2026, 3, 31)


def test_a_month_on_from_the_31st_is_the_last_of_a_shorter_month() -> None:
    assert months_on(date(2027, 12, 31), 2) == date(2028, 2, 29)


def test_next_week_counts_from_its_monday() -> None:
    assert next_week(date(2026, 11, 22), 0) == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("day", "following", "saturday"), [(20, False, 21), (20, True, 28), (21, False, 21), (21, True, 28), (22, True, 28)]
)
def test_the_following_weekend_is_not_the_running_one(day: int, following: bool, saturday: int) -> None:
    assert weekend(date(2026, 11, day), following) == date(2026, 11, saturday)


def test_choices_of_weekdays_have_the_short_names_of_the_tools() -> None:
    assert [repeat_of(days) for days in (range(5), {5, 6}, range(7), {2, 0})] == [
        "weekdays",
        "weekends",
        "daily",
        "mon,wed",
    ]


@pytest.mark.parametrize(("seconds", "known"), [(MAX_SECONDS, True), (MAX_SECONDS + 1, False)])
def test_a_length_is_at_most_a_year(seconds: int, known: bool) -> None:
    found = length_at(
        0, lambda at: (Fraction(seconds), 1, 1) if not at else None, lambda at: at, lambda joint, unit, end: None
    )
    assert (found is not None) is known


def test_a_walk_takes_what_it_finds_without_overlaps() -> None:
    tokens = Tokens.text("a b c d")
    assert [one.start for one in every(tokens, lambda at: Found(at, at, at + 2) if at else None)] == [1, 3]


@pytest.mark.parametrize(
    ("tag", "said", "day"),
    [
        ("en", "wake me on easter monday at 9", date(2027, 3, 29)),
        ("en", "remind me on good friday to call ada", date(2027, 3, 26)),
        ("de", "weck mich an pfingstmontag um 9", date(2027, 5, 17)),
        ("de", "erinnere mich an christi himmelfahrt an den grill", date(2027, 5, 6)),
        ("de", "am gründonnerstag um acht", date(2027, 3, 25)),
        ("fr", "rappelle-moi le lundi de pâques d'appeler maman", date(2027, 3, 29)),
        ("fr", "réveille-moi à la pentecôte à 9 h", date(2027, 5, 16)),
        ("fr", "rappelle-moi le mardi gras de faire des crêpes", date(2027, 2, 9)),
    ],
)
def test_feasts_that_move_with_easter_are_days(tag: str, said: str, day: date) -> None:
    known = language(tag)
    assert [found.value for found in known.dates(known.tokens(said.split()), date(2026, 11, 21))] == [day]


@pytest.mark.parametrize(
    ("tag", "said"), [("en", "buy easter eggs"), ("fr", "acheter des oeufs de pâques"), ("de", "ostereier kaufen")]
)
def test_things_named_after_a_feast_are_no_day(tag: str, said: str) -> None:
    known = language(tag)
    assert known.dates(known.tokens(said.split()), date(2026, 11, 21)) == []


def test_a_feast_is_today_on_its_day_and_next_year_after_it() -> None:
    assert [feast(date(2027, 3, day), 0, 0, 1).value for day in (28, 29)] == [date(2027, 3, 28), date(2028, 4, 16)]
