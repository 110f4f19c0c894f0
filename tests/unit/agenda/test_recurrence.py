from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.agenda.recurrence import (
    DAYS,
    canonical_days,
    moment_ms,
    next_ms,
    parse_repeat,
    parse_time,
    repeat_words,
)
from appliance.tools.speech import speech

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Africa/Casablanca",
        "Pacific/Apia",
    )
]


def iso(ms: int, zone: ZoneInfo = BERLIN) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).isoformat()


def test_a_skipped_time_counts_as_the_moment_of_the_change() -> None:
    assert iso(moment_ms(date(2027, 3, 28), time(2, 30), BERLIN)) == "2027-03-28T03:00:00+02:00"


def test_the_hour_that_occurs_twice_counts_the_first_time() -> None:
    assert iso(moment_ms(date(2026, 10, 25), time(2, 30), BERLIN)) == "2026-10-25T02:30:00+02:00"


def test_a_daily_time_rings_once_in_the_night_that_repeats_an_hour() -> None:
    first = moment_ms(date(2026, 10, 25), time(2, 30), BERLIN)
    assert iso(next_ms("daily", time(2, 30), BERLIN, first)) == "2026-10-26T02:30:00+01:00"


def test_a_daily_time_stays_at_its_local_hour_when_the_clocks_change() -> None:
    before = moment_ms(date(2027, 3, 27), time(7), BERLIN)
    after = next_ms("daily", time(7), BERLIN, before)
    assert iso(after) == "2027-03-28T07:00:00+02:00"
    assert after - before == 23 * 3_600_000


def test_the_change_of_half_an_hour_is_known() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert iso(moment_ms(date(2026, 10, 4), time(2, 15), lord_howe), lord_howe) == "2026-10-04T02:30:00+11:00"


def test_weekdays_go_from_friday_to_monday() -> None:
    friday = moment_ms(date(2026, 11, 20), time(7), BERLIN)
    assert iso(next_ms("weekdays", time(7), BERLIN, friday)) == "2026-11-23T07:00:00+01:00"
    assert iso(next_ms("weekends", time(7), BERLIN, friday)) == "2026-11-21T07:00:00+01:00"


@given(
    zone=st.sampled_from(ZONES),
    after=st.integers(min_value=946_684_800_000, max_value=2_840_140_800_000),
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    days=st.sets(st.sampled_from(DAYS), min_size=1),
)
def test_the_next_time_is_later_on_a_wanted_day_and_not_more_than_nine_days_off(
    zone: ZoneInfo, after: int, at: time, days: set[str]
) -> None:
    due = next_ms(canonical_days(days), at, zone, after)
    local = datetime.fromtimestamp(due / 1000, UTC).astimezone(zone)
    assert after < due <= after + 9 * 86_400_000
    # A skipped time moves to the change, which is never before the wanted time.
    skipped = (local - timedelta(seconds=1)).utcoffset() != local.utcoffset() or local.time() > at
    assert local.time() == at or skipped
    if local.time() == at:
        assert DAYS[local.weekday()] in days


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2000, 1, 1), date(2050, 1, 1)),
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
)
def test_a_local_time_comes_back_as_itself_unless_it_was_skipped(zone: ZoneInfo, day: date, at: time) -> None:
    moment = datetime.fromtimestamp(moment_ms(day, at, zone) / 1000, UTC)
    local = moment.astimezone(zone)
    if (local.date(), local.time()) != (day, at):
        before = (moment - timedelta(seconds=1)).astimezone(zone)
        assert before.utcoffset() != local.utcoffset(), "only the moment of a change may stand for another time"
        assert before.replace(tzinfo=None) < datetime.combine(day, at) < local.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("07:30", time(7, 30)),
        ("7:30", time(7, 30)),
        ("7am", time(7)),
        ("12 am", time(0)),
        ("12:15 p.m.", time(12, 15)),
        ("noon", time(12)),
        ("23:59", time(23, 59)),
    ],
)
def test_times_of_day_are_read(text: str, expected: time) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize("text", ["24:00", "7", "13pm", "0am", "12:60", "soon", ""])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("once", None),
        ("every day", "daily"),
        ("Weekdays", "weekdays"),
        ("sat,sun", "weekends"),
        ("mon, tue, wed, thu and fri", "weekdays"),
        ("every Tuesday and Mondays", "mon,tue"),
        ("thursday", "thu"),
    ],
)
def test_repeats_have_one_form(text: str | None, expected: str | None) -> None:
    assert parse_repeat(text) == expected


@pytest.mark.parametrize("text", ["hourly", "monkey", "mon,xyz"])
def test_a_repeat_that_is_not_known_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="Say daily, weekdays, weekends"):
        parse_repeat(text)


def test_repeats_are_said_in_words() -> None:
    assert repeat_words("mon,wed,fri", speech("en")) == "every Monday, Wednesday and Friday"
