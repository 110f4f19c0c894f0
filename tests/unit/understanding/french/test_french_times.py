"""French times of day, days, repeats and lengths of time, counted from Wednesday, 10 June 2026."""

from __future__ import annotations

from datetime import date

import pytest

from appliance.understanding.french.clock import times
from appliance.understanding.french.days import dates
from appliance.understanding.french.durations import MAX_SECONDS, durations, stopwatch
from appliance.understanding.french.repeats import repeats
from appliance.understanding.french.spelling import spelled
from appliance.understanding.said import Half
from appliance.understanding.tokens import Tokens

TODAY = date(2026, 6, 10)


def cut(said: str) -> Tokens:
    return Tokens.text(said, spelled)


@pytest.mark.parametrize(
    ("said", "hour", "minute", "half"),
    [
        ("7h", 7, 0, Half.UNSAID),
        ("8h30", 8, 30, Half.UNSAID),
        ("8 h 30", 8, 30, Half.UNSAID),
        ("19h45", 19, 45, Half.FULL),
        ("17:45", 17, 45, Half.FULL),
        ("06:15", 6, 15, Half.FULL),
        ("sept heures et quart", 7, 15, Half.UNSAID),
        ("sept heures et demie", 7, 30, Half.UNSAID),
        ("huit heures moins le quart", 7, 45, Half.UNSAID),
        ("dix heures moins dix", 9, 50, Half.UNSAID),
        ("8h moins 5", 7, 55, Half.UNSAID),
        ("vingt heures", 20, 0, Half.FULL),
        ("vingt-deux heures quinze", 22, 15, Half.FULL),
        ("8 heures du soir", 20, 0, Half.PM),
        ("à 6 heures du matin", 6, 0, Half.AM),
        ("3h de l'après-midi", 15, 0, Half.PM),
        ("une heure du matin", 1, 0, Half.AM),
        ("midi", 12, 0, Half.FULL),
        ("midi et demi", 12, 30, Half.FULL),
        ("midi moins le quart", 11, 45, Half.FULL),
        ("minuit", 0, 0, Half.FULL),
        ("0h30", 0, 30, Half.FULL),
        ("à 8", 8, 0, Half.UNSAID),
        ("8h pile", 8, 0, Half.UNSAID),
        ("a 7 heures", 7, 0, Half.UNSAID),
    ],
)
def test_a_time_of_day_is_read(said: str, hour: int, minute: int, half: Half) -> None:
    found = times(cut(said))
    assert [(one.value.hour, one.value.minute, one.value.half, one.value.certain) for one in found] == [
        (hour, minute, half, True)
    ]


@pytest.mark.parametrize(("said", "hour"), [("ce soir", 20), ("cet après-midi", 15), ("demain matin", 9)])
def test_a_part_of_the_day_is_a_vague_time(said: str, hour: int) -> None:
    assert [(one.value.hour, one.value.vague) for one in times(cut(said))] == [(hour, True)]


@pytest.mark.parametrize("said", ["5 pommes", "3 personnes", "dans 2 heures", "25h00", "20 %"])
def test_what_is_no_time_of_day_is_none(said: str) -> None:
    assert not any(one.value.certain for one in times(cut(said)))


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("aujourd'hui", "2026-06-10"),
        ("ce soir", "2026-06-10"),
        ("demain", "2026-06-11"),
        ("demain matin", "2026-06-11"),
        ("après-demain", "2026-06-12"),
        ("apres demain", "2026-06-12"),
        ("vendredi", "2026-06-12"),
        ("mercredi", "2026-06-17"),
        ("ce mercredi", "2026-06-10"),
        ("mardi prochain", "2026-06-16"),
        ("lundi en huit", "2026-06-22"),
        ("lundi de la semaine prochaine", "2026-06-15"),
        ("ce week-end", "2026-06-13"),
        ("le week-end prochain", "2026-06-20"),
        ("la semaine prochaine", "2026-06-17"),
        ("dans deux jours", "2026-06-12"),
        ("dans huit jours", "2026-06-17"),
        ("dans quinze jours", "2026-06-24"),
        ("dans 3 semaines", "2026-07-01"),
        ("dans un mois", "2026-07-10"),
        ("le 14 juillet", "2026-07-14"),
        ("14 juillet 2027", "2027-07-14"),
        ("le 1er mai", "2027-05-01"),
        ("le premier août", "2026-08-01"),
        ("le 14", "2026-06-14"),
        ("24/12", "2026-12-24"),
        ("24/12/2027", "2027-12-24"),
        ("samedi 5 décembre", "2026-12-05"),
        ("noel", "2026-12-25"),
        ("la saint-sylvestre", "2026-12-31"),
        ("le jour de l'an", "2027-01-01"),
        ("29 février", "2028-02-29"),
    ],
)
def test_a_day_is_read(said: str, day: str) -> None:
    assert [one.value.isoformat() for one in dates(cut(said), TODAY)] == [day]


