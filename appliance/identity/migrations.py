"""Tables of devices, pairing requests, setup codes and the secret of the box.

New facts go into the documents, with a default, never into a new column of these tables: after going back to an older
release the journal is replayed on its schema, and a row with a column that it lacks would be lost.
"""

from __future__ import annotations

from appliance.storage.migrations import Migration

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "identity:0001_devices",
        """
        CREATE TABLE identity_devices (
            device_id TEXT PRIMARY KEY,
            document TEXT NOT NULL,
            last_seen_ms INTEGER,
            last_seen_reason TEXT
        ) STRICT;
        CREATE TABLE identity_requests (
            request_id TEXT PRIMARY KEY,
            device_id TEXT NOT NULL,
            role TEXT NOT NULL,
            refreshed_ms INTEGER NOT NULL,
            document TEXT NOT NULL,
            UNIQUE (device_id, role)
        ) STRICT;
        CREATE TABLE identity_secrets (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT;
        """,
    ),
    Migration(
        "identity:0002_setup_codes",
        "CREATE TABLE identity_setup_codes (setup_id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT",
    ),
)
