"""Command lines that wait for a person at the node."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.foundation.clock import SystemClock
from appliance.nodehost.allow import Program
from appliance.nodehost.approvals import KEPT_S, MAX_WAITING, Answer, ApprovalError, Approvals, question
from tests.fakes.clock import FakeClock

_PROGRAM = Program("/usr/bin/id", ("-u",))
_LONG_S = 20.0


def _ask(approvals: Approvals, patience_s: float = _LONG_S, **more: Any) -> asyncio.Future[Answer | str]:
    wish: dict[str, Any] = {"program": _PROGRAM, "cwd": None, "env": {}, **more}
    return asyncio.ensure_future(approvals.ask(**wish, patience_s=patience_s))


async def _until_asked(approvals: Approvals, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while len(list(approvals.waiting())) < count:
            await asyncio.sleep(0.01)


@pytest.fixture
def approvals(tmp_path: Path) -> Approvals:
    return Approvals(tmp_path / "node" / "approvals", SystemClock())


@pytest.mark.parametrize("answer", list(Answer))
async def test_the_answer_of_a_person_counts(approvals: Approvals, answer: Answer) -> None:
    asking = _ask(approvals)
    await _until_asked(approvals)
    (question,) = approvals.waiting()
    assert (question.program, question.argv) == ("/usr/bin/id", ("-u",))
    approvals.answer(question.id[:4], answer)
    assert await asking is answer
    assert not list(approvals.folder.iterdir())


async def test_who_has_no_more_time_learns_what_waits_and_finds_the_answer_later(approvals: Approvals) -> None:
    waiting = await _ask(approvals, 0)
    assert [one.id for one in approvals.waiting()] == [waiting]
    assert await _ask(approvals, 0) == waiting  # asking again is the same question
    approvals.answer("", Answer.ONCE)
    assert await _ask(approvals, 0) is Answer.ONCE
    assert await _ask(approvals, 0) == waiting  # one answer, one run


async def test_one_answer_serves_one_of_two_who_ask_the_same(approvals: Approvals) -> None:
    asking = [_ask(approvals, 1), _ask(approvals, 1)]
    await _until_asked(approvals)
    approvals.answer("", Answer.ONCE)
    answers = await asyncio.gather(*asking)
    assert answers.count(Answer.ONCE) == 1
    assert len(list(approvals.waiting())) == 1  # the other one still asks


@pytest.mark.parametrize(
    "other", [{"program": Program("/usr/bin/id", ("-g",))}, {"cwd": "/tmp"}, {"env": {"LANG": "C"}}]
)
async def test_a_yes_to_one_command_line_is_none_to_another(approvals: Approvals, other: dict[str, Any]) -> None:
    await _ask(approvals, 0)
    approvals.answer("", Answer.ONCE)
    assert not isinstance(await _ask(approvals, 0, **other), Answer)


async def test_a_question_outlasts_whoever_asked(approvals: Approvals) -> None:
    asking = _ask(approvals)
    await _until_asked(approvals)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    approvals.answer("", Answer.ONCE)
    assert await _ask(approvals, 0) is Answer.ONCE


async def test_too_many_questions_are_refused(approvals: Approvals) -> None:
    for number in range(MAX_WAITING):
        await _ask(approvals, 0, cwd=f"/{number}")
    with pytest.raises(ApprovalError, match="wait for approval"):
        await _ask(approvals, 0, cwd="/one/more")
    with pytest.raises(ApprovalError, match="several command lines"):
        approvals.answer("", Answer.ONCE)


def test_nothing_can_be_answered_that_was_not_asked(approvals: Approvals) -> None:
    with pytest.raises(ApprovalError, match="nothing waits"):
        approvals.answer("", Answer.ONCE)


@pytest.mark.parametrize("answered", [False, True])
async def test_questions_and_answers_expire(tmp_path: Path, answered: bool) -> None:
    clock = FakeClock()
    approvals = Approvals(tmp_path / "approvals", clock)
    await approvals.ask(_PROGRAM, None, {}, 0)
    clock.advance(KEPT_S)
    assert len(list(approvals.waiting())) == 1
    if answered:
        approvals.answer("", Answer.ONCE)
    clock.advance(0.001)
    assert not list(approvals.waiting())
    assert not isinstance(await approvals.ask(_PROGRAM, None, {}, 0), Answer)


def test_a_person_reads_what_a_terminal_cannot_be_tricked_with() -> None:
    asked = question(Program("/bin/rm", ("\x1b[2K-rf",)), "/tmp/\u202e", {"A": "b"}, 0)
    assert asked.text == '["/bin/rm", "\\u001b[2K-rf"] in "/tmp/\\u202e" with {"A": "b"}'
