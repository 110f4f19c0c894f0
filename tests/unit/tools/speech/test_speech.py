import re
import string
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.tools.builtin.holidays import find_holiday
from appliance.tools.builtin.units import units
from appliance.tools.speech import LANGUAGES, speech

ENGLISH = speech("en")
TODAY = date(2026, 11, 21)
BERLIN = ZoneInfo("Europe/Berlin")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_says_the_same_things(tag: str) -> None:
    other = speech(tag)
    assert other.messages.keys() == ENGLISH.messages.keys()
    assert other.nouns.keys() == ENGLISH.nouns.keys()
    for key, text in other.messages.items():
        assert fields(text) <= fields(ENGLISH.messages[key]), key


@pytest.mark.parametrize("tag", LANGUAGES)
def test_names_of_units_and_holidays_translate_what_the_tools_know(tag: str) -> None:
    other = speech(tag)
    assert other.units.keys() <= {unit.singular for unit in units().values()}
    for name in other.names:
        known = find_holiday(name.lower())
        assert known is not None
        assert known[0] == name


@pytest.mark.parametrize(
    ("locale", "tag"), [("de-AT", "de"), ("fr_CA", "fr"), ("en-GB", "en"), ("DE", "de"), ("it", "en"), ("", "en")]
)
def test_a_region_is_its_language_and_an_unknown_language_is_english(locale: str, tag: str) -> None:
    assert speech(locale).tag == tag


@pytest.mark.parametrize(
    ("tag", "length", "day", "long"),
    [
        ("en", "1 hour 30 minutes", "Tuesday 24 November", "Friday, 1 January 2027"),
        ("de", "1 Stunde 30 Minuten", "Dienstag, 24. November", "Freitag, 1. Januar 2027"),
        ("fr", "1 heure 30 minutes", "mardi 24 novembre", "vendredi 1er janvier 2027"),
    ],
)
def test_lengths_and_days_are_said_as_in_that_language(tag: str, length: str, day: str, long: str) -> None:
    said = speech(tag)
    assert said.exact_duration(5400) == length
    assert said.day(date(2026, 11, 24), date(2026, 11, 10)) == day
    assert said.long_day(date(2027, 1, 1)) == long


@pytest.mark.parametrize(
    ("tag", "near", "week", "numbers"),
    [
        ("en", "tomorrow at 07:00", "Friday at 07:00", "1,234.5"),
        ("de", "morgen um 07:00", "Freitag um 07:00", "1.234,5"),
        ("fr", "demain à 07:00", "vendredi à 07:00", "1\u202f234,5"),
    ],
)
def test_moments_and_numbers_too(tag: str, near: str, week: str, numbers: str) -> None:
    said = speech(tag)
    now = datetime(2026, 11, 21, 14, 0, tzinfo=BERLIN)
    for day, text in ((22, near), (27, week)):
        due = datetime(2026, 11, day, 7, 0, tzinfo=BERLIN)
        assert said.moment(round(due.timestamp()) * 1000, round(now.timestamp()) * 1000, BERLIN) == text
    assert said.number("1,234.5") == numbers


@pytest.mark.parametrize(("tag", "none", "one", "two"), [
    ("en", "0 minutes", "1 minute", "2 minutes"),
    ("de", "0 Minuten", "1 Minute", "2 Minuten"),
    ("fr", "0 minute", "1 minute", "2 minutes"),
])  # fmt: skip
def test_the_plural_is_that_of_the_language(tag: str, none: str, one: str, two: str) -> None:
    assert [speech(tag).count(number, "minute") for number in (0, 1, 2)] == [none, one, two]


@pytest.mark.parametrize(
    ("tag", "said", "between"),
    [
        ("en", "The shopping list is empty.", "; "),
        ("de", "Die Liste „Shopping“ ist leer.", "; "),
        ("fr", "La liste « shopping » est vide.", " ; "),
    ],
)
def test_lists_and_semicolons_are_written_as_the_language_writes_them(tag: str, said: str, between: str) -> None:
    assert speech(tag).say("list.empty", list="shopping") == said
    assert speech(tag).semicolon == between


def test_french_says_tu_everywhere() -> None:
    formal = re.compile(r"\b(?:vous|votre|vos|\w+ez)\b", re.IGNORECASE)
    assert not [text for text in speech("fr").messages.values() if formal.search(text)]


@pytest.mark.parametrize("tag", ["de", "fr"])
def test_every_unit_has_a_name_in_every_language(tag: str) -> None:
    assert {unit.singular for unit in units().values()} <= speech(tag).units.keys()


@pytest.mark.parametrize(
    ("tag", "number", "many"), [("en", 1.5, True), ("de", 0.5, True), ("fr", 1.5, False), ("fr", 2, True)]
)
def test_the_plural_begins_where_the_language_lets_it(tag: str, number: float, many: bool) -> None:
    assert speech(tag).is_many(number) is many
    assert speech(tag).is_many(-number) is many
    assert not speech(tag).is_many(1)
