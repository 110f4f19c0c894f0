"""The measurement itself, in its smallest form: it reaches a real gateway and nothing is lost. No time is asserted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench.instant import answer
from tests.bench.report import Figure, percentile, table
from tests.bench.requests import connects, rates
from tests.bench.rig import Rig, rig
from tests.bench.turns import crowd, missing, overhead


@pytest.fixture(scope="module")
def small_rig() -> Iterator[Rig]:
    with rig(scale=0.02) as ready:
        yield ready


async def test_no_turn_of_many_sessions_is_lost_doubled_or_mixed_up(small_rig: Rig) -> None:
    outcome = await crowd(small_rig, "small", sessions=12, turns=3)
    assert (outcome.turns, outcome.lost) == (36, 0)


async def test_a_missing_or_doubled_message_is_noticed(small_rig: Rig) -> None:
    await crowd(small_rig, "counted", sessions=1, turns=2)
    async with small_rig.client() as client:
        assert await missing(client, ["agent:main:counted-0"], 2) == 0
        assert await missing(client, ["agent:main:counted-0"], 3) == 2
        assert await missing(client, ["agent:main:counted-0"], 1) == 2
        assert await missing(client, ["agent:main:never-0"], 1) == 3


async def test_every_part_measures_something(small_rig: Rig) -> None:
    figures = [*await overhead(small_rig), *await rates(small_rig), *await connects(small_rig)]
    assert all(figure.value > 0 for figure in figures if "processor" not in figure.name)


def test_the_table_says_what_misses_its_goal() -> None:
    figures = [
        Figure("slow", 6, "ms", goal=5, floor=2, peer=355),
        Figure("fast", 900, "/s", goal=700, more_is_better=True, floor=1800),
        Figure("counted", 7, ""),
    ]
    head, slow, fast, counted = table(figures).splitlines()
    assert head.split() == ["value", "goal", "floor", "x", "floor", "peer"]
    assert slow.split() == ["slow", "6", "ms", "<=", "5", "MISSED", "2", "3", "355"]
    assert fast.split() == ["fast", "900", "/s", ">=", "700", "met", "1,800", "2"]
    assert counted.split() == ["counted", "7"]


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 51.0, 99.0, 100.0]


def test_the_instant_service_answers_the_last_question() -> None:
    text = answer(b'[{"content":"turn 3 of 9"},{"content":"turn 4 of 9"}]')
    pieces = text.partition(b"\r\n\r\n")[2].split(b'"content":"')[1:]
    assert b"".join(piece.partition(b'"')[0] for piece in pieces) == b"This is answer to turn 4 of 9"
