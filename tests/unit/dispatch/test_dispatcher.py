"""What is accepted ends exactly once, whatever comes between: aborts, steering, a full disk, a shutdown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.dispatch.commands import Command
from appliance.dispatch.queue_modes import DropPolicy, QueueMode, QueueSettings
from appliance.foundation.errors import OverloadedError
from appliance.lanes import Lanes
from appliance.messages import ToolCall
from appliance.sessions.model import RunStatus
from tests.unit.dispatch.house import KEY, House, busy, calls, house, inbound, says

FOLLOWUP = QueueSettings(mode=QueueMode.FOLLOWUP, debounce_ms=0)
STEER = QueueSettings(mode=QueueMode.STEER, debounce_ms=0)
INTERRUPT = QueueSettings(mode=QueueMode.INTERRUPT, debounce_ms=0)


async def test_a_message_is_answered_once_and_told_once(home: House) -> None:
    submitted = await home.dispatcher.submit(inbound("r1"))
    assert (submitted.status, submitted.new) == ("started", True)
    assert (await home.ended("r1")).status is RunStatus.OK
    await home.quiet()
    assert home.ends("r1") == ["final"]
    assert await home.texts() == ["user: r1", "assistant: ok"]


async def test_a_replay_gets_the_first_run_and_runs_nothing(home: House) -> None:
    await home.dispatcher.submit(inbound("r1"))
    await home.ended("r1")
    await home.quiet()
    again = await home.dispatcher.submit(inbound("r1"))
    assert (again.run_id, again.status, again.new) == ("r1", "done", False)
    assert len(home.requests) == 1


async def test_waiters_are_forgotten_when_the_run_ended_or_the_time_is_over(home: House) -> None:
    gate = await busy(home)
    assert await home.dispatcher.wait("r1", 0.01) is None
    waiting = asyncio.ensure_future(home.dispatcher.wait("r1", 5))
    gate.set()
    run = await waiting
    assert run is not None
    assert run.status is RunStatus.OK
    assert await home.dispatcher.wait("unknown", 5) is None
    await home.quiet()
    assert len(home.dispatcher._waits) == 0


async def test_an_abort_that_comes_before_the_run_had_a_first_step_ends_it(home: House) -> None:
    await home.dispatcher.submit(inbound("r1"))
    await asyncio.sleep(0)  # the worker takes it; the run is made and has not run a line yet
    assert home.dispatcher.active(KEY) == ("r1",)
    assert await home.dispatcher.abort(KEY) == ("r1",)
    assert await home.status("r1") is RunStatus.ABORTED
    await home.dispatcher.submit(inbound("r2"))
    assert (await home.ended("r2")).status is RunStatus.OK
    assert home.ends("r1") == ["aborted"]


@pytest.mark.parametrize("turns", range(12))
async def test_an_abort_at_any_step_leaves_exactly_one_end(home: House, turns: int) -> None:
    home.scripts.append(calls("c1", text="Let me look."))
    await home.dispatcher.submit(inbound("r1"))
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    await home.dispatcher.abort(KEY)
    run = await home.ended("r1")
    await home.quiet()
    assert home.ends("r1") == [{"aborted": "aborted", "ok": "final"}[run.status.value]]
    phases = [one.data["phase"] for one in home.runs if one.stream == "lifecycle"]
    assert phases.count("end") == phases.count("start")
    await home.dispatcher.submit(inbound("r2"))
    assert (await home.ended("r2")).status is RunStatus.OK


async def test_an_abort_in_a_tool_stores_what_was_said_once(home: House) -> None:
    home.scripts.append(calls("c1", text="Let me look."))
    running = asyncio.Event()

    async def endless(_: ToolCall) -> str:
        running.set()
        await asyncio.Event().wait()
        return ""

    home.tool = endless
    await home.dispatcher.submit(inbound("r1"))
    await running.wait()
    await home.dispatcher.abort(KEY, "r1")
    assert (await home.texts())[1:] == ["assistant: Let me look.<c1>"]


async def test_an_abort_while_an_entry_is_stored_tells_of_it_and_does_not_double_it(home: House) -> None:
    home.scripts.append(calls("c1", text="Let me look."))
    home.store.gates["append"] = gate = asyncio.Event()
    await home.dispatcher.submit(inbound("r1"))
    await home.until(lambda: any(one.state == "delta" for one in home.chats))
    for _ in range(20):
        await asyncio.sleep(0.001)
    aborting = asyncio.ensure_future(home.dispatcher.abort(KEY, "r1"))
    await asyncio.sleep(0)
    gate.set()
    await aborting
    assert (await home.texts())[1:] == ["assistant: Let me look.<c1>"]
    assert home.ends("r1") == ["aborted"]


async def test_the_next_turn_after_an_aborted_tool_is_a_conversation_that_services_accept(home: House) -> None:
    home.scripts.append(calls("c1", "c2"))
    running = asyncio.Event()

    async def endless(_: ToolCall) -> str:
        running.set()
        await asyncio.Event().wait()
        return ""

    home.tool = endless
    await home.dispatcher.submit(inbound("r1"))
    await running.wait()
    await home.dispatcher.abort(KEY)
    await home.dispatcher.submit(inbound("r2"))
    await home.ended("r2")
    roles = [message.role.value for message in home.requests[-1].messages]
    assert roles == ["user", "assistant", "tool", "tool", "user"]


async def test_steering_is_answered_in_the_running_turn_and_its_waiter_wakes(home: House) -> None:
    home.settings = STEER
    home.scripts += [calls("c1"), says("In Rome it is noon.")]
    running, release = asyncio.Event(), asyncio.Event()

    async def slow(_: ToolCall) -> str:
        running.set()
        await release.wait()
        return "done"

    home.tool = slow
    await home.dispatcher.submit(inbound("r1"))
    await running.wait()
    await home.dispatcher.submit(inbound("r2"))
    waiting = asyncio.ensure_future(home.dispatcher.wait("r2", 5))
    await asyncio.sleep(0)
    release.set()
    run = await waiting
    assert run is not None
    assert run.run_id == "r1"
    assert home.ends("r2") == ["final"]
    assert await home.status("r2") is RunStatus.MERGED


async def test_steering_that_cannot_be_stored_becomes_the_next_turn(home: House) -> None:
    home.settings = STEER
    home.scripts.append(calls("c1"))
    home.store.full["fold"] = 1
    running, release = asyncio.Event(), asyncio.Event()

    async def slow(_: ToolCall) -> str:
        running.set()
        await release.wait()
        return "done"

    home.tool = slow
    await home.dispatcher.submit(inbound("r1"))
    await running.wait()
    await home.dispatcher.submit(inbound("r2"))
    release.set()
    assert (await home.ended("r1")).status is RunStatus.ERROR
    assert (await home.ended("r2")).status is RunStatus.OK
    await home.quiet()
    assert (home.ends("r1"), home.ends("r2")) == (["error"], ["final"])


async def test_an_abort_while_steering_is_stored_tells_its_sender(home: House) -> None:
    home.settings = STEER
    home.scripts.append(calls("c1"))
    home.store.gates["fold"] = gate = asyncio.Event()
    running, release = asyncio.Event(), asyncio.Event()

    async def slow(_: ToolCall) -> str:
        running.set()
        await release.wait()
        return "done"

    home.tool = slow
    await home.dispatcher.submit(inbound("r1"))
    await running.wait()
    await home.dispatcher.submit(inbound("r2"))
    release.set()
    for _ in range(20):
        await asyncio.sleep(0.001)
    aborting = asyncio.ensure_future(home.dispatcher.abort(KEY))
    await asyncio.sleep(0)
    gate.set()
    await aborting
    await home.quiet()
    assert (home.ends("r1"), home.ends("r2")) == (["aborted"], ["final"])
    assert await home.status("r2") is RunStatus.MERGED


async def test_interrupt_ends_the_running_turn_and_answers_the_new_message(home: House) -> None:
    home.settings = INTERRUPT
    await busy(home)
    home.scripts.append(says("new"))
    await home.dispatcher.submit(inbound("r2"))
    await home.ended("r2")
    await home.quiet()
    assert (home.ends("r1"), home.ends("r2")) == (["aborted"], ["final"])


async def test_stop_ends_what_runs_and_what_waits(home: House) -> None:
    home.settings = FOLLOWUP
    await busy(home)
    await home.dispatcher.submit(inbound("r2"))
    await home.dispatcher.submit(inbound("stop", "/stop"))
    await home.ended("stop")
    await home.quiet()
    assert [await home.status(one) for one in ("r1", "r2", "stop")] == ["aborted", "aborted", "ok"]
    assert [home.ends(one) for one in ("r1", "r2", "stop")] == [["aborted"], ["aborted"], ["final"]]


async def test_one_waiting_message_can_be_aborted_by_its_run(home: House) -> None:
    home.settings = FOLLOWUP
    gate = await busy(home)
    await home.dispatcher.submit(inbound("r2"))
    assert await home.dispatcher.abort(KEY, "r2") == ("r2",)
    gate.set()
    await home.ended("r1")
    await home.quiet()
    assert (home.ends("r1"), home.ends("r2")) == (["final"], ["aborted"])


async def test_what_gives_way_at_the_cap_is_told_at_once_and_not_after_the_running_turn(home: House) -> None:
    home.settings = QueueSettings(mode=QueueMode.FOLLOWUP, debounce_ms=0, cap=1, drop=DropPolicy.OLD)
    gate = await busy(home)
    await home.dispatcher.submit(inbound("r2"))
    await home.dispatcher.submit(inbound("r3"))
    await home.until(lambda: home.ends("r2"))
    assert home.ends("r2") == ["aborted"]
    assert home.ends("r1") == []
    gate.set()
    await home.ended("r3")


async def test_a_crowd_that_arrives_at_once_does_not_pass_the_cap(home: House) -> None:
    home.settings = QueueSettings(mode=QueueMode.FOLLOWUP, debounce_ms=0, cap=2, drop=DropPolicy.NEW)
    gate = await busy(home)
    answers = await asyncio.gather(
        *(home.dispatcher.submit(inbound(f"m{number}")) for number in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, OverloadedError) for one in answers) == 4
    assert len(home.dispatcher.waiting(KEY)) == 2
    gate.set()
    await home.quiet()


async def test_a_replay_is_answered_although_the_queue_is_full(home: House) -> None:
    home.settings = QueueSettings(mode=QueueMode.FOLLOWUP, debounce_ms=0, cap=1, drop=DropPolicy.NEW)
    gate = await busy(home)
    await home.dispatcher.submit(inbound("r2"))
    with pytest.raises(OverloadedError):
        await home.dispatcher.submit(inbound("r3"))
    assert (await home.dispatcher.submit(inbound("r2"))).status == "queued"
    gate.set()
    await home.quiet()


async def test_a_full_lane_refuses_before_it_accepts(tmp_path: Path) -> None:
    async with house(tmp_path, lanes=Lanes({"main": 1}, global_cap=1, max_waiting=1)) as home:
        gate = await busy(home)
        await home.dispatcher.submit(inbound("r2", key="agent:main:two"))
        await home.until(lambda: home.dispatcher.lanes()[0].queued == 1)
        with pytest.raises(OverloadedError):
            await home.dispatcher.submit(inbound("r3", key="agent:main:three"))
        assert await home.store.run("r3") is None
        gate.set()
        assert (await home.ended("r2")).status is RunStatus.OK


async def test_a_message_whose_session_is_deleted_while_it_waits_has_its_end_told(tmp_path: Path) -> None:
    async with house(tmp_path, lanes=Lanes({"main": 1}, global_cap=1, max_waiting=9)) as home:
        gate = await busy(home)
        await home.dispatcher.submit(inbound("r2", key="agent:main:two"))
        await home.until(lambda: home.dispatcher.lanes()[0].queued == 1)
        await home.store.delete("agent:main:two", 0)
        gate.set()
        await home.quiet()
        assert home.ends("r2") == ["error"]
        assert await home.status("r2") is RunStatus.ABORTED


async def test_commands_are_bounded(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.dispatch.dispatcher._MAX_COMMANDS", 2)
    go = asyncio.Event()

    async def slow(*_: object) -> str:
        await go.wait()
        return "done"

    home.commands.add(Command("slow", "", slow))
    for number in range(2):
        await home.dispatcher.submit(inbound(f"r{number}", "/slow"))
    with pytest.raises(OverloadedError):
        await home.dispatcher.submit(inbound("r2", "/slow"))
    go.set()
    await home.quiet()
    await home.dispatcher.submit(inbound("r2", "/slow"))
    assert (await home.ended("r2")).status is RunStatus.OK


async def test_nothing_is_kept_of_sessions_that_are_done(home: House) -> None:
    for number in range(5):
        await home.dispatcher.submit(inbound(f"r{number}", key=f"agent:main:s{number}"))
    for number in range(5):
        await home.ended(f"r{number}")
    await home.quiet()
    assert not home.dispatcher._queues
    assert len(home.dispatcher._waits) == 0
    assert [(one.queued, one.active) for one in home.dispatcher.lanes()] == [(0, 0), (0, 0)]
