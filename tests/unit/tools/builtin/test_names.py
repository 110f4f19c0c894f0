"""Holidays and places under their German and French names."""

from __future__ import annotations

from datetime import date

import pytest

from appliance.tools.builtin.calendar import find_day
from appliance.tools.builtin.holidays import find_holiday
from appliance.tools.builtin.names import holidays, places
from appliance.tools.builtin.places import find_zone
from appliance.tools.speech import french, german

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Fronleichnam", date(2027, 5, 27)),
        ("Rosenmontag", date(2027, 2, 8)),
        ("Aschermittwoch", date(2027, 2, 10)),
        ("an Pfingsten", date(2027, 5, 16)),
        ("Gründonnerstag", date(2027, 3, 25)),
        ("Gruendonnerstag", date(2027, 3, 25)),
        ("Christi Himmelfahrt 2028", date(2028, 5, 25)),
        ("Allerheiligen", date(2027, 11, 1)),
        ("Heiligabend", date(2026, 12, 24)),
        ("Silvester", date(2026, 12, 31)),
        ("Heilige Drei Könige", date(2027, 1, 6)),
        ("Buß- und Bettag 2026", date(2026, 11, 18)),
        ("Totensonntag", date(2026, 11, 22)),
        ("1. Advent", date(2026, 11, 29)),
        ("vierter Advent", date(2026, 12, 20)),
        ("Pâques", date(2027, 3, 28)),
        ("à Pâques", date(2027, 3, 28)),
        ("lundi de Pentecôte", date(2027, 5, 17)),
        ("la Toussaint", date(2027, 11, 1)),
        ("l'Ascension", date(2027, 5, 6)),
        ("fête nationale", date(2027, 7, 14)),
        ("mardi gras", date(2027, 2, 9)),
        ("Saint-Sylvestre", date(2026, 12, 31)),
        ("la Fête-Dieu", date(2027, 5, 27)),
        ("fête des mères", date(2027, 5, 30)),
        ("fête des mères 2020", date(2020, 6, 7)),  # the last Sunday of May was Pentecost
    ],
)
def test_a_holiday_is_found_by_its_german_or_french_name(name: str, day: date) -> None:
    found = find_day(name, TODAY)
    assert found is not None
    assert found[0] == day


@pytest.mark.parametrize(("year", "day"), [(2022, 27), (2023, 3), (2028, 3)])
def test_the_first_advent_is_the_fourth_sunday_before_christmas_day(year: int, day: int) -> None:
    known = find_holiday("first advent")
    assert known is not None
    assert known[1](year) == date(year, 11 if day == 27 else 12, day)


def test_every_name_of_a_holiday_is_one_that_is_known() -> None:
    for names in holidays.NAMES.values():
        assert [name for name in names.split("|") if find_holiday(name) is None] == []


def test_every_holiday_with_a_name_elsewhere_is_said_in_german_and_french() -> None:
    shown = [known[0] for english in holidays.NAMES if (known := find_holiday(english))]
    assert len(shown) == len(holidays.NAMES)
    for speech in (german.SPEECH, french.SPEECH):
        assert [name for name in shown if name not in speech.names] == []


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Mailand", "Europe/Rome"),
        ("Peking", "Asia/Shanghai"),
        ("Londres", "Europe/London"),
        ("Pékin", "Asia/Shanghai"),
        ("Köln", "Europe/Berlin"),
        ("Koeln", "Europe/Berlin"),
        ("le Caire", "Africa/Cairo"),
        ("les États-Unis", "America/New_York"),
        ("in der Schweiz", "Europe/Zurich"),
        ("Neu-Delhi", "Asia/Kolkata"),
        ("Nouvelle-Zélande", "Pacific/Auckland"),
        ("l'Égypte", "Africa/Cairo"),
    ],
)
def test_a_place_is_found_by_its_german_or_french_name(name: str, zone: str) -> None:
    found = find_zone(name)
    assert found is not None
    assert found[1].key == zone


def test_every_name_of_a_place_follows_the_clock_of_its_english_one() -> None:
    for english, names in places.NAMES.items():
        known = find_zone(english)
        assert known is not None, english
        assert [name for name in names.split("|") if (find_zone(name) or known)[1].key != known[1].key] == []
        assert all(find_zone(name) for name in names.split("|"))
