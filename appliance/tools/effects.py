"""What a writing tool did, so that the same call tried again gets the first answer instead of doing it twice.

The record and the effect are one transaction: after a crash either both are there or neither is.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec

from appliance.storage.migrations import Migration
from appliance.tools import undo
from appliance.tools.base import ToolContext, ToolOutput

_KEEP_MS: Final = 7 * 86_400_000
_FORGET_AT_ONCE: Final = 100

MIGRATIONS: Final = (
    Migration(
        "tools:0001_effects",
        """
        CREATE TABLE tool_effects (
            key TEXT PRIMARY KEY,
            tool TEXT NOT NULL,
            text TEXT NOT NULL,
            data TEXT,
            created_ms INTEGER NOT NULL
        );
        CREATE INDEX tool_effects_by_age ON tool_effects (created_ms);
        """,
    ),
    *undo.MIGRATIONS,
)


def once_in(
    connection: sqlite3.Connection,
    tool: str,
    arguments: msgspec.Struct,
    context: ToolContext,
    work: Callable[[], ToolOutput],
) -> ToolOutput:
    """Do `work` unless this call did it already; return the answer of the first time.

    A call is known by session, run, call id, tool and arguments: models number their calls anew in each answer, and a
    number alone would turn a second wish into a repeat of the first. What `work` raises is not recorded.
    """
    key = _key(tool, arguments, context)
    known = connection.execute("SELECT text, data FROM tool_effects WHERE key = ?", (key,)).fetchone()
    if known is not None:
        text, encoded = known
        facts = None if encoded is None else msgspec.json.decode(encoded)
        return ToolOutput(text, facts, is_error=undo.is_over(facts))
    output = work()
    if output.is_error and not undo.is_over(output.data):
        return output
    if output.inverse is not None:
        undo.remember_in(connection, tool, output, output.inverse, context)
        output = replace(output, data={**(output.data or {}), undo.UNDOABLE: True})
    data = None if output.data is None else msgspec.json.encode(output.data).decode()
    connection.execute(
        "INSERT INTO tool_effects (key, tool, text, data, created_ms) VALUES (?, ?, ?, ?, ?)",
        (key, tool, output.text, data, context.now_ms),
    )
    connection.execute(
        "DELETE FROM tool_effects WHERE key IN"
        " (SELECT key FROM tool_effects WHERE created_ms < ? ORDER BY created_ms LIMIT ?)",
        (context.now_ms - _KEEP_MS, _FORGET_AT_ONCE),
    )
    return output


def _key(tool: str, arguments: msgspec.Struct, context: ToolContext) -> str:
    parts: list[Any] = [context.session_key, context.run_id, context.call_id, tool, arguments]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
