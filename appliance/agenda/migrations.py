"""The schema of the agenda. Append only."""

from __future__ import annotations

from typing import Final

from appliance.storage.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "agenda:0001_agenda",
        """
        CREATE TABLE agenda (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            session_key TEXT NOT NULL,
            agent_id TEXT NOT NULL,
            due_ms INTEGER NOT NULL,
            zone TEXT NOT NULL,
            local_time TEXT NOT NULL,
            repeat TEXT,
            text TEXT NOT NULL,
            duration_s INTEGER,
            relative INTEGER NOT NULL,
            state TEXT NOT NULL,
            spoken INTEGER NOT NULL,
            created_ms INTEGER NOT NULL,
            updated_ms INTEGER NOT NULL
        );
        CREATE INDEX agenda_by_due ON agenda (due_ms, id) WHERE state = 'pending';
        CREATE INDEX agenda_by_session ON agenda (session_key, due_ms) WHERE state = 'pending';
        CREATE INDEX agenda_by_end ON agenda (updated_ms) WHERE state != 'pending';
        """,
    ),
    Migration("agenda:0002_locale", "ALTER TABLE agenda ADD COLUMN locale TEXT NOT NULL DEFAULT 'en'"),
)
