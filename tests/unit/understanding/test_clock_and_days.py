"""Times of day, days and repeats, counted from Wednesday, 10 June 2026."""

from __future__ import annotations

from datetime import date

import pytest

from appliance.understanding.english.clock import times
from appliance.understanding.english.days import dates, repeats
from appliance.understanding.english.spelling import spelled
from appliance.understanding.said import Half
from appliance.understanding.tokens import Tokens

TODAY = date(2026, 6, 10)


@pytest.mark.parametrize(
    ("said", "hour", "minute", "half"),
    [
        ("7am", 7, 0, Half.AM),
        ("7 a.m.", 7, 0, Half.AM),
        ("12 am", 0, 0, Half.AM),
        ("12pm", 12, 0, Half.PM),
        ("7:30 pm", 19, 30, Half.PM),
        ("630 am", 6, 30, Half.AM),
        ("17:45", 17, 45, Half.FULL),
        ("06:15", 6, 15, Half.FULL),
        ("7.30", 7, 30, Half.UNSAID),
        ("seven thirty", 7, 30, Half.UNSAID),
        ("seven oh five", 7, 5, Half.UNSAID),
        ("at eight", 8, 0, Half.UNSAID),
        ("7 o'clock", 7, 0, Half.UNSAID),
        ("half past six", 6, 30, Half.UNSAID),
        ("half six", 6, 30, Half.UNSAID),
        ("quarter to 7", 6, 45, Half.UNSAID),
        ("a quarter past four", 4, 15, Half.UNSAID),
        ("ten to nine", 8, 50, Half.UNSAID),
        ("five to one", 12, 55, Half.UNSAID),
        ("twenty minutes past ten", 10, 20, Half.UNSAID),
        ("half past three pm", 15, 30, Half.PM),
        ("noon", 12, 0, Half.FULL),
        ("12 midnight", 0, 0, Half.FULL),
        ("eight in the evening", 20, 0, Half.PM),
        ("six in the morning", 6, 0, Half.AM),
        ("ten at night", 22, 0, Half.PM),
    ],
)
def test_a_time_of_day_is_read(said: str, hour: int, minute: int, half: Half) -> None:
    found = times(Tokens.text(said, spelled))
    assert [(one.value.hour, one.value.minute, one.value.half, one.value.certain) for one in found] == [
        (hour, minute, half, True)
    ]


@pytest.mark.parametrize("said", ["5 apples", "room 12", "3 people", "for 5 people"])
def test_a_bare_number_is_not_certain_to_be_a_time(said: str) -> None:
    assert not any(one.value.certain for one in times(Tokens.text(said, spelled)))


@pytest.mark.parametrize("said", ["25:00", "7:75", "$12", "20%", "3/4", "13 pm x"])
def test_what_cannot_be_a_time_is_not_one(said: str) -> None:
    assert not any(one.value.certain and one.value.half is not Half.PM for one in times(Tokens.text(said, spelled)))


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2026-06-10"),
        ("tonight", "2026-06-10"),
        ("tomorrow", "2026-06-11"),
        ("tmrw", "2026-06-11"),
        ("the day after tomorrow", "2026-06-12"),
        ("friday", "2026-06-12"),
        ("on wednesday", "2026-06-17"),
        ("this wednesday", "2026-06-10"),
        ("next friday", "2026-06-19"),
        ("next monday", "2026-06-15"),
        ("monday next week", "2026-06-15"),
        ("this weekend", "2026-06-13"),
        ("next week", "2026-06-17"),
        ("in two days", "2026-06-12"),
        ("3 weeks from now", "2026-07-01"),
        ("a week from tomorrow", "2026-06-18"),
        ("march 3rd", "2027-03-03"),
        ("the 3rd of march", "2027-03-03"),
        ("december 24", "2026-12-24"),
        ("24 december 2027", "2027-12-24"),
        ("july the fourth", "2026-07-04"),
        ("the twenty first of june", "2026-06-21"),
        ("the 14th", "2026-06-14"),
        ("the first", "2026-07-01"),
        ("the 31st", "2026-07-31"),
        ("2026-12-24", "2026-12-24"),
        ("12/24", "2026-12-24"),
        ("12/24/2026", "2026-12-24"),
        ("christmas eve", "2026-12-24"),
        ("february 29", "2028-02-29"),
    ],
)
def test_a_day_is_read(said: str, day: str) -> None:
    assert [one.value.isoformat() for one in dates(Tokens.text(said, spelled), TODAY)] == [day]


@pytest.mark.parametrize(
    "said", ["i may go", "the sun", "he sat down", "second floor", "february 30", "2026-13-01", "99/99"]
)
def test_what_names_no_day_is_none(said: str) -> None:
    assert dates(Tokens.text(said, spelled), TODAY) == []


def test_a_month_that_is_short_keeps_its_last_day() -> None:
    assert [one.value for one in dates(Tokens.text("next month", spelled), date(2026, 1, 31))] == [date(2026, 2, 28)]


@pytest.mark.parametrize(
    ("said", "repeat"),
    [
        ("every day", "daily"),
        ("daily", "daily"),
        ("every single day", "daily"),
        ("every morning", "daily"),
        ("on weekdays", "weekdays"),
        ("monday to friday", "weekdays"),
        ("every weekend", "weekends"),
        ("every monday", "mon"),
        ("on tuesdays and thursdays", "tue,thu"),
        ("every saturday and sunday", "weekends"),
        ("once a day", "daily"),
    ],
)
def test_a_repeat_is_read(said: str, repeat: str) -> None:
    found = repeats(Tokens.text(said, spelled))
    assert found is not None
    assert found.value == repeat


@pytest.mark.parametrize(
    "said", ["every hour", "weekly", "every other day", "twice a day", "every two weeks", "monthly"]
)
def test_a_repeat_that_no_tool_knows_is_seen_and_unknown(said: str) -> None:
    found = repeats(Tokens.text(said, spelled))
    assert found is not None
    assert found.value is None
