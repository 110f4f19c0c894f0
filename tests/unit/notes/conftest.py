from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.foundation.clock import SystemClock
from appliance.messages import ToolCall, ToolResult
from appliance.notes.migrations import MIGRATIONS
from appliance.notes.tools import notes_tools
from appliance.storage import Database
from appliance.tools import effects
from appliance.tools.base import ToolContext
from appliance.tools.executor import Executor
from appliance.tools.policy import ToolPolicy
from appliance.tools.registry import Registry


class Box:
    """The tools for notes and lists on a real database."""

    def __init__(self, database: Database) -> None:
        registry = Registry()
        for tool in notes_tools(database):
            registry.register(tool)
        self.register = registry.register
        self._executor = Executor(registry)
        self._calls = 0
        self.context = ToolContext("agent:main:main", "main", "run-1", "", 1_795_000_000_000, ZoneInfo("UTC"))

    def session(self, key: str) -> None:
        self.context = replace(self.context, session_key=key)

    async def call(self, name: str, call_id: str | None = None, **arguments: Any) -> ToolResult:
        self._calls += 1
        context = replace(
            self.context, call_id=call_id or f"call-{self._calls}", now_ms=self.context.now_ms + self._calls
        )
        return await self._executor.execute(ToolCall(context.call_id, name, arguments), context, ToolPolicy())


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    migrations = (*effects.MIGRATIONS, *MIGRATIONS)
    database = await Database.open(tmp_path / "state.sqlite", migrations, clock=SystemClock(), readers=1)
    yield Box(database)
    await database.aclose()
