"""The tool `undo_last`: takes the newest change of the session back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from appliance.generation import Effect
from appliance.tools.arguments import NoArguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, function_tool
from appliance.tools.effects import once_in
from appliance.tools.undo import Undoer, undo_in

GROUPS: Final = ("assistant", "builtin")


class Write(Protocol):
    """Runs work in one transaction (`Database.write`, or a store that also tells who waits)."""

    async def __call__(self, work: Callable[[sqlite3.Connection], ToolOutput], /) -> ToolOutput: ...


def undo_tool(write: Write, undoers: Mapping[str, Undoer]) -> Tool:
    """Return the tool `undo_last`."""

    async def run(arguments: NoArguments, context: ToolContext) -> ToolOutput:
        def work(connection: sqlite3.Connection) -> ToolOutput:
            return once_in(connection, "undo_last", arguments, context, lambda: undo_in(connection, undoers, context))

        return await write(work)

    return function_tool("undo_last", "Take the last change back.", NoArguments, run, effect=Effect.WRITE)
