"""The tables of this package. Append only: a released migration never changes."""

from __future__ import annotations

from appliance.storage.migrations import Migration

# The searchable text of a message: its content when that is a string, else its text parts.
_TEXT = """CASE json_type({row}.message, '$.content') WHEN 'text' THEN json_extract({row}.message, '$.content')
    ELSE (SELECT group_concat(json_extract(value, '$.text'), char(10))
          FROM json_each({row}.message, '$.content') WHERE json_extract(value, '$.type') = 'text') END"""

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "sessions:0001_sessions",
        """
        CREATE TABLE sessions (
            key TEXT PRIMARY KEY,
            session_id TEXT NOT NULL UNIQUE,
            agent_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            label TEXT,
            created_ms INTEGER NOT NULL,
            updated_ms INTEGER NOT NULL,
            last_activity_ms INTEGER NOT NULL,
            archived INTEGER NOT NULL DEFAULT 0,
            pinned INTEGER NOT NULL DEFAULT 0,
            unread INTEGER NOT NULL DEFAULT 0,
            settings TEXT NOT NULL DEFAULT '{}',
            input_tokens INTEGER NOT NULL DEFAULT 0,
            output_tokens INTEGER NOT NULL DEFAULT 0,
            total_tokens INTEGER NOT NULL DEFAULT 0,
            last_preview TEXT,
            derived_title TEXT,
            status TEXT,
            started_ms INTEGER,
            ended_ms INTEGER,
            aborted_last_run INTEGER NOT NULL DEFAULT 0,
            revision INTEGER NOT NULL DEFAULT 1,
            last_seq INTEGER NOT NULL DEFAULT 0,
            base_seq INTEGER NOT NULL DEFAULT 0   -- entries up to here are from before the last reset
        );
        CREATE UNIQUE INDEX sessions_label ON sessions (label) WHERE label IS NOT NULL;
        CREATE INDEX sessions_order ON sessions (pinned DESC, last_activity_ms DESC);

        CREATE TABLE entries (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL,                     -- "<seq in hex>-<random>": found through (session_key, seq)
            session_key TEXT NOT NULL REFERENCES sessions (key),
            session_id TEXT NOT NULL,
            seq INTEGER NOT NULL,
            run_id TEXT,
            role TEXT NOT NULL,
            message TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            idempotency_key TEXT
        );
        CREATE UNIQUE INDEX entries_seq ON entries (session_key, seq);
        CREATE INDEX entries_run ON entries (run_id) WHERE run_id IS NOT NULL;
        CREATE UNIQUE INDEX entries_once ON entries (session_key, idempotency_key)
            WHERE idempotency_key IS NOT NULL;

        CREATE TABLE runs (
            n INTEGER PRIMARY KEY,                -- the order of acceptance is the order of the queue
            run_id TEXT NOT NULL UNIQUE,
            session_key TEXT NOT NULL,
            agent_id TEXT NOT NULL,
            source TEXT NOT NULL,
            lane TEXT NOT NULL,
            status TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            request_digest TEXT NOT NULL,
            text TEXT,                            -- with attachments only while it waits; then it is an entry
            attachments TEXT,
            origin TEXT NOT NULL,
            received_ms INTEGER NOT NULL,
            started_ms INTEGER,
            ended_ms INTEGER,
            error TEXT,
            result TEXT,
            usage TEXT,
            merged_into TEXT
        );
        CREATE UNIQUE INDEX runs_once ON runs (session_key, idempotency_key);
        CREATE UNIQUE INDEX runs_active ON runs (session_key) WHERE status = 'running';
        CREATE INDEX runs_queued ON runs (session_key, n) WHERE status = 'queued';
        CREATE INDEX runs_ended ON runs (ended_ms) WHERE ended_ms IS NOT NULL;

        CREATE TABLE blob_uses (
            session_key TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            PRIMARY KEY (session_key, sha256)
        ) WITHOUT ROWID;

        CREATE TABLE idempotency (
            n INTEGER PRIMARY KEY,
            method TEXT NOT NULL,
            actor TEXT NOT NULL,
            key TEXT NOT NULL,
            digest TEXT NOT NULL,
            boot TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            result TEXT
        );
        CREATE UNIQUE INDEX idempotency_key ON idempotency (key, actor, method);
        """,
    ),
    Migration(
        "sessions:0002_search",
        f"""
        CREATE VIRTUAL TABLE entries_fts USING fts5 (
            text, content = '', tokenize = 'unicode61 remove_diacritics 2'
        );
        CREATE TRIGGER entries_fts_insert AFTER INSERT ON entries WHEN NEW.role <> 'toolResult' BEGIN
            INSERT INTO entries_fts (rowid, text) VALUES (NEW.n, {_TEXT.format(row="NEW")});
        END;
        CREATE TRIGGER entries_fts_delete AFTER DELETE ON entries WHEN OLD.role <> 'toolResult' BEGIN
            INSERT INTO entries_fts (entries_fts, rowid, text) VALUES ('delete', OLD.n, {_TEXT.format(row="OLD")});
        END;
        """,
    ),
)
