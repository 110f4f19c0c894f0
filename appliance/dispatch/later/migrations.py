"""The schema of what is kept for later. Append only."""

from __future__ import annotations

from typing import Final

from appliance.storage.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "later:0001_later",
        """
        CREATE TABLE later (
            n INTEGER PRIMARY KEY,                -- the order in which they are asked again
            run_id TEXT NOT NULL UNIQUE,          -- the run that first could not answer
            tries INTEGER NOT NULL,               -- how often it was asked again
            session_key TEXT NOT NULL,
            session_id TEXT NOT NULL,             -- a deleted session takes its questions along
            agent_id TEXT NOT NULL,
            text TEXT NOT NULL,
            attachments TEXT NOT NULL,
            origin TEXT NOT NULL,
            asked_ms INTEGER NOT NULL,
            locale TEXT NOT NULL,
            refs TEXT NOT NULL                    -- the models that could not be reached
        );
        """,
    ),
)
