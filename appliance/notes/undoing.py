"""Takes back what was written, deleted, put on a list or taken off it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from appliance.notes import list_store, note_store
from appliance.notes.list_store import Item
from appliance.notes.naming import item_key
from appliance.notes.note_store import Note
from appliance.tools import wording
from appliance.tools.base import Inverse, ToolContext, ToolRefusedError
from appliance.tools.undo import Undoer

_NOTE_ADDED: Final = "notes.added"
_NOTE_DELETED: Final = "notes.deleted"
_ITEMS_ADDED: Final = "lists.added"
_ITEMS_REMOVED: Final = "lists.removed"


def note_added(note: Note) -> Inverse:
    """Return how to take a new note back."""
    return Inverse(_NOTE_ADDED, {"id": note.id})


def note_deleted(note: Note) -> Inverse:
    """Return how to bring a note back."""
    return Inverse(_NOTE_DELETED, {"id": note.id, "text": note.text, "createdMs": note.created_ms})


def items_added(name: str, items: Sequence[str]) -> Inverse:
    """Return how to take items off a list again."""
    return Inverse(_ITEMS_ADDED, {"list": name, "items": list(items)})


def items_removed(name: str, items: Sequence[Item]) -> Inverse:
    """Return how to put items back in their old places."""
    return Inverse(_ITEMS_REMOVED, {"list": name, "items": [[one.place, one.item] for one in items]})


def _delete_note(connection: sqlite3.Connection, data: dict[str, str], context: ToolContext) -> str:
    note = note_store.note_in(connection, context.session_key, data["id"])
    if note is None:
        raise ToolRefusedError(context.speech.say("undo.note.gone"))
    note_store.delete_note_in(connection, note)
    said = context.speech.say("note.deleted", text=wording.quoted(note.text, 200))
    return context.speech.say("undo.cancelled", said=said)


def _restore_note(connection: sqlite3.Connection, data: dict[str, Any], context: ToolContext) -> str:
    note = Note(data["id"], data["text"], data["createdMs"])
    note_store.add_note_in(connection, context.session_key, note)
    return context.speech.say("undo.note.back", text=wording.quoted(note.text, 200))


def _take_off(connection: sqlite3.Connection, data: dict[str, Any], context: ToolContext) -> str:
    name, wanted = data["list"], {item_key(item) for item in data["items"]}
    present = [one for one in list_store.items_in(connection, context.session_key, name) if one.key in wanted]
    if not present:
        raise ToolRefusedError(context.speech.say("undo.item.gone", list=name))
    for one in present:
        list_store.remove_item_in(connection, context.session_key, name, one)
    items = context.speech.joined([one.item for one in present])
    said = context.speech.say("items.removed", items=items, list=name)
    return context.speech.say("undo.cancelled", said=said)


def _put_back(connection: sqlite3.Connection, data: dict[str, Any], context: ToolContext) -> str:
    name = data["list"]
    items = [(int(place), str(item)) for place, item in data["items"]]
    back = list_store.restore_items_in(connection, context.session_key, name, items, context.now_ms)
    if not back:
        raise ToolRefusedError(context.speech.say("undo.item.there", list=name))
    return context.speech.say("undo.item.back", list=name, items=context.speech.joined(back))


UNDOERS: Final[Mapping[str, Undoer]] = {
    _NOTE_ADDED: _delete_note,
    _NOTE_DELETED: _restore_note,
    _ITEMS_ADDED: _take_off,
    _ITEMS_REMOVED: _put_back,
}
