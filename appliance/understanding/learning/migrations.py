"""The schema of examples. Append only; imports nothing of the models, because every gateway runs it."""

from __future__ import annotations

from typing import Final

from appliance.storage.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "learning:0001_examples",
        """
        CREATE TABLE learned_examples (
            id INTEGER PRIMARY KEY,
            session_key TEXT NOT NULL,
            lang TEXT NOT NULL,
            text TEXT NOT NULL,
            folded TEXT NOT NULL UNIQUE,
            tool TEXT NOT NULL,
            arguments TEXT NOT NULL,
            created_ms INTEGER NOT NULL
        );
        CREATE INDEX learned_examples_by_tool ON learned_examples (tool, created_ms);
        CREATE TRIGGER learned_examples_go_with_their_session AFTER DELETE ON sessions BEGIN
            DELETE FROM learned_examples WHERE session_key = OLD.key;
        END;
        """,
    ),
)
