"""The rows of notes, on a connection of the caller."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from appliance.notes.naming import contains_words, folded, search_words
from appliance.tools.base import ToolRefusedError

MAX_NOTES: Final = 2000


class Note(NamedTuple):
    """One note; `text` as it was said."""

    id: str
    text: str
    created_ms: int


def add_note_in(connection: sqlite3.Connection, session_key: str, note: Note) -> None:
    """Store a note. Raises ToolRefusedError that says the bound when there are too many."""
    (number,) = connection.execute("SELECT count(*) FROM notes WHERE session_key = ?", (session_key,)).fetchone()
    if number >= MAX_NOTES:
        raise ToolRefusedError(
            f"There are {number} notes already, and more than {MAX_NOTES} are not kept. Delete some."
        )
    connection.execute(
        "INSERT INTO notes (id, session_key, text, folded, created_ms) VALUES (?, ?, ?, ?, ?)",
        (note.id, session_key, note.text, folded(note.text), note.created_ms),
    )


def count_notes_in(connection: sqlite3.Connection, session_key: str) -> int:
    """Return how many notes a session has."""
    (number,) = connection.execute("SELECT count(*) FROM notes WHERE session_key = ?", (session_key,)).fetchone()
    return int(number)


def newest_notes_in(connection: sqlite3.Connection, session_key: str, limit: int) -> list[Note]:
    """Return the newest notes, the newest first."""
    rows = connection.execute(
        "SELECT id, text, created_ms FROM notes WHERE session_key = ? ORDER BY created_ms DESC, rowid DESC LIMIT ?",
        (session_key, limit),
    )
    return [Note(*row) for row in rows]


def search_notes_in(connection: sqlite3.Connection, session_key: str, query: str) -> list[Note]:
    """Return the notes in which a word begins with each word of `query`, the newest first.

    A session has at most MAX_NOTES notes: reading them is faster than an index would be worth.
    """
    words = search_words(query)
    rows = connection.execute(
        "SELECT id, text, created_ms, folded FROM notes WHERE session_key = ? ORDER BY created_ms DESC, rowid DESC",
        (session_key,),
    )
    return [Note(*row[:3]) for row in rows if words and contains_words(row[3], words)]


def all_notes_in(
    connection: sqlite3.Connection, session_key: str | None, query: str | None, limit: int
) -> tuple[list[tuple[str, Note]], int]:
    """Return the newest notes of a session (of all for None), each with its session, and how many match."""
    words = search_words(query) if query else []
    rows = connection.execute(
        "SELECT session_key, id, text, created_ms, folded FROM notes WHERE (?1 IS NULL OR session_key = ?1)"
        " ORDER BY created_ms DESC, rowid DESC",
        (session_key,),
    )
    found, total = list[tuple[str, Note]](), 0
    for key, note_id, text, created_ms, plain in rows:
        if query and not (words and contains_words(plain, words)):
            continue
        total += 1
        if len(found) < limit:
            found.append((key, Note(note_id, text, created_ms)))
    return found, total


def same_note_in(connection: sqlite3.Connection, session_key: str, text: str) -> Note | None:
    """Return a note that says exactly this."""
    row = connection.execute(
        "SELECT id, text, created_ms FROM notes WHERE session_key = ? AND folded = ?", (session_key, folded(text))
    ).fetchone()
    return Note(*row) if row else None


def note_in(connection: sqlite3.Connection, session_key: str, note_id: str) -> Note | None:
    """Return a note of a session by its id."""
    row = connection.execute(
        "SELECT id, text, created_ms FROM notes WHERE session_key = ? AND id = ?", (session_key, note_id)
    ).fetchone()
    return Note(*row) if row else None


def delete_note_in(connection: sqlite3.Connection, note: Note) -> None:
    """Delete a note."""
    connection.execute("DELETE FROM notes WHERE id = ?", (note.id,))
