"""What is due speaks once in its session, whatever the clock and the disk do."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.agenda.setting import timer
from appliance.agenda.store import AgendaStore, add_in
from appliance.dispatch.schedule import Scheduler
from appliance.tools.base import ToolContext
from tests.unit.dispatch.house import KEY, House, busy, calls, house, inbound


class Agenda:
    """A scheduler over the store of a house."""

    def __init__(self, home: House) -> None:
        self._home = home
        self.store = AgendaStore(home.database, lambda: self.scheduler.rearm())
        self.scheduler = Scheduler(
            database=home.database, store=home.store, agenda=self.store, bus=home.bus, clock=home.clock
        )

    async def set(self, name: str, seconds: int, *, key: str = KEY, agent: str = "main") -> None:
        """Set a timer as its tool does."""
        context = ToolContext(key, agent, "r", name, self._home.clock.now_ms(), ZoneInfo("UTC"))
        due = timer(name, seconds, name, context)
        await self.store.write(lambda connection: add_in(connection, due))

    async def after(self, seconds: float) -> int:
        """Let time pass and look; return how many spoke."""
        self._home.clock.advance(seconds)
        return await self.scheduler.look()


async def test_a_timer_speaks_when_it_is_due_once_as_a_run_of_its_own(home: House) -> None:
    agenda = Agenda(home)
    await agenda.set("tea", 60)
    assert await agenda.after(59.9) == 0
    assert await agenda.after(0.1) == 1
    assert await agenda.after(600) == 0
    (said,) = await home.texts()
    assert "tea" in said
    (final,) = [one for one in home.chats if one.state == "final"]
    assert final.session_key == KEY
    assert [one.data["phase"] for one in home.runs if one.stream == "lifecycle"] == ["start", "end"]


async def test_what_was_due_while_the_box_was_off_speaks_at_the_next_start_and_says_how_late(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await Agenda(home).set("tea", 60)
    async with house(tmp_path) as home:
        assert await Agenda(home).after(3600) == 1
        assert "late" in (await home.texts())[0]


async def test_many_that_are_due_at_one_moment_all_speak(home: House) -> None:
    agenda = Agenda(home)
    for number in range(120):
        await agenda.set(f"t{number}", 60)
    assert await agenda.after(60) == 120
    assert sum(one.state == "final" for one in home.chats) == 120


async def test_one_that_cannot_speak_does_not_silence_the_others(home: House) -> None:
    agenda = Agenda(home)
    await agenda.set("first", 10, key="agent:gone:main")  # its session key belongs to another agent
    await agenda.set("second", 20)
    assert await agenda.after(60) == 1
    assert await agenda.after(60) == 0
    assert "second" in (await home.texts())[0]


async def test_a_clock_put_right_does_not_change_the_length_of_a_timer(home: House) -> None:
    agenda = Agenda(home)
    await agenda.scheduler.look()
    await agenda.set("tea", 600)
    await agenda.scheduler.look()
    home.clock.jump(365 * 86_400)
    assert await agenda.after(599) == 0
    assert await agenda.after(1) == 1


async def test_a_timer_that_is_set_right_after_the_jump_is_not_moved_by_it(home: House) -> None:
    agenda = Agenda(home)
    await agenda.scheduler.look()
    home.clock.jump(3600)
    await agenda.set("tea", 600)
    assert await agenda.after(599) == 0
    assert await agenda.after(1) == 1


async def test_a_timer_of_an_earlier_start_is_not_put_off_when_the_clock_is_put_right(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await Agenda(home).set("tea", 600)
    async with house(tmp_path) as home:
        home.clock.jump(-365 * 86_400)  # no battery: the box wakes up in the past
        agenda = Agenda(home)
        assert await agenda.scheduler.look() == 0
        home.clock.jump(365 * 86_400)
        assert await agenda.after(600) == 1


async def test_the_scheduler_sleeps_until_something_is_set_and_survives_a_fault(home: House) -> None:
    agenda = Agenda(home)
    serving = asyncio.ensure_future(agenda.scheduler.run())
    try:
        home.store.full["append_in"] = 2  # the batch, then it alone
        await agenda.set("tea", 1)
        home.clock.advance(1)
        agenda.scheduler.rearm()
        await home.until(lambda: agenda.scheduler.rearm() or home.chats)
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    assert [one.state for one in home.chats].count("final") == 1


async def test_a_timer_that_speaks_in_a_running_turn_does_not_part_a_call_from_its_result(home: House) -> None:
    agenda = Agenda(home)
    await agenda.set("tea", 60)
    home.scripts.append(calls("c1"))

    async def slow(_: object) -> str:
        await agenda.after(60)
        return "done"

    home.tool = slow
    await home.dispatcher.submit(inbound("r1"))
    await home.ended("r1")
    await home.quiet()
    await home.dispatcher.submit(inbound("r2"))
    await home.ended("r2")
    roles = [message.role.value for message in home.requests[-1].messages]
    assert roles == ["user", "assistant", "tool", "assistant", "assistant", "user"]


async def test_a_timer_speaks_while_its_session_is_busy(home: House) -> None:
    agenda = Agenda(home)
    await agenda.set("tea", 60)
    gate = await busy(home)
    assert await agenda.after(60) == 1
    gate.set()
    await home.ended("r1")
