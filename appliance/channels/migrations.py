"""Tables of senders: those that the owner let in, and those that wait with a code."""

from __future__ import annotations

from appliance.storage.migrations import Migration

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "channels:0001_senders",
        """
        CREATE TABLE channel_senders (
            channel TEXT NOT NULL,
            account_id TEXT NOT NULL,
            sender_id TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (channel, account_id, sender_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE channel_pairing_requests (
            request_id TEXT PRIMARY KEY,
            channel TEXT NOT NULL,
            account_id TEXT NOT NULL,
            sender_id TEXT NOT NULL,
            document TEXT NOT NULL,
            UNIQUE (channel, account_id, sender_id)
        ) STRICT;
        """,
    ),
)
