"""Command lines that wait for a person at the node."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.foundation.clock import SystemClock
from appliance.nodehost.allow import Program
from appliance.nodehost.approvals import MAX_WAITING, Answer, ApprovalError, Approvals
from tests.fakes.clock import FakeClock

_ID = "4f2a0000-0000-4000-8000-000000000001"
_PROGRAM = Program("/usr/bin/id", ("-u",))


async def _until_asked(approvals: Approvals, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while len(list(approvals.waiting())) < count:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("answer", list(Answer))
async def test_the_answer_of_a_person_counts(tmp_path: Path, answer: Answer) -> None:
    approvals = Approvals(tmp_path / "approvals", SystemClock())
    asking = asyncio.ensure_future(approvals.ask(_ID, _PROGRAM, 20))
    await _until_asked(approvals)
    (question,) = approvals.waiting()
    assert (question.program, question.argv) == ("/usr/bin/id", ("-u",))
    approvals.answer("4f2a", answer)
    assert await asking is answer
    assert not list((tmp_path / "approvals").iterdir())


async def test_no_answer_is_a_no(tmp_path: Path) -> None:
    clock = FakeClock()
    approvals = Approvals(tmp_path / "approvals", clock)
    asking = asyncio.ensure_future(approvals.ask(_ID, _PROGRAM, 30))
    while not asking.done():
        await asyncio.sleep(0)
        clock.advance(1)
    assert await asking is Answer.DENY


async def test_a_question_is_gone_with_whoever_asked(tmp_path: Path) -> None:
    approvals = Approvals(tmp_path / "approvals", SystemClock())
    asking = asyncio.ensure_future(approvals.ask(_ID, _PROGRAM, 30))
    await _until_asked(approvals)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not list(approvals.waiting())


async def test_too_many_questions_are_refused(tmp_path: Path) -> None:
    approvals = Approvals(tmp_path / "approvals", SystemClock())
    asking = [asyncio.ensure_future(approvals.ask(f"0000000{n}-aaaa", _PROGRAM, 30)) for n in range(MAX_WAITING)]
    await _until_asked(approvals, MAX_WAITING)
    with pytest.raises(ApprovalError, match="wait for approval"):
        await approvals.ask("ffffffff-aaaa", _PROGRAM, 30)
    with pytest.raises(ApprovalError, match="several command lines"):
        approvals.answer("0000000", Answer.ONCE)
    for one in asking:
        one.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


def test_nothing_can_be_answered_that_was_not_asked(tmp_path: Path) -> None:
    with pytest.raises(ApprovalError, match="nothing waits"):
        Approvals(tmp_path / "approvals", SystemClock()).answer("", Answer.ONCE)


async def test_a_question_of_a_dead_node_expires(tmp_path: Path) -> None:
    clock = FakeClock()
    approvals = Approvals(tmp_path / "approvals", clock)
    asking = asyncio.ensure_future(approvals.ask(_ID, _PROGRAM, 30))
    await asyncio.sleep(0)
    kept = (tmp_path / "approvals" / f"{_ID}.json").read_bytes()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (tmp_path / "approvals" / f"{_ID}.json").write_bytes(kept)  # as after a power cut
    assert len(list(approvals.waiting())) == 1
    clock.advance(31)
    assert not list(approvals.waiting())
