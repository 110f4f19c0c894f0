"""The schema of notes and lists. Append only."""

from __future__ import annotations

from typing import Final

from appliance.storage.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "notes:0001_notes_and_lists",
        """
        CREATE TABLE notes (
            id TEXT PRIMARY KEY,
            session_key TEXT NOT NULL,
            text TEXT NOT NULL,
            folded TEXT NOT NULL,
            created_ms INTEGER NOT NULL
        );
        CREATE INDEX notes_by_session ON notes (session_key, created_ms);
        CREATE TABLE lists (
            session_key TEXT NOT NULL,
            name TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            PRIMARY KEY (session_key, name)
        );
        CREATE TABLE list_items (
            session_key TEXT NOT NULL,
            list TEXT NOT NULL,
            place INTEGER NOT NULL,
            item TEXT NOT NULL,
            key TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            PRIMARY KEY (session_key, list, place)
        );
        """,
    ),
)
