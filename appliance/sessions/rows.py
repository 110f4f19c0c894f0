"""The rows of the table `sessions`, as functions of a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from appliance.messages import JsonObject
from appliance.sessions.errors import ConflictError, SessionError, SessionKeyError, SessionMissingError
from appliance.sessions.keys import SessionKey
from appliance.sessions.model import RunStatus, Session, SessionFilter

_COLUMNS = (
    "key, session_id, agent_id, kind, label, created_ms, updated_ms, last_activity_ms, archived, pinned, unread,"
    " settings, input_tokens, output_tokens, total_tokens, last_preview, derived_title, status, started_ms, ended_ms,"
    " aborted_last_run, revision, last_seq, last_seq - base_seq"
)
_SELECT = f"SELECT {_COLUMNS} FROM sessions"
_FLAGS = ("archived", "pinned", "unread")
_TEXTS = ("label", "derived_title")
_MAX_LABEL_CHARACTERS = 512
_MAX_SETTINGS_BYTES = 64 << 10

_encode = msgspec.json.Encoder().encode
_decode_settings = msgspec.json.Decoder(dict[str, Any]).decode


def from_row(row: Any) -> Session:
    values = list(row)
    for flag in (8, 9, 10, 20):
        values[flag] = bool(values[flag])
    values[11] = {} if values[11] == "{}" else _decode_settings(values[11])
    values[17] = RunStatus(values[17]) if values[17] else None
    return Session(*values)


def get(connection: sqlite3.Connection, key: str) -> Session | None:
    row = connection.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
    return from_row(row) if row else None


def need(connection: sqlite3.Connection, key: str) -> Session:
    """Return the session or raise SessionMissingError."""
    if (session := get(connection, key)) is None:
        raise SessionMissingError(f"there is no session {key}; `homarus sessions` lists them")
    return session


def ensure(connection: sqlite3.Connection, key: str, agent_id: str, now_ms: int, new_id: Callable[[], str]) -> Session:
    """Return the session of `key`; make it when it is new. Raises SessionKeyError."""
    present = get(connection, key)
    return present if present is not None else insert(connection, key, agent_id, now_ms, new_id())


def insert(connection: sqlite3.Connection, key: str, agent_id: str, now_ms: int, session_id: str) -> Session:
    """Make a new session. Raises SessionKeyError, ConflictError `session_exists`."""
    parsed = SessionKey.parse(key)
    if parsed.agent_id != agent_id or str(parsed) != key:
        raise SessionKeyError(f"the session key {key} does not belong to the agent {agent_id}")
    try:
        connection.execute(
            "INSERT INTO sessions (key, session_id, agent_id, kind, created_ms, updated_ms, last_activity_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, session_id, agent_id, parsed.wire_kind, now_ms, now_ms, now_ms),
        )
    except sqlite3.IntegrityError as error:
        raise ConflictError(f"the session {key} exists already; choose another key", code="session_exists") from error
    return need(connection, key)


def find(
    connection: sqlite3.Connection, *, key: str | None, session_id: str | None, label: str | None
) -> Session | None:
    """Return the session that fits everything that is given; None when nothing is given."""
    given = [(name, value) for name, value in (("key", key), ("session_id", session_id), ("label", label)) if value]
    if not given:
        return None
    where = " AND ".join(f"{name} = ?" for name, _ in given)
    row = connection.execute(f"{_SELECT} WHERE {where}", [value for _, value in given]).fetchone()
    return from_row(row) if row else None


def listing(
    connection: sqlite3.Connection, wanted: SessionFilter, limit: int, offset: int
) -> tuple[list[Session], int]:
    """Return one page, pinned first, then the latest, and how many fit in all."""
    where, values = _where(wanted)
    (total,) = connection.execute(f"SELECT count(*) FROM sessions WHERE {where}", values).fetchone()
    rows = connection.execute(
        f"{_SELECT} WHERE {where} ORDER BY pinned DESC, last_activity_ms DESC, key LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    return [from_row(row) for row in rows], total


def _where(wanted: SessionFilter) -> tuple[str, list[Any]]:
    clauses: list[tuple[str, list[Any]]] = []
    if wanted.agent_id is not None:
        clauses.append(("agent_id = ?", [wanted.agent_id]))
    if wanted.archived is not None:
        clauses.append(("archived = ?", [wanted.archived]))
    if wanted.kind is not None:
        clauses.append(("kind = ?", [wanted.kind]))
    if wanted.label is not None:
        clauses.append(("label = ?", [wanted.label]))
    if wanted.active_since_ms is not None:
        clauses.append(("last_activity_ms >= ?", [wanted.active_since_ms]))
    if wanted.key_prefix is not None:
        clauses.append(("substr(key, 1, ?) = ?", [len(wanted.key_prefix), wanted.key_prefix]))
    if wanted.text:
        pattern = "%" + wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = ("key", "label", "derived_title", "last_preview")
        clauses.append(
            (
                "(" + " OR ".join(f"{name} LIKE ? ESCAPE '\\'" for name in columns) + ")",
                [pattern] * len(columns),
            )
        )
    where = " AND ".join(clause for clause, _ in clauses) or "1"
    return where, [value for _, values in clauses for value in values]


def patch(connection: sqlite3.Connection, key: str, changes: JsonObject, now_ms: int) -> Session:
    """Change label, derived_title, archived, pinned, unread or single settings (None removes one).

    Raises SessionMissingError, ConflictError `label_in_use`, SessionError for an unknown field.
    """
    session = need(connection, key)
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name in _FLAGS:
            values[name] = bool(value)
        elif name in _TEXTS:
            values[name] = _text(name, value)
        elif name == "settings" and isinstance(value, Mapping):
            values["settings"] = _settings(session.settings, value)
        else:
            raise SessionError(f"a session has no field {name!r} that could be changed")
    assignments = "".join(f"{name} = ?, " for name in values)
    try:
        connection.execute(
            f"UPDATE sessions SET {assignments}updated_ms = ?, revision = revision + 1 WHERE key = ?",
            [*values.values(), now_ms, key],
        )
    except sqlite3.IntegrityError as error:
        raise ConflictError(
            f"another session has the label {changes.get('label')!r}; choose another one", code="label_in_use"
        ) from error
    return need(connection, key)


def _text(name: str, value: Any) -> str | None:
    text = value.strip() if isinstance(value, str) else None
    if text and len(text) > _MAX_LABEL_CHARACTERS:
        raise SessionError(f"{name} has at most {_MAX_LABEL_CHARACTERS} characters")
    return text or None


def _settings(present: JsonObject, changes: JsonObject) -> str:
    merged = {name: value for name, value in {**present, **changes}.items() if value is not None}
    encoded = _encode(merged)
    if len(encoded) > _MAX_SETTINGS_BYTES:
        raise SessionError(f"the settings of a session have at most {_MAX_SETTINGS_BYTES} bytes")
    return encoded.decode()


def reset(connection: sqlite3.Connection, key: str, now_ms: int) -> Session:
    """Begin anew under the same key, id and settings; the old entries leave the context but stay searchable."""
    need(connection, key)
    connection.execute(
        "UPDATE sessions SET base_seq = last_seq, label = NULL, derived_title = NULL, last_preview = NULL,"
        " input_tokens = 0, output_tokens = 0, total_tokens = 0, aborted_last_run = 0, unread = 0,"
        " status = CASE status WHEN 'running' THEN 'running' END,"
        " updated_ms = ?, revision = revision + 1 WHERE key = ?",
        (now_ms, key),
    )
    return need(connection, key)
