"""The entries of transcripts, as functions of a connection: written once, numbered without gaps, never changed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from appliance.messages import JsonObject
from appliance.sessions.errors import SessionMissingError
from appliance.sessions.model import Entry, EntryRole, SearchHit

NewEntries = Sequence[tuple[EntryRole | str, JsonObject, str | None]]

_COLUMNS = "id, seq, session_key, session_id, run_id, role, message, created_ms, idempotency_key"
_SELECT = f"SELECT {_COLUMNS} FROM entries"
_PREVIEW_CHARACTERS = 160
_TITLE_CHARACTERS = 60
_SNIPPET_CHARACTERS = 160
_MAX_SEARCH_WORDS = 16
_MAX_PAGE = 1000
_LAST_SEQ = 2**63 - 1

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def from_row(row: Any) -> Entry:
    values = list(row)
    values[5] = EntryRole(values[5])
    values[6] = _decode(values[6])
    return Entry(*values)


def append(
    connection: sqlite3.Connection,
    session_key: str,
    run_id: str | None,
    messages: NewEntries,
    now_ms: int,
    token: Callable[[], str],
) -> list[Entry]:
    """Store `messages` at the end of the transcript; an entry whose idempotency key is there already is returned as is.

    `token` gives the random part of an entry id. Raises SessionMissingError.
    """
    stored: list[Entry] = []
    fresh: list[tuple[int, tuple[EntryRole | str, JsonObject, str | None]]] = []
    for place, new in enumerate(messages):
        known = by_key(connection, session_key, new[2]) if new[2] is not None else None
        if known is None:
            fresh.append((place, new))
        else:
            stored.append(known)
    if not fresh:
        return stored
    first, session_id = _claim(connection, session_key, [new for _, new in fresh], now_ms)
    entries = [
        Entry(f"{seq:x}-{token()}", seq, session_key, session_id, run_id, EntryRole(role), message, now_ms, key)
        for seq, (_, (role, message, key)) in enumerate(fresh, first)
    ]
    insert(connection, entries)
    for (place, _), entry in zip(fresh, entries, strict=True):
        stored.insert(place, entry)
    return stored


def insert(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Write entries that are numbered already, and remember which blobs they name."""
    connection.executemany(
        f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                entry.id,
                entry.seq,
                entry.session_key,
                entry.session_id,
                entry.run_id,
                entry.role.value,
                _encode(entry.message).decode(),
                entry.created_ms,
                entry.idempotency_key,
            )
            for entry in entries
        ],
    )
    for entry in entries:
        use_blobs(connection, entry.session_key, _blobs(entry.message))


def use_blobs(connection: sqlite3.Connection, session_key: str, hashes: Iterable[str]) -> None:
    """Remember that a session names these blobs, so that no sweep removes them."""
    for sha256 in hashes:
        connection.execute("INSERT OR IGNORE INTO blob_uses VALUES (?, ?)", (session_key, sha256))


def _claim(
    connection: sqlite3.Connection,
    session_key: str,
    messages: NewEntries,
    now_ms: int,
) -> tuple[int, str]:
    """Take the next numbers and bring the row up to date; return the first number and the session id."""
    said = (spoken(role, message) for role, message, _ in reversed(messages))
    asked = (plain_text(message) for role, message, _ in messages if role == EntryRole.USER)
    last_said, first_asked = next(filter(None, said), None), next(filter(None, asked), None)
    rows = connection.execute(
        "UPDATE sessions SET last_seq = last_seq + ?, updated_ms = ?, last_activity_ms = ?,"
        " last_preview = coalesce(?, last_preview), derived_title = coalesce(derived_title, ?)"
        " WHERE key = ? RETURNING last_seq, session_id",
        (
            len(messages),
            now_ms,
            now_ms,
            preview(last_said),
            title(first_asked),
            session_key,
        ),
    ).fetchall()
    if not rows:
        raise SessionMissingError(f"there is no session {session_key}; it was deleted meanwhile")
    last, session_id = rows[0]
    return last - len(messages) + 1, session_id


def plain_text(message: JsonObject) -> str:
    """Return what a person would read of a message: its text parts, without tool calls and thinking."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    parts = (part for part in content if isinstance(part, dict) and part.get("type") == "text")
    return "\n".join(str(part.get("text", "")) for part in parts)


def one_line(text: str, limit: int) -> str:
    """Return `text` on one line, cut with an ellipsis at `limit` characters."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def spoken(role: str, message: JsonObject) -> str:
    """Return the text of an entry that is part of the conversation: not what a tool returned."""
    return "" if role == EntryRole.TOOL_RESULT else plain_text(message)


