from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.foundation.easter import easter
from appliance.tools.base import ToolContext, ToolRefusedError
from appliance.tools.builtin.calendar import find_day
from appliance.tools.builtin.clock_tools import ClockNow, DateLookup, clock_now, date_lookup
from appliance.tools.builtin.places import _PLACES, find_zone

TODAY = date(2026, 11, 21)  # a Saturday


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (ClockNow(), "It is 15:25."),
        (ClockNow(want="date"), "Today is Saturday, 21 November 2026."),
        (ClockNow(want="both"), "It is 15:25 on Saturday, 21 November 2026."),
        (ClockNow("new york"), "It is 09:25 in New York."),
        (ClockNow("Nepal", "time"), "It is 20:10 in Nepal."),
        (ClockNow("Sydney"), "It is 01:25 in Sydney, Sunday."),
        (ClockNow("Tokyo", "date"), "It is Saturday, 21 November 2026 in Tokyo."),
        (ClockNow("here"), "It is 15:25."),
    ],
)
def test_the_time_is_told_here_and_elsewhere(context: ToolContext, arguments: ClockNow, text: str) -> None:
    assert clock_now(arguments, context).text == text


def test_a_place_that_is_not_known_is_named(context: ToolContext) -> None:
    with pytest.raises(ToolRefusedError, match="Atlantis"):
        clock_now(ClockNow("Atlantis"), context)


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("São Paulo", "America/Sao_Paulo"),
        ("paris, france", "Europe/Paris"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("the UK", "Europe/London"),
        ("in London", "Europe/London"),
        ("kolkata", "Asia/Kolkata"),
    ],
)
def test_places_are_found(place: str, zone: str) -> None:
    found = find_zone(place)
    assert found is not None
    assert found[1].key == zone


def test_every_place_of_our_own_has_a_zone_that_exists() -> None:
    for places in _PLACES.values():
        assert all(find_zone(place) is not None for place in places.split(","))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("today", TODAY),
        ("the day after tomorrow", date(2026, 11, 23)),
        ("friday", date(2026, 11, 27)),
        ("saturday", TODAY),
        ("next saturday", date(2026, 11, 28)),
        ("last friday", date(2026, 11, 20)),
        ("tues", date(2026, 11, 24)),
        ("christmas", date(2026, 12, 25)),
        ("new year's day", date(2027, 1, 1)),
        ("Easter", date(2027, 3, 28)),
        ("easter 2030", date(2030, 4, 21)),
        ("last christmas", date(2025, 12, 25)),
        ("thanksgiving", date(2026, 11, 26)),
        ("Valentine’s Day", date(2027, 2, 14)),
        ("halloween", date(2027, 10, 31)),
        ("in 3 days", date(2026, 11, 24)),
        ("two weeks ago", date(2026, 11, 7)),
        ("in a month", date(2026, 12, 21)),
        ("one year from now", date(2027, 11, 21)),
        ("how many days until christmas", date(2026, 12, 25)),
        ("what day is 24 december", date(2026, 12, 24)),
        ("December 24th, 2027", date(2027, 12, 24)),
        ("the 3rd of march", date(2027, 3, 3)),
        ("february 29", date(2028, 2, 29)),
        ("next week", date(2026, 11, 23)),
        ("weekend", TODAY),
        ("30 february", None),
        ("2026-02-30", None),
        ("in 100001 days", None),
        ("in 99999 years", None),
        ("soon", None),
        ("", None),
    ],
)
def test_days_are_found_as_people_name_them(text: str, expected: date | None) -> None:
    found = find_day(text, TODAY)
    assert (found[0] if found else None) == expected


def test_the_answer_names_the_day_and_how_far_it_is(context: ToolContext) -> None:
    assert date_lookup(DateLookup("christmas"), context).text == (
        "Christmas Day is on Friday, 25 December 2026, in 34 days."
    )
    assert date_lookup(DateLookup("tomorrow"), context).text == "That is Sunday, 22 November 2026, tomorrow."
    assert date_lookup(DateLookup("yesterday"), context).data["daysFromToday"] == -1
    with pytest.raises(ToolRefusedError, match="which day"):
        date_lookup(DateLookup("someday"), context)


@given(st.integers(1900, 2200))
def test_easter_is_the_date_of_the_wider_used_library(year: int) -> None:
    from dateutil.easter import easter as other

    assert easter(year) == other(year)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 3000))
def test_days_ahead_and_ago_undo_each_other(today: date, days: int) -> None:
    ahead, ago = find_day(f"in {days} days", today), find_day(f"{days} days ago", today)
    assert ahead is not None
    assert ago is not None
    assert ahead[0] - today == today - ago[0] == timedelta(days=days)


@given(st.text(max_size=60))
def test_whatever_is_asked_ends_in_a_day_or_none(text: str) -> None:
    found = find_day(text, TODAY)
    assert found is None or isinstance(found[0], date)
