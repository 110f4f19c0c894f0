"""Takes back what was set or cancelled: the newest wish of a person may have been a slip of the tongue."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Final

from appliance.agenda.choosing import cancellation
from appliance.agenda.model import Due
from appliance.agenda.recurrence import next_ms
from appliance.agenda.store import cancel_in, find_in, revive_in
from appliance.tools.base import Inverse, ToolContext, ToolRefusedError
from appliance.tools.undo import Undoer

_ADDED: Final = "agenda.added"
_CANCELLED: Final = "agenda.cancelled"


def added(due: Due) -> Inverse:
    """Return how to take back what was set."""
    return Inverse(_ADDED, {"id": due.id})


def cancelled(chosen: Sequence[Due]) -> Inverse:
    """Return how to take a cancelling back."""
    return Inverse(_CANCELLED, {"ids": [one.id for one in chosen]})


def _remove(connection: sqlite3.Connection, data: dict[str, str], context: ToolContext) -> str:
    due = find_in(connection, data["id"], state="pending")
    if due is None:
        raise ToolRefusedError(context.speech.say("undo.over"))
    cancel_in(connection, due, context.now_ms)
    return context.speech.say("undo.cancelled", said=cancellation([due], context.now_ms, context.speech))


def _revive(connection: sqlite3.Connection, data: dict[str, list[str]], context: ToolContext) -> str:
    words = context.speech
    found = [due for one in data["ids"] if (due := find_in(connection, one, state="cancelled")) is not None]
    alive = [due for one in found if (due := _still(one, context.now_ms)) is not None]
    if not alive:
        raise ToolRefusedError(words.say("undo.late"))
    for due in alive:
        revive_in(connection, due, context.now_ms)
    names = words.semicolon.join(due.name(context.now_ms, words) for due in alive)
    lost = len(data["ids"]) - len(alive)
    missed = words.say("undo.lost", number=lost) if lost else ""
    return words.say("undo.again", count=words.count(len(alive), alive[0].kind), names=names) + missed


def _still(due: Due, now_ms: int) -> Due | None:
    """Return it with a moment that is to come, None when there is none."""
    if due.due_ms > now_ms:
        return due
    if due.repeat is None:
        return None
    return replace(due, due_ms=next_ms(due.repeat, time.fromisoformat(due.local_time), due.time_zone(), now_ms))


UNDOERS: Final[Mapping[str, Undoer]] = {_ADDED: _remove, _CANCELLED: _revive}
