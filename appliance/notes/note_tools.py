"""The tools for notes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta

from appliance.foundation.ids import new_id
from appliance.generation import Effect
from appliance.notes import note_store, undoing
from appliance.notes.note_store import Note
from appliance.notes.store import Rows
from appliance.tools import wording
from appliance.tools.arguments import Arguments, NoArguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool
from appliance.tools.effects import once_in
from appliance.tools.speech import Speech

_SHOWN: Final = 10


class NoteAdd(Arguments, frozen=True):
    text: Annotated[str, Meta(min_length=1, max_length=4000, description="what to write down")]


class NoteSearch(Arguments, frozen=True):
    query: Annotated[str, Meta(min_length=1, max_length=500, description="words to look for")]


class NoteDelete(Arguments, frozen=True):
    query: Annotated[str, Meta(min_length=1, max_length=500, description="words of the note")]


def note_tools(rows: Rows, ids: Callable[[], str] = new_id) -> tuple[Tool, ...]:
    """Return the tools for notes."""

    async def add(arguments: NoteAdd, context: ToolContext) -> ToolOutput:
        text = arguments.text.strip()
        if not text:
            raise ToolRefusedError(context.speech.say("note.empty"))

        def work(connection: sqlite3.Connection) -> ToolOutput:
            def write() -> ToolOutput:
                note = Note(ids(), text, context.now_ms)
                note_store.add_note_in(connection, context.session_key, note)
                said = context.speech.say("note.added", text=wording.quoted(text, 200))
                return ToolOutput(said, _data(note, context), inverse=undoing.note_added(note))

            return once_in(connection, "note_add", arguments, context, write)

        return await rows.write(work)

    async def show(_: NoArguments, context: ToolContext) -> ToolOutput:
        def work(connection: sqlite3.Connection) -> tuple[list[Note], int]:
            newest = note_store.newest_notes_in(connection, context.session_key, _SHOWN)
            return newest, note_store.count_notes_in(connection, context.session_key)

        newest, total = await rows.read(work)
        return _shown(newest, total, context.speech.say("note.none"), context)

    async def search(arguments: NoteSearch, context: ToolContext) -> ToolOutput:
        found = await rows.read(
            lambda connection: note_store.search_notes_in(connection, context.session_key, arguments.query)
        )
        nothing = context.speech.say("note.unknown", query=wording.quoted(arguments.query))
        return _shown(found[:_SHOWN], len(found), nothing, context)

    async def delete(arguments: NoteDelete, context: ToolContext) -> ToolOutput:
        def work(connection: sqlite3.Connection) -> ToolOutput:
            def remove() -> ToolOutput:
                note = _meant(connection, arguments.query, context)
                note_store.delete_note_in(connection, note)
                said = context.speech.say("note.deleted", text=wording.quoted(note.text, 200))
                return ToolOutput(said, _data(note, context), inverse=undoing.note_deleted(note))

            return once_in(connection, "note_delete", arguments, context, remove)

        return await rows.write(work)

    return (
        function_tool("note_add", "Write down a note.", NoteAdd, add, effect=Effect.WRITE),
        function_tool("note_list", "Read out the newest notes.", NoArguments, show),
        function_tool("note_search", "Find notes by their words.", NoteSearch, search),
        function_tool("note_delete", "Delete one note.", NoteDelete, delete, effect=Effect.WRITE),
    )


def _meant(connection: sqlite3.Connection, query: str, context: ToolContext) -> Note:
    """Return the one note that a wish to delete means. Raises ToolRefusedError that asks back."""
    exact = note_store.same_note_in(connection, context.session_key, query)
    if exact is not None:
        return exact
    found = note_store.search_notes_in(connection, context.session_key, query)
    if not found:
        raise ToolRefusedError(context.speech.say("note.unknown", query=wording.quoted(query)))
    if len(found) > 1:
        data = {"candidates": [_data(one, context) for one in found[:_SHOWN]]}
        there = _sentence(found[:_SHOWN], len(found), context.speech)
        raise ToolRefusedError(context.speech.say("which", there=there), data)
    return found[0]


def _shown(notes: Sequence[Note], total: int, nothing: str, context: ToolContext) -> ToolOutput:
    data = {"notes": [_data(one, context) for one in notes], "total": total}
    return ToolOutput(_sentence(notes, total, context.speech) if notes else nothing, data)


def _sentence(notes: Sequence[Note], total: int, words: Speech) -> str:
    if total == 1:
        return words.say("note.one", text=wording.quoted(notes[0].text, 500))
    rows = [f"{number}. {wording.quoted(one.text, 200)}" for number, one in enumerate(notes, 1)]
    more = words.say("note.older", number=total - len(notes)) if total > len(notes) else ""
    return f"{words.count(total, 'note')}:\n" + "\n".join(rows) + more


def _data(note: Note, context: ToolContext) -> dict[str, Any]:
    at = wording.local(note.created_ms, context.zone).isoformat(timespec="seconds")
    return {"id": note.id, "text": note.text, "createdAt": at}
