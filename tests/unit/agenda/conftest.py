from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.agenda.migrations import MIGRATIONS
from appliance.agenda.store import AgendaStore
from appliance.agenda.tools import agenda_tools
from appliance.foundation.clock import SystemClock
from appliance.messages import ToolCall, ToolResult
from appliance.storage import Database
from appliance.tools import effects
from appliance.tools.base import ToolContext
from appliance.tools.executor import Executor
from appliance.tools.policy import ToolPolicy
from appliance.tools.registry import Registry

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    """Return a local moment such as 2026-11-21T14:25 as milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1000


class Box:
    """The tools of the agenda on a real database, called as a model calls them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.changes = 0
        self.store = AgendaStore(database, self._changed)
        registry = Registry()
        for tool in agenda_tools(self.store):
            registry.register(tool)
        self.register = registry.register
        self._executor = Executor(registry)
        self._calls = 0
        self.context = ToolContext("agent:main:main", "main", "run-1", "", ms("2026-11-21T14:25"), BERLIN)

    def _changed(self) -> None:
        self.changes += 1

    async def call(self, name: str, call_id: str | None = None, **arguments: Any) -> ToolResult:
        self._calls += 1
        context = replace(self.context, call_id=call_id or f"call-{self._calls}")
        return await self._executor.execute(ToolCall(context.call_id, name, arguments), context, ToolPolicy())

    def session(self, key: str) -> None:
        self.context = replace(self.context, session_key=key)

    def speaks(self, locale: str) -> None:
        self.context = replace(self.context, locale=locale)

    def later(self, ms_: int) -> None:
        self.context = replace(self.context, now_ms=self.context.now_ms + ms_)

    def at(self, text: str) -> None:
        self.context = replace(self.context, now_ms=ms(text))

    async def speak(self, now: str) -> list[str]:
        """Do what the scheduler does: tell and mark what is due, in one transaction."""

        def work(connection: Any) -> list[str]:
            now_ms, said = ms(now), []
            for due in self.store.due_in(connection, now_ms, 50):
                said.append(due.sentence(now_ms - due.due_ms))
                self.store.mark_spoken_in(connection, due, now_ms)
            return said

        return await self.database.write(work)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    database = await Database.open(
        tmp_path / "state.sqlite", (*effects.MIGRATIONS, *MIGRATIONS), clock=SystemClock(), readers=1
    )
    yield Box(database)
    await database.aclose()
