"""Work beside the decode, and the frames that travel there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from appliance.engine import api
from appliance.engine.scheduling.aside import Aside
from appliance.engine.scheduling.outbox import Outbox

_PATIENCE_S = 10.0


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def _nothing() -> None:
    """Stand for what has nothing to send."""


def test_work_is_done_in_order_by_the_one_who_settles_where_nobody_else_began() -> None:
    aside, done = Aside(_nothing), list[int]()
    for number in range(3):
        aside.put(lambda number=number: done.append(number))
    assert done == []
    aside.settle()
    assert done == [0, 1, 2]
    aside.settle()
    assert done == [0, 1, 2], "nothing is done twice"


def test_the_second_thread_does_what_was_put_and_sends_before_and_after(stack: ExitStack) -> None:
    threads, sent = list[int](), threading.Semaphore(0)
    aside = Aside(sent.release)
    stack.enter_context(aside.running())
    aside.put(lambda: threads.append(threading.get_ident()))
    aside.go()
    assert sent.acquire(timeout=_PATIENCE_S)
    assert sent.acquire(timeout=_PATIENCE_S)
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


def test_settling_waits_for_the_piece_that_the_second_thread_has_in_hand(stack: ExitStack) -> None:
    begun, free, done = threading.Event(), threading.Event(), list[str]()

    def slow() -> None:
        begun.set()
        assert free.wait(_PATIENCE_S)
        done.append("slow")

    aside = Aside(_nothing)
    stack.enter_context(aside.running())
    aside.put(slow)
    aside.put(lambda: done.append("next"))
    aside.go()
    assert begun.wait(_PATIENCE_S)
    timer = threading.Timer(0.01, free.set)
    timer.start()
    aside.settle()
    assert done == ["slow", "next"]
    timer.join()


def test_what_fails_beside_is_raised_where_it_is_settled_and_only_once(stack: ExitStack) -> None:
    tried = threading.Event()

    def fail() -> None:
        tried.set()
        raise LookupError("no numbers")

    aside = Aside(_nothing)
    stack.enter_context(aside.running())
    aside.put(fail)
    aside.go()
    assert tried.wait(_PATIENCE_S)
    with pytest.raises(LookupError, match="no numbers"):
        aside.settle()
    aside.settle()


def test_without_a_second_thread_frames_are_sent_at_once_and_work_waits() -> None:
    calls = list[str]()
    aside = Aside(lambda: calls.append("sent"))
    aside.put(lambda: calls.append("work"))
    aside.go()
    assert calls == ["sent"]
    aside.settle()
    assert calls == ["sent", "work"]


async def test_frames_of_two_threads_arrive_once_and_in_the_order_of_each() -> None:
    loop, outbox, count = asyncio.get_running_loop(), Outbox(), 300
    arrived: list[tuple[str, int]] = []

    def take(frame: api.Answer) -> None:
        assert isinstance(frame, api.Token)
        name, number = frame.text.split()
        arrived.append((name, int(number)))

    def put(name: str) -> None:
        for number in range(count):
            outbox.put(loop, take, api.Token(f"{name} {number}"))
            outbox.flush()

    await asyncio.gather(*(asyncio.to_thread(put, name) for name in ("a", "b")))
    async with asyncio.timeout(_PATIENCE_S):
        while len(arrived) < 2 * count:
            await asyncio.sleep(0)
    for name in ("a", "b"):
        assert [number for other, number in arrived if other == name] == list(range(count))