def preview(text: str | None) -> str | None:
    """Return the last thing said as it stands in a list of sessions."""
    return one_line(text, _PREVIEW_CHARACTERS) if text else None


def title(text: str | None) -> str | None:
    """Return the first thing asked as the name of a session that has none."""
    return one_line(text, _TITLE_CHARACTERS) if text else None


def _blobs(message: JsonObject) -> list[str]:
    content = message.get("content")
    if isinstance(content, str) or not isinstance(content, Sequence):
        return []
    return [part["blob"] for part in content if isinstance(part, dict) and isinstance(part.get("blob"), str)]


def history(
    connection: sqlite3.Connection, key: str, limit: int, before_seq: int | None, after_seq: int | None
) -> list[Entry]:
    """Return a page, oldest first: the last `limit` entries (before `before_seq`), or the first after `after_seq`."""
    limit = max(0, min(limit, _MAX_PAGE))
    since = "seq > (SELECT base_seq FROM sessions WHERE key = ?1)"
    if after_seq is not None:
        rows = connection.execute(
            f"{_SELECT} WHERE session_key = ?1 AND {since} AND seq > ?2 AND seq < ?3 ORDER BY seq LIMIT ?4",
            (key, after_seq, before_seq if before_seq is not None else _LAST_SEQ, limit),
        )
        return [from_row(row) for row in rows]
    rows = connection.execute(
        f"{_SELECT} WHERE session_key = ?1 AND {since} AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
        (key, before_seq if before_seq is not None else _LAST_SEQ, limit),
    )
    return [from_row(row) for row in rows][::-1]


def all_entries(connection: sqlite3.Connection, key: str, after_seq: int, limit: int) -> list[Entry]:
    """Return a page of everything, also from before resets (export)."""
    rows = connection.execute(
        f"{_SELECT} WHERE session_key = ? AND seq > ? ORDER BY seq LIMIT ?", (key, after_seq, limit)
    )
    return [from_row(row) for row in rows]


def by_id(connection: sqlite3.Connection, key: str, entry_id: str) -> Entry | None:
    """Return an entry by its id, whose first half is its number."""
    number = entry_id.partition("-")[0]
    try:
        seq = int(number, 16)
    except ValueError:
        return None
    if not 0 < seq <= _LAST_SEQ:
        return None
    row = connection.execute(f"{_SELECT} WHERE session_key = ? AND seq = ?", (key, seq)).fetchone()
    return from_row(row) if row and row[0] == entry_id else None


def by_key(connection: sqlite3.Connection, key: str, idempotency_key: str) -> Entry | None:
    row = connection.execute(
        f"{_SELECT} WHERE session_key = ? AND idempotency_key = ?", (key, idempotency_key)
    ).fetchone()
    return from_row(row) if row else None


def of_run(connection: sqlite3.Connection, run_id: str) -> list[Entry]:
    rows = connection.execute(f"{_SELECT} WHERE run_id = ? ORDER BY seq", (run_id,))
    return [from_row(row) for row in rows]


def search(connection: sqlite3.Connection, query: str, limit: int, agent_id: str | None) -> list[SearchHit]:
    """Return entries that hold every word of `query` (the last one may be a beginning), best first."""
    words = re.findall(r"\w+", query)[:_MAX_SEARCH_WORDS]
    if not words:
        return []
    # Quoted, so that no word is an operator of FTS5.
    match = " ".join(f'"{word}"' for word in words) + "*"
    columns = ", ".join(f"entries.{name}" for name in _COLUMNS.split(", "))
    rows = connection.execute(
        f"SELECT {columns} FROM entries_fts JOIN entries ON entries.n = entries_fts.rowid"
        " JOIN sessions ON sessions.key = entries.session_key"
        " WHERE entries_fts MATCH ?1 AND (?2 IS NULL OR sessions.agent_id = ?2)"
        " ORDER BY rank LIMIT ?3",
        (match, agent_id, max(0, min(limit, _MAX_PAGE))),
    )
    return [
        SearchHit(entry.session_key, entry, _snippet(plain_text(entry.message), words)) for entry in map(from_row, rows)
    ]


def _snippet(text: str, words: Sequence[str]) -> str:
    places = [place for word in words if (place := text.lower().find(word.lower())) >= 0]
    start = max(0, min(places, default=0) - _SNIPPET_CHARACTERS // 3)
    return ("…" if start else "") + one_line(text[start:], _SNIPPET_CHARACTERS)
