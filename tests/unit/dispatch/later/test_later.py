"""A question that needs a connection is kept with the end of its run and asked again once, whatever happens between."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.dispatch.later import rows
from appliance.dispatch.later.asking import Asker
from appliance.dispatch.later.command import forgetting, later_command
from appliance.dispatch.later.patience import Patience
from appliance.dispatch.later.rules import MAX_KEPT, MAX_PER_SESSION
from appliance.generation import FailureKind
from appliance.providers.errors import AllFailed, Origin, failure
from appliance.sessions.model import Inbound, RunStatus
from tests.unit.dispatch.house import KEY, House, Step, busy, calls, house, inbound, says

OTHER = "agent:main:other"


def away(*kinds: FailureKind) -> list[Step]:
    """Return a model call that no candidate answers."""
    wanted = kinds or (FailureKind.NETWORK,)
    return [AllFailed(tuple((f"far{n}/big", failure(kind, Origin(f"far{n}", "big"))) for n, kind in enumerate(wanted)))]


class Later:
    """An asker over a house, and a way out that a test opens and closes."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.up: set[str] = set()
        self.tried: list[str] = []
        self.routed = True
        self.asker = Asker(
            home.keeper,
            home.dispatcher,
            self,
            bus=home.bus,
            clock=home.clock,
            has_route=lambda: self.routed,
            patience=Patience(chance=lambda: 0.0),
        )
        home.commands.add(later_command(home.keeper, home.clock, lambda: ZoneInfo("UTC")))
        home.commands.hear(forgetting(home.keeper))

    async def reaches(self, ref: str, *, routed: bool) -> bool:
        self.tried.append(ref)
        return ref in self.up

    def now(self, run_id: str, text: str = "", *, key: str = KEY, **origin: object) -> Inbound:
        return replace(inbound(run_id, text, key=key, **origin), received_ms=self.home.clock.now_ms())

    async def asks(self, run_id: str, text: str = "", *, key: str = KEY, **origin: object) -> str:
        """Ask while there is no way out; return what the person reads."""
        self.home.scripts.append(away())
        await self.home.dispatcher.submit(self.now(run_id, text, key=key, **origin))
        await self.home.ended(run_id)
        await self.home.quiet()
        return (await self.home.texts(key))[-1]

    async def look(self, seconds: float = 0.0) -> int:
        """Let time pass and look, while the clock goes on."""
        self.home.clock.advance(seconds)
        task = asyncio.ensure_future(self.asker.look())
        await self.home.until(task.done, advance_s=0.01)
        return task.result()


@pytest.fixture
async def later(home: House) -> Later:
    await home.keeper.load()
    return Later(home)


def kept(home: House) -> list[str]:
    return [one.run_id for one in home.keeper.kept()]


async def test_it_is_kept_and_answered_when_the_service_is_back(later: Later, home: House) -> None:
    said = await later.asks("r1", "What is new?")
    assert "I tried: far0/big" in said
    assert "I keep the question" in said
    assert await home.status("r1") is RunStatus.OK
    assert kept(home) == ["r1"]
    (condition,) = home.tracker.conditions()
    assert condition.summary == "1 question waits for the connection."
    assert await later.look() == 0
    later.up.add("far0/big")
    home.scripts.append(says("Much."))
    assert await later.look(5) == 1
    assert (await home.texts())[-2:] == [
        "user: What is new?",
        "assistant: You asked at 11:06: “What is new?”\n\nMuch.",
    ]
    assert home.ends("later:r1:1") == ["final"]
    assert kept(home) == []
    assert home.tracker.conditions() == ()
    assert await later.look(600) == 0


async def test_it_speaks_the_language_of_the_question(later: Later, home: House) -> None:
    home.language = "de"
    said = await later.asks("r1", "Was gibt es Neues?")
    assert "Ich behalte die Frage und antworte, sobald die Verbindung wieder da ist" in said
    later.up.add("far0/big")
    home.scripts.append(says("Viel."))
    await later.look()
    assert (await home.texts())[-1] == "assistant: Du hast um 11:06 gefragt: „Was gibt es Neues?“\n\nViel."
    await later.asks("r2", "Und sonst?")
    await home.dispatcher.submit(inbound("r3", "Vergiss es"))
    await home.ended("r3")
    assert kept(home) == []
    (final,) = [one for one in home.chats if one.run_id == "r3" and one.state == "final"]
    assert final.fields["message"]["content"][0]["text"] == "Verworfen: „Und sonst?“."


