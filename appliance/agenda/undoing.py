"""Takes back what was set or cancelled: the newest wish of a person may have been a slip of the tongue."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Final

from appliance.agenda.model import Due
from appliance.agenda.recurrence import next_ms
from appliance.agenda.store import cancel_in, find_in, revive_in
from appliance.tools import wording
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
        raise ToolRefusedError("That is over already: there is nothing left to undo.")
    cancel_in(connection, due, context.now_ms)
    return f"Undone. Cancelled the {due.kind}: {due.name(context.now_ms)}."


def _revive(connection: sqlite3.Connection, data: dict[str, list[str]], context: ToolContext) -> str:
    found = [due for one in data["ids"] if (due := find_in(connection, one, state="cancelled")) is not None]
    alive = [due for one in found if (due := _still(one, context.now_ms)) is not None]
    if not alive:
        raise ToolRefusedError("It is too late to undo that: its time has passed meanwhile.")
    for due in alive:
        revive_in(connection, due, context.now_ms)
    names = "; ".join(due.name(context.now_ms) for due in alive)
    lost = len(data["ids"]) - len(alive)
    missed = f" {lost} of them could not come back: the time has passed." if lost else ""
    return f"Undone. {wording.count(len(alive), str(alive[0].kind))} again: {names}.{missed}"


def _still(due: Due, now_ms: int) -> Due | None:
    """Return it with a moment that is to come, None when there is none."""
    if due.due_ms > now_ms:
        return due
    if due.repeat is None:
        return None
    return replace(due, due_ms=next_ms(due.repeat, time.fromisoformat(due.local_time), due.time_zone(), now_ms))


UNDOERS: Final[Mapping[str, Undoer]] = {_ADDED: _remove, _CANCELLED: _revive}
