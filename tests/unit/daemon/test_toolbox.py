"""What a run may call: the policy of the file, of the model and of the agent, asked anew for each call."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.agenda.migrations import MIGRATIONS as AGENDA_MIGRATIONS
from appliance.agenda.store import AgendaStore
from appliance.daemon.toolbox import Toolbox
from appliance.daemon.tools import tools_of_the_box
from appliance.generation import ModelInfo
from appliance.messages import ToolCall
from appliance.notes.migrations import MIGRATIONS as NOTES_MIGRATIONS
from appliance.notes.store import NotesStore
from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.model import Inbound, Source
from appliance.storage import Database
from appliance.tools.effects import MIGRATIONS as TOOL_MIGRATIONS
from tests.unit.daemon.live import Live

CLOUD = ModelInfo("own", "a", "A")
ADD = ToolCall("c1", "note_add", {"text": "milk"})


def inbound(session: str = "main", *, run: str = "r1", agent: str = "main") -> Inbound:
    return Inbound(run, f"agent:{agent}:{session}", agent, Source.MESSAGE, "x", (), run, "d", "main", 0, {})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    migrations = (*MIGRATIONS, *TOOL_MIGRATIONS, *AGENDA_MIGRATIONS, *NOTES_MIGRATIONS)
    opened = await Database.open(tmp_path / "state.sqlite", migrations, clock=Live(tmp_path).clock)
    yield opened
    await opened.aclose()


class Box:
    def __init__(self, folder: Path, database: Database, text: str) -> None:
        self.live = Live(folder, text)
        self.heard: dict[str, str] = {}
        registry = tools_of_the_box(NotesStore(database), AgendaStore(database), self.live.tracker, folder)
        self.tools = Toolbox(registry, lambda: self.live.config.config, self.live.clock, hears=self.heard.get)

    def names(self, model: ModelInfo = CLOUD, agent: str = "main") -> set[str]:
        return {spec.name for spec in self.tools.specs(inbound(agent=agent), model)}

    async def call(self, call: ToolCall, whose: Inbound) -> tuple[bool, str]:
        result = await self.tools.execute(call, whose, CLOUD, ZoneInfo("UTC"))
        return result.is_error, result.text


async def test_what_is_denied_is_neither_offered_nor_run(tmp_path: Path, database: Database) -> None:
    box = Box(tmp_path, database, "{tools: {deny: ['note_*']}}")
    assert "note_add" not in box.names()
    assert "timer_set" in box.names()
    refused, _ = await box.call(ADD, inbound())
    assert refused


async def test_a_change_of_the_policy_counts_for_the_next_call(tmp_path: Path, database: Database) -> None:
    box = Box(tmp_path, database, "{}")
    assert not (await box.call(ADD, inbound()))[0]
    box.live.write("{tools: {deny: ['note_add']}}")
    box.live.config.reload()
    assert (await box.call(ToolCall("c2", "note_add", {"text": "eggs"}), inbound()))[0]


async def test_a_model_and_an_agent_can_only_have_less(tmp_path: Path, database: Database) -> None:
    box = Box(
        tmp_path,
        database,
        "{tools: {deny: ['timer_set'], byProvider: {own: {deny: ['note_add']}}},"
        " agents: {entries: {main: {}, two: {tools: {allow: ['clock_now', 'timer_set', 'note_add']}}}}}",
    )
    assert "note_add" not in box.names()
    assert "note_add" in box.names(ModelInfo("other", "b", "B"))
    assert box.names(ModelInfo("other", "b", "B"), agent="two") == {"clock_now", "note_add"}


@pytest.mark.parametrize("text", ["{tools: {profile: 7}}", "{agents: 'none'}", "{"])
async def test_a_policy_that_cannot_be_read_allows_nothing(tmp_path: Path, database: Database, text: str) -> None:
    box = Box(tmp_path, database, text)
    assert box.names() == set()
    assert (await box.call(ADD, inbound()))[0]


async def test_a_call_that_is_tried_again_acts_once_and_the_same_name_in_another_run_acts_anew(
    tmp_path: Path, database: Database
) -> None:
    box = Box(tmp_path, database, "{}")
    for run in ("r1", "r1", "r2"):
        assert not (await box.call(ADD, inbound(run=run)))[0]

    def count(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM notes").fetchone()[0])

    assert await database.read(count) == 2


async def test_timers_belong_to_the_session_that_set_them(tmp_path: Path, database: Database) -> None:
    box = Box(tmp_path, database, "{}")
    assert not (await box.call(ToolCall("c1", "timer_set", {"duration_s": 600}), inbound("one")))[0]
    _, mine = await box.call(ToolCall("c2", "timer_list", {}), inbound("one"))
    _, other = await box.call(ToolCall("c2", "timer_list", {}), inbound("two"))
    assert mine != other
    failed, _ = await box.call(ToolCall("c3", "timer_cancel", {"all": True}), inbound("two", run="r2"))
    _, still = await box.call(ToolCall("c4", "timer_list", {}), inbound("one"))
    assert still == mine or failed


async def test_the_answer_is_in_the_language_of_the_words_else_the_one_before_else_the_owners(
    tmp_path: Path, database: Database
) -> None:
    box = Box(tmp_path, database, "{locale: 'fr-CA'}")
    box.heard["wie spät ist es"] = "de"
    ask = ToolCall("c1", "clock_now", {})

    async def answer(text: str, session: str) -> str:
        return (await box.call(ask, replace(inbound(session), text=text)))[1]

    assert (await answer("ok", "one")).startswith("Il est")
    assert (await answer("wie spät ist es", "one")).endswith("Uhr.")
    assert (await answer("ok", "one")).endswith("Uhr.")
    assert (await answer("ok", "two")).startswith("Il est")


async def test_what_the_box_has_no_hardware_for_is_offered_to_the_embedded_model_alone(
    tmp_path: Path, database: Database
) -> None:
    box = Box(tmp_path, database, "{}")
    assert "light_set" not in box.names()
    assert "light_set" in box.names(ModelInfo("homarus", "mini", "Mini", local=True))
    assert "undo_last" in box.names()


async def test_what_has_no_language_is_in_the_one_heard_last_or_the_owners(tmp_path: Path, database: Database) -> None:
    box = Box(tmp_path, database, "{locale: 'fr-CA'}")
    assert box.tools.locale(inbound()) == "fr-CA"
    box.heard[inbound().text] = "de"
    assert box.tools.locale(inbound()) == "de"
    box.heard.clear()
    assert box.tools.locale(inbound()) == "de"
    assert box.tools.locale(inbound("another")) == "fr-CA"
