"""The last changes of each session and how to take them back.

A tool says how (`ToolOutput.inverse`), `effects.once_in` keeps it in the transaction of the change itself, and the
tool `undo_last` asks the one who knows that kind of change. Nothing is taken back twice, and never over a newer fact.
What cannot be taken back any more is said once; the next `undo_last` goes further back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from appliance.storage.migrations import Migration
from appliance.tools.base import Inverse, ToolContext, ToolOutput, ToolRefusedError

KEEP_MS: Final = 86_400_000  # "undo that" means today's doings
MAX_PER_SESSION: Final = 20
UNDOABLE: Final = "undoable"
"""The key in a tool's data that says that `undo_last` can take it back."""
_OVER: Final = "undoOver"

MIGRATIONS: Final = (
    Migration(
        "tools:0002_undo",
        """
        CREATE TABLE tool_undo (
            id INTEGER PRIMARY KEY,
            session_key TEXT NOT NULL,
            tool TEXT NOT NULL,
            said TEXT NOT NULL,
            kind TEXT NOT NULL,
            data TEXT NOT NULL,
            created_ms INTEGER NOT NULL
        );
        CREATE INDEX tool_undo_by_session ON tool_undo (session_key, id);
        CREATE INDEX tool_undo_by_age ON tool_undo (created_ms);
        """,
    ),
)


class Undoer(Protocol):
    """Takes one kind of change back, in the transaction of the caller."""

    def __call__(self, connection: sqlite3.Connection, data: Any, context: ToolContext) -> str:
        """Return what is so again, as a sentence. Raises ToolRefusedError where the world has moved on."""


def remember_in(
    connection: sqlite3.Connection, tool: str, output: ToolOutput, inverse: Inverse, context: ToolContext
) -> None:
    """Keep how to take a change back; forget the oldest of this session and what is too old."""
    connection.execute(
        "INSERT INTO tool_undo (session_key, tool, said, kind, data, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (
            context.session_key,
            tool,
            output.text,
            inverse.kind,
            msgspec.json.encode(inverse.data).decode(),
            context.now_ms,
        ),
    )
    connection.execute(
        "DELETE FROM tool_undo WHERE created_ms < ? OR id IN (SELECT id FROM tool_undo WHERE session_key = ?"
        " ORDER BY id DESC LIMIT -1 OFFSET ?)",
        (context.now_ms - KEEP_MS, context.session_key, MAX_PER_SESSION),
    )


def undo_in(connection: sqlite3.Connection, undoers: Mapping[str, Undoer], context: ToolContext) -> ToolOutput:
    """Take the newest change of this session back; one that is over is named, as an error, and forgotten.

    Raises ToolRefusedError when there is none.
    """
    row = connection.execute(
        "SELECT id, tool, kind, data FROM tool_undo WHERE session_key = ? AND created_ms >= ? ORDER BY id DESC LIMIT 1",
        (context.session_key, context.now_ms - KEEP_MS),
    ).fetchone()
    if row is None:
        raise ToolRefusedError(context.speech.say("undo.nothing"))
    number, tool, kind, data = row
    connection.execute("DELETE FROM tool_undo WHERE id = ?", (number,))
    undoer = undoers.get(kind)
    if undoer is None:  # a plugin that is gone
        gone = f"The part of this box that could undo {tool} is not there any more."
        return ToolOutput(gone, {_OVER: tool}, is_error=True)
    try:
        said = undoer(connection, msgspec.json.decode(data), context)
    except ToolRefusedError as error:  # raised before anything was changed
        return ToolOutput(str(error), {_OVER: tool}, is_error=True)
    return ToolOutput(said, {"undone": tool})


def is_over(data: Any) -> bool:
    """Tell whether the data of an answer of `undo_in` say that the change was over: an error that counts as done."""
    return isinstance(data, dict) and _OVER in data