@pytest.mark.parametrize("said", ["le 3 pommes", "30 février", "2026-13-01", "99/99", "le week-end"])
def test_what_names_no_day_is_none(said: str) -> None:
    assert dates(cut(said), TODAY) == []


@pytest.mark.parametrize(
    ("said", "repeat"),
    [
        ("tous les jours", "daily"),
        ("chaque matin", "daily"),
        ("quotidiennement", "daily"),
        ("une fois par jour", "daily"),
        ("en semaine", "weekdays"),
        ("du lundi au vendredi", "weekdays"),
        ("les jours de semaine", "weekdays"),
        ("le week-end", "weekends"),
        ("tous les lundis", "mon"),
        ("chaque mardi", "tue"),
        ("le lundi et le jeudi", "mon,thu"),
        ("les samedis et dimanches", "weekends"),
    ],
)
def test_a_repeat_is_read(said: str, repeat: str) -> None:
    found = repeats(cut(said))
    assert found is not None
    assert found.value == repeat


@pytest.mark.parametrize(
    "said",
    ["toutes les heures", "toutes les semaines", "un jour sur deux", "deux fois par jour", "tous les mois", "mensuel"],
)
def test_a_repeat_that_no_tool_knows_is_seen_and_unknown(said: str) -> None:
    found = repeats(cut(said))
    assert found is not None
    assert found.value is None


def test_one_weekday_is_a_day_and_no_repeat() -> None:
    assert repeats(cut("lundi")) is None
    assert repeats(cut("le lundi 5 mai")) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("90 secondes", 90),
        ("5min", 300),
        ("5mn", 300),
        ("dans une heure", 3600),
        ("une demi-heure", 1800),
        ("une demi heure", 1800),
        ("un quart d'heure", 900),
        ("trois quarts d'heure", 2700),
        ("minuteur une heure et demie", 5400),
        ("minuterie de deux heures et quart", 8100),
        ("dans 1h30", 5400),
        ("dans une heure dix", 4200),
        ("2 minutes 30", 150),
        ("deux minutes trente secondes", 150),
        ("5min30", 330),
        ("une minute et demie", 90),
        ("une quinzaine de minutes", 900),
        ("vingt-cinq minutes", 1500),
        ("timer 1,5 heure", 5400),
        ("deux jours", 172800),
        ("dans quinze jours", 1209600),
        ("une demi-journée", 43200),
    ],
)
def test_a_length_of_time_is_read(said: str, seconds: int) -> None:
    assert [found.value for found in durations(cut(said))] == [seconds]


@pytest.mark.parametrize(
    "said", ["5 pommes", "minutes", "dix", "rappelle-moi à 7 heures", "réveil 7h30", "8 heures du soir", "14h"]
)
def test_what_is_no_length_of_time_is_none(said: str) -> None:
    assert durations(cut(said)) == []


def test_a_length_is_at_most_a_year() -> None:
    days = MAX_SECONDS // 86400
    assert [found.value for found in durations(cut(f"{days} jours"))] == [MAX_SECONDS]
    assert durations(cut(f"{days + 1} jours")) == []


@pytest.mark.parametrize(("said", "seconds"), [("minuteur 5:30", 330), ("1:05:00", 3900), ("midi", None)])
def test_a_timer_reads_colons_as_minutes_and_seconds(said: str, seconds: int | None) -> None:
    assert stopwatch(cut(said)) == seconds