async def test_what_was_kept_outlives_a_restart_also_one_while_it_is_asked(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await Later(home).asks("r1", "What is new?")
    async with house(tmp_path) as home:
        await home.keeper.load()
        again = Later(home)
        again.up.add("far0/big")
        gate = asyncio.Event()
        home.scripts.append([gate, *says("Much.")])
        looking = asyncio.ensure_future(again.asker.look())
        await home.until(lambda: home.requests)
        assert kept(home) == []  # accepted: from here on it is a run like any other
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
    async with house(tmp_path) as home:
        await home.keeper.load()
        assert kept(home) == ["r1"]  # the gateway stopped in good order while it was asked: kept again
        assert await home.dispatcher.recover() == 0
        assert await home.status("later:r1:1") is RunStatus.ABORTED


async def test_what_was_accepted_and_not_begun_runs_after_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await Later(home).asks("r1", "What is new?")
        (one,) = home.keeper.kept()
        assert (await home.keeper.accept(one, one.again(home.clock.now_ms()))).new
    async with house(tmp_path) as home:
        await home.keeper.load()
        assert await home.dispatcher.recover() == 1
        await home.ended("later:r1:1")
        assert (await home.texts())[-1].endswith("\n\nok")


async def test_the_connection_may_go_away_again(later: Later, home: House) -> None:
    await later.asks("r1", "What is new?")
    later.up.add("far0/big")
    home.scripts.append(away())
    assert await later.look() == 0
    assert (await home.texts())[-1].endswith("before I could answer “What is new?”. I still keep the question.")
    assert kept(home) == ["r1"]
    assert await later.look(4) == 0  # a way out that is none is tried as seldom as one that is closed
    home.scripts.append(says("Much."))
    assert await later.look(2) == 1
    assert home.ends("later:r1:2") == ["final"]


async def test_what_interrupts_it_does_not_lose_it(later: Later, home: House) -> None:
    await later.asks("r1", "What is new?", queueMode="interrupt")
    later.up.add("far0/big")
    gate = asyncio.Event()
    home.scripts.append([gate, *says("Much.")])
    asked = len(home.requests)
    looking = asyncio.ensure_future(later.asker.look())
    await home.until(lambda: len(home.requests) > asked)
    await home.dispatcher.submit(inbound("r2", "Stop, what time is it?", queueMode="interrupt"))
    await home.ended("r2")
    await home.until(looking.done, advance_s=0.01)
    assert kept(home) == ["r1"]
    assert home.ends("later:r1:1") == ["aborted"]


async def test_a_stop_of_the_person_ends_it_for_good(later: Later, home: House) -> None:
    await later.asks("r1", "What is new?")
    later.up.add("far0/big")
    home.scripts.append([asyncio.Event()])
    asked = len(home.requests)
    looking = asyncio.ensure_future(later.asker.look())
    await home.until(lambda: len(home.requests) > asked)
    await home.dispatcher.abort(KEY, reason="stop")
    await home.until(looking.done, advance_s=0.01)
    assert kept(home) == []


async def test_they_are_asked_in_order_one_at_a_time_and_after_people(later: Later, home: House) -> None:
    await later.asks("r1", "First?")
    home.clock.advance(1)
    await later.asks("r2", "Second?", key=OTHER)
    later.up.add("far0/big")
    gate = await busy(home, "r3")  # a person talks in the first conversation
    assert await later.look() == 1
    assert kept(home) == ["r1"]
    gate.set()
    await home.quiet()
    assert await later.look() == 1
    answers = [one.run_id for one in home.chats if one.state == "final" and one.run_id.startswith("later")]
    assert answers == ["later:r2:1", "later:r1:1"]


async def test_after_a_tool_or_words_nothing_is_kept(later: Later, home: House) -> None:
    home.scripts += [calls("c1"), away()]
    await home.dispatcher.submit(inbound("r1"))
    await home.ended("r1")
    assert kept(home) == []
    assert await home.status("r1") is RunStatus.OK  # told as before, without a promise
    assert "I keep" not in (await home.texts())[-1]


async def test_what_else_is_broken_is_named_beside_the_promise(later: Later, home: House) -> None:
    home.scripts.append(away(FailureKind.NETWORK, FailureKind.AUTH))
    await home.dispatcher.submit(inbound("r1"))
    await home.ended("r1")
    said = (await home.texts())[-1]
    assert "far1 does not accept the credentials" in said
    assert "I keep the question" in said


async def test_offline_is_obeyed_and_said(later: Later, home: House) -> None:
    home.scripts.append(away(FailureKind.OFFLINE))
    await home.dispatcher.submit(inbound("r1"))
    await home.ended("r1")
    assert (await home.texts())[-1].endswith("I do not keep the question either, because `offline` is true.")
    assert kept(home) == []


async def test_one_more_than_a_conversation_may_keep_is_refused_and_said(later: Later, home: House) -> None:
    for number in range(MAX_PER_SESSION):
        assert "I keep" in await later.asks(f"r{number}")
    assert f"I do not keep this question: {MAX_PER_SESSION} of this conversation" in await later.asks("one-more")
    assert home.keeper.count == MAX_PER_SESSION
    assert "I keep" in await later.asks("elsewhere", key=OTHER)


async def test_one_more_than_the_box_may_keep_is_refused_and_said(later: Later, home: House) -> None:
    one = rows.kept_of([later.now("x", "What is new?", key=OTHER)], "en", ("far0/big",))

    def fill(connection: sqlite3.Connection) -> None:
        for number in range(MAX_KEPT - 1):
            rows.insert(connection, replace(one, run_id=f"x{number}"))

    await home.database.write(fill)
    await home.keeper.load()
    assert "I keep" in await later.asks("r1")
    assert f"I do not keep this question: {MAX_KEPT} wait already" in await later.asks("r2")
    assert home.keeper.count == MAX_KEPT


async def test_after_a_day_it_is_given_up_and_said(later: Later, home: House) -> None:
    await later.asks("r1", "What is new?")
    home.clock.jump(40 * 365 * 86400)  # the clock of a box that had none is set: no day has passed
    assert await later.look(86_390) == 0
    assert kept(home) == ["r1"]
    await later.look(11)
    assert kept(home) == []
    assert (await home.texts())[-1].startswith("assistant: For a whole day I could not answer this")
    assert home.ends("later:r1:expired") == ["final"]


async def test_a_deleted_conversation_takes_its_questions_along(later: Later, home: House) -> None:
    await later.asks("r1", "What is new?")
    await home.store.delete(KEY, home.clock.now_ms())
    await home.dispatcher.submit(inbound("r2"))
    await home.ended("r2")
    await home.quiet()
    later.up.add("far0/big")
    await later.look()
    assert kept(home) == []
    assert home.ends("later:r1:1") == []


async def test_without_a_default_route_a_try_waits_for_its_turn_and_then_knows_it(later: Later, home: House) -> None:
    await later.asks("r1")
    later.routed = False
    for _ in range(4):
        await later.look(1)
    assert later.tried == ["far0/big"]  # nothing is tried over and over
    later.routed = True
    await later.look()
    assert len(later.tried) == 2


async def test_what_is_kept_can_be_listed_and_dropped(later: Later, home: House) -> None:
    async def command(run_id: str, text: str) -> str:
        await home.dispatcher.submit(inbound(run_id, text))
        run = await home.ended(run_id)
        assert run.result is not None
        return str(run.result["payloads"][0]["text"])

    assert await command("c0", "/later") == "No question waits for the connection."
    await later.asks("r1", "First?")
    await later.asks("r2", "Second?")
    await later.asks("r3", "Third?", key=OTHER)
    listed = await command("c1", "/later")
    assert listed.splitlines()[1:] == ["11:06  First?", "11:06  Second?"]
    assert await command("c2", "forget it") == "Dropped: “Second?”."
    assert await command("c3", "/later clear") == "Dropped: “First?”."
    assert kept(home) == ["r3"]
    assert "There is no /later x" in await command("c4", "/later x")
    await home.dispatcher.submit(inbound("c5", "forget it"))  # nothing is kept here: an ordinary sentence
    await home.ended("c5")
    assert (await home.texts())[-1] == "assistant: ok"


async def test_the_service_of_the_asker_wakes_when_something_is_kept(later: Later, home: House) -> None:
    task = asyncio.ensure_future(later.asker.run())
    try:
        later.up.add("far0/big")
        await later.asks("r1", "What is new?")
        await home.until(lambda: "final" in home.ends("later:r1:1"), advance_s=0.5)
        await home.until(lambda: not kept(home), advance_s=0.5)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
