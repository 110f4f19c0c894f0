"""Times of day, days and repeats in German, counted from Wednesday, 10 June 2026."""

from __future__ import annotations

from datetime import date

import pytest

from appliance.understanding.german.clock import times
from appliance.understanding.german.days import dates, repeats
from appliance.understanding.german.names import day_named, place_named
from appliance.understanding.german.tokens import text
from appliance.understanding.said import Half

TODAY = date(2026, 6, 10)
AM, PM, UNSAID, FULL = Half.AM, Half.PM, Half.UNSAID, Half.FULL


@pytest.mark.parametrize(
    ("said", "hour", "minute", "half"),
    [
        ("acht uhr", 8, 0, UNSAID), ("ein uhr", 1, 0, UNSAID), ("um 8", 8, 0, UNSAID), ("gegen zehn", 10, 0, UNSAID),
        ("halb neun", 8, 30, UNSAID), ("halb eins", 12, 30, UNSAID), ("viertel vor acht", 7, 45, UNSAID),
        ("viertel nach 7", 7, 15, UNSAID), ("viertel acht", 7, 15, UNSAID), ("dreiviertel sieben", 6, 45, UNSAID),
        ("drei viertel acht", 7, 45, UNSAID), ("fünf vor halb acht", 7, 25, UNSAID), ("zehn nach drei", 3, 10, UNSAID),
        ("zehn minuten vor drei", 2, 50, UNSAID), ("acht uhr dreißig", 8, 30, UNSAID), ("17:30", 17, 30, FULL),
        ("17.30 uhr", 17, 30, FULL), ("17 uhr 45", 17, 45, FULL), ("8h30", 8, 30, FULL), ("06:15", 6, 15, FULL),
        ("1730 uhr", 17, 30, FULL), ("20 uhr", 20, 0, FULL), ("12 uhr", 12, 0, FULL), ("0 uhr 15", 0, 15, FULL),
        ("mitternacht", 0, 0, FULL), ("viertel nach mitternacht", 0, 15, FULL), ("sieben uhr morgens", 7, 0, AM),
        ("acht uhr abends", 20, 0, PM), ("8 uhr früh", 8, 0, AM), ("3 uhr nachts", 3, 0, AM),
        ("drei uhr nachmittags", 15, 0, PM), ("elf uhr nachts", 23, 0, PM), ("zwölf uhr nachts", 0, 0, AM),
        ("halb acht abends", 19, 30, PM), ("um sieben dreissig", 7, 30, UNSAID),
    ],
)  # fmt: skip
def test_a_time_of_day_is_read(said: str, hour: int, minute: int, half: Half) -> None:
    found = [one.value for one in times(text(said))]
    assert [(one.hour, one.minute, one.half, one.certain) for one in found] == [(hour, minute, half, True)]


@pytest.mark.parametrize("said", ["5 äpfel", "drei euro", "20%", "25:00", "am 5. mai", "zimmer 12", "3 personen"])
def test_what_is_no_time_is_not_certain(said: str) -> None:
    assert not any(one.value.certain for one in times(text(said)))


