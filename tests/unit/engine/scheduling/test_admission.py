"""Who is let in, in which order, and who gives way."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from appliance.engine.scheduling.admission import ROOM_TOKENS, Line, fits, order, victim, yielding


@dataclass
class Job:
    number: int = 0
    round: int = 0
    background: bool = False
    priority: int = 0
    session: str = ""
    tokens: list[int] = field(default_factory=lambda: [0] * 100)
    limit: int = 1000
    computed: int = 0


def test_persons_go_before_background_work_then_priority_then_rounds_then_arrival() -> None:
    jobs = [
        Job(1, background=True, priority=9),
        Job(2, round=1),
        Job(3, round=0),
        Job(4, round=0),
        Job(5, round=5, priority=1),
    ]
    assert [job.number for job in sorted(jobs, key=order)] == [5, 3, 4, 2, 1]


def test_a_session_with_ten_requests_is_in_ten_rounds() -> None:
    line = Line()
    assert [line.stamp("a") for _ in range(10)] == list(range(10))
    assert line.stamp("b") == 0


def test_a_newcomer_never_gets_into_a_round_that_is_over() -> None:
    line = Line()
    for _ in range(3):
        line.stamp("a")
    line.serve(2)
    assert line.stamp("b") == 2
    assert line.stamp("a") == 3


def test_rounds_of_sessions_that_left_are_forgotten() -> None:
    line = Line()
    for number in range(100):
        line.serve(line.stamp(f"s{number}") + number)
    assert len(line._last) <= 1


def test_requests_without_a_session_leave_nothing_behind() -> None:
    line = Line()
    for _ in range(100):
        line.serve(line.stamp(""))
    assert not line._last


@pytest.mark.parametrize(("cells", "expected"), [(2 * (100 + ROOM_TOKENS), True), (2 * (100 + ROOM_TOKENS) - 1, False)])
def test_a_request_fits_when_the_claims_of_all_do(cells: int, expected: bool) -> None:
    assert fits(Job(), [Job(computed=40)], cells=cells, held=40, shared=0) is expected


def test_shared_cells_count_once() -> None:
    active = [Job(computed=100)]
    room = 100 + 2 * ROOM_TOKENS
    assert fits(Job(), active, cells=room + 10, held=100, shared=90)
    assert not fits(Job(), active, cells=room + 9, held=100, shared=90)


def test_a_short_answer_claims_no_more_than_it_may_write() -> None:
    assert fits(Job(limit=100), [], cells=100, held=0, shared=0)
    assert not fits(Job(limit=101), [], cells=100, held=0, shared=0)


def test_background_work_yields_to_a_person_who_waits_or_is_served() -> None:
    back, person = Job(background=True), Job()
    assert yielding([back], []) == []
    assert yielding([back], [Job(background=True)]) == []
    assert yielding([back], [person]) == [back]
    assert yielding([back, person], []) == [back]
    assert yielding([person], [person]) == []


def test_the_last_in_order_gives_its_cells_back() -> None:
    old, young, low = Job(1), Job(2), Job(3, priority=-1)
    assert victim([old, young]) is young
    assert victim([low, old, young]) is low
    assert victim([Job(4, background=True), low]).background
