"""What the French generator writes, the French parsers read: times, lengths, days, measures, sums and whole wishes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.understanding.arguments import BUILDERS
from appliance.understanding.french.clock import times
from appliance.understanding.french.days import dates
from appliance.understanding.french.durations import durations
from appliance.understanding.french.repeats import repeats
from appliance.understanding.french.spelling import spelled
from appliance.understanding.french.sums import expression
from appliance.understanding.french.units import conversion
from appliance.understanding.languages import language
from appliance.understanding.request import Request
from appliance.understanding.tokens import Tokens
from mini.generator.corpus import Generator
from mini.generator.french import fillers, measures, moments
from mini.generator.french.language import LANGUAGE
from mini.generator.french.tidy import tidy

ZONE = ZoneInfo("Europe/Paris")
NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp() * 1000)
DRAWS = 300
# wishes that lack what the tool needs are drawn on purpose, so that they are told from other talk
MOST = 0.8


def cut(said: str) -> Tokens:
    return Tokens.text(said, spelled)


def _has_time(said: str) -> bool:
    return len([one for one in times(cut(f"réveil à {said}")) if one.value.certain]) == 1


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (fillers.duration, lambda said: len(durations(cut(f"minuteur de {said}"))) == 1),
        (moments.time, _has_time),
        (moments.date, lambda said: len(dates(cut(said), date(2026, 6, 10))) == 1),
        (moments.repeat, lambda said: repeats(cut(said)) is not None),
        (measures.conv, lambda said: conversion(cut(f"convertis {said}")) is not None),
        (measures.howmany, lambda said: conversion(cut(f"combien de {said}")) is not None),
        (measures.math, lambda said: expression(f"combien font {said}") is not None),
        (measures.mathnoun, lambda said: expression(f"quelle est {said}") is not None),
    ],
    ids=["durations", "times", "dates", "repeats", "conversions", "how-many", "sums", "named-sums"],
)
def test_what_the_generator_writes_is_read(write: Callable[[random.Random], str], read: Callable[[str], bool]) -> None:
    rng = random.Random(5)
    unread = [said for said in (write(rng) for _ in range(DRAWS)) if not read(said)]
    assert len(unread) <= 0.04 * DRAWS, sorted(set(unread))


@pytest.mark.parametrize("tool", sorted(BUILDERS))
def test_a_generated_wish_becomes_arguments(tool: str) -> None:
    generator = Generator(LANGUAGE, 3, 0.0)
    examples = list(generator.examples(100, {tool: 1.0}))
    made = [
        BUILDERS[tool](Request.of(language("fr"), one.text.split(), dict(one.spans), NOW_MS, ZONE)) for one in examples
    ]
    assert sum(one is not None for one in made) >= MOST * len(examples)


@pytest.mark.parametrize(
    ("apart", "written"),
    [
        ("rappelle-moi de appeler maman", "rappelle-moi d'appeler maman"),
        ("la lumière de le salon", "la lumière du salon"),
        ("à le bureau de les enfants", "au bureau des enfants"),
        ("le haricot de la huitième", "le haricot de la huitième"),
        ("la alarme que il veut", "l'alarme qu'il veut"),
        ("plus de des pommes", "plus de pommes"),
        ("de \x02text\x03écrire\x04 ici", "\x02text\x03d'écrire\x04 ici"),
    ],
)
def test_elisions_and_contractions_are_joined_and_marks_stay_around_whole_words(apart: str, written: str) -> None:
    assert tidy(apart) == written