@pytest.mark.parametrize(
    ("said", "hour"), [("am abend", 19), ("heute nacht", 21), ("montag morgen", 9), ("nach der arbeit", 18)]
)
def test_a_part_of_the_day_stands_for_an_hour(said: str, hour: int) -> None:
    assert [(one.value.hour, one.value.vague) for one in times(text(said))] == [(hour, True)]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("heute", "2026-06-10"), ("morgen", "2026-06-11"), ("übermorgen", "2026-06-12"), ("ubermorgen", "2026-06-12"),
        ("morgen früh", "2026-06-11"), ("heute morgen", "2026-06-10"), ("am montag", "2026-06-15"),
        ("montagabend", "2026-06-15"), ("sonnabend", "2026-06-13"), ("am mo", "2026-06-15"),
        ("nächsten freitag", "2026-06-19"), ("kommenden freitag", "2026-06-12"), ("diesen mittwoch", "2026-06-10"),
        ("am 5. mai", "2027-05-05"), ("fünften mai", "2027-05-05"), ("24.12.", "2026-12-24"),
        ("am 24.12.2026", "2026-12-24"), ("am 5.", "2026-07-05"), ("am fünften", "2026-07-05"),
        ("1. januar 2027", "2027-01-01"), ("freitag, den 12. juni", "2026-06-12"), ("in 14 tagen", "2026-06-24"),
        ("in einer woche", "2026-06-17"), ("montag in einer woche", "2026-06-22"), ("nächste woche", "2026-06-17"),
        ("nächste woche montag", "2026-06-15"), ("samstag nächster woche", "2026-06-20"),
        ("am wochenende", "2026-06-13"), ("in zwei monaten", "2026-08-10"), ("heiligabend", "2026-12-24"),
        ("an silvester", "2026-12-31"), ("am 31.", "2026-07-31"), ("2026-12-24", "2026-12-24"),
    ],
)  # fmt: skip
def test_a_day_is_read(said: str, day: str) -> None:
    assert [str(one.value) for one in dates(text(said), TODAY)] == [day]


@pytest.mark.parametrize("said", ["guten morgen", "um 17.30 uhr", "3.5 kilo", "jeden morgen", "so ist es", "30.2.2027"])
def test_what_is_no_day_is_not_one(said: str) -> None:
    assert dates(text(said), TODAY) == []


@pytest.mark.parametrize(
    ("said", "repeat"),
    [
        ("jeden tag", "daily"), ("täglich", "daily"), ("jeden morgen", "daily"), ("werktags", "weekdays"),
        ("unter der woche", "weekdays"), ("an werktagen", "weekdays"), ("von montag bis freitag", "weekdays"),
        ("mo-fr", "weekdays"), ("jedes wochenende", "weekends"), ("an wochenenden", "weekends"),
        ("samstags und sonntags", "weekends"), ("jeden montag", "mon"), ("immer montags", "mon"),
        ("jeden freitagabend", "fri"), ("montags und mittwochs", "mon,wed"),
        ("jeden dienstag und donnerstag", "tue,thu"), ("jede stunde", None), ("alle zwei stunden", None),
        ("jeden zweiten tag", None), ("wöchentlich", None), ("zweimal am tag", None),
    ],
)  # fmt: skip
def test_a_repeat_is_read(said: str, repeat: str | None) -> None:
    found = repeats(text(said))
    assert found is not None
    assert found.value == repeat


@pytest.mark.parametrize("said", ["alle wecker", "jeden timer", "am montag", "alle meine erinnerungen", "immer wieder"])
def test_what_does_not_come_back_is_no_repeat(said: str) -> None:
    assert repeats(text(said)) is None


@pytest.mark.parametrize(
    ("said", "english"),
    [
        ("Weihnachten", "christmas"), ("der Heiligabend", "christmas eve"), ("ostern 2027", "easter 2027"),
        ("in drei wochen", "in 3 weeks"), ("vor einer Woche", "1 week ago"), ("nächsten freitag", "next friday"),
        ("letzten montag", "last monday"), ("24.12.", "24 december"), ("24. dezember 2027", "2027-12-24"),
        ("dem ersten mai", "1 may"), ("übermorgen", "day after tomorrow"), ("nächste woche", "next week"),
        ("letztes weihnachten", "last christmas"), ("silvester dieses jahr", "new year's eve"),
        ("irgendwann", "irgendwann"),
    ],
)  # fmt: skip
def test_a_day_is_named_as_the_tool_reads_it(said: str, english: str) -> None:
    assert day_named(said) == english


@pytest.mark.parametrize(
    ("said", "english"), [("München", "munich"), ("der Türkei", "turkey"), ("den USA", "usa"), ("Oslo", "Oslo")]
)
def test_a_place_is_named_as_the_tool_reads_it(said: str, english: str) -> None:
    assert place_named(said) == english
