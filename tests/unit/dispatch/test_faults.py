"""A disk that refuses and faults of ours: each run still has exactly one end, and its session goes on."""

from __future__ import annotations

import asyncio

from appliance.dispatch.commands import Command
from appliance.dispatch.queue_modes import QueueMode, QueueSettings
from appliance.generation import FailureKind, ModelError
from appliance.sessions.model import RunStatus
from tests.unit.dispatch.house import KEY, House, busy, inbound, says

FOLLOWUP = QueueSettings(mode=QueueMode.FOLLOWUP, debounce_ms=0)
STEER = QueueSettings(mode=QueueMode.STEER, debounce_ms=0)
INTERRUPT = QueueSettings(mode=QueueMode.INTERRUPT, debounce_ms=0)


async def test_a_run_whose_begin_meets_a_full_disk_runs_when_there_is_room(home: House) -> None:
    home.store.full["begin_run"] = 3
    await home.dispatcher.submit(inbound("r1"))
    assert (await home.ended("r1")).status is RunStatus.OK
    await home.quiet()
    assert home.ends("r1") == ["final"]


async def test_an_end_that_meets_a_full_disk_is_stored_later_and_the_session_goes_on(home: House) -> None:
    home.store.full["finish_run"] = 3
    await home.dispatcher.submit(inbound("r1"))
    await home.until(lambda: home.store.full["finish_run"] < 3)
    await home.dispatcher.submit(inbound("r2"))
    assert (await home.ended("r1")).status is RunStatus.OK
    assert (await home.ended("r2")).status is RunStatus.OK
    await home.quiet()
    assert (home.ends("r1"), home.ends("r2")) == (["final"], ["final"])
    assert (await home.texts())[:2] == ["user: r1", "assistant: ok"]


async def test_an_abort_that_meets_a_full_disk_still_ends_what_waited(home: House) -> None:
    home.settings = FOLLOWUP
    gate = await busy(home)
    await home.dispatcher.submit(inbound("r2"))
    home.store.full["cancel_queued"] = home.store.full["finish_run"] = 2
    aborting = asyncio.ensure_future(home.dispatcher.abort(KEY, "r2"))
    await home.until(aborting.done, advance_s=1)
    assert await aborting == ("r2",)
    assert await home.status("r2") is RunStatus.ABORTED
    gate.set()
    await home.ended("r1")


async def test_a_fault_of_ours_in_a_run_ends_that_run_and_not_the_session(home: House) -> None:
    home.settings = FOLLOWUP
    home.scripts.append([RuntimeError("a fault")])
    await home.dispatcher.submit(inbound("r1", timeoutMs="soon"))  # a time limit that is no number
    await home.dispatcher.submit(inbound("r2"))
    await home.ended("r1")
    await home.ended("r2")
    await home.quiet()
    assert (home.ends("r1"), home.ends("r2")) == (["error"], ["error"])
    await home.dispatcher.submit(inbound("r3"))
    assert (await home.ended("r3")).status is RunStatus.OK


async def test_a_cancellation_that_nobody_asked_for_ends_the_run_with_an_error(home: House) -> None:
    home.scripts.append([asyncio.CancelledError()])
    await home.dispatcher.submit(inbound("r1"))
    assert (await home.ended("r1")).status is RunStatus.ERROR
    await home.quiet()
    await home.dispatcher.submit(inbound("r2"))
    assert (await home.ended("r2")).status is RunStatus.OK
    assert home.ends("r1") == ["error"]


async def test_a_run_over_its_time_ends_as_such(home: House) -> None:
    home.timeout_s = 0.02
    await busy(home)
    assert (await home.ended("r1")).status is RunStatus.TIMEOUT
    await home.quiet()
    assert home.ends("r1") == ["error"]


async def test_an_answer_that_breaks_off_keeps_its_part(home: House) -> None:
    home.scripts.append([*says("Half")[:1], ModelError(FailureKind.NETWORK, "The line was cut.")])
    await home.dispatcher.submit(inbound("r1"))
    run = await home.ended("r1")
    assert run.status is RunStatus.ERROR
    assert (await home.texts())[1:] == ["assistant: Half"]


async def test_a_command_that_fails_in_an_unforeseen_way_ends_with_an_error(home: House) -> None:
    async def broken(*_: object) -> str:
        raise RuntimeError("a fault")

    home.commands.add(Command("broken", "", broken))
    await home.dispatcher.submit(inbound("r1", "/broken"))
    assert (await home.ended("r1")).status is RunStatus.ERROR
    await home.quiet()
    assert home.ends("r1") == ["error"]


async def test_a_command_whose_end_meets_a_full_disk_ends_later(home: House) -> None:
    home.store.full["finish_run"] = 2
    await home.dispatcher.submit(inbound("r1", "/help"))
    assert (await home.ended("r1", advance_s=1)).status is RunStatus.OK
    await home.quiet()
    assert home.ends("r1") == ["final"]
