"""What the tables of the database mean to the owner."""

from __future__ import annotations

from typing import Final

from appliance.storage.copies.older import TABLE_UNKNOWN, Loss
from appliance.updates.trial.model import Lost, Release

_NAME_CHARS: Final = 80  # of a table that only the other version's journal knows
_WORDS: Final = {
    "sessions": "conversations",
    "entries": "messages",
    "runs": "answers",
    "blob_uses": "attachments",
    "idempotency": "records of what was already asked",
    "identity_devices": "paired devices",
    "identity_requests": "devices that wait for approval",
    "identity_secrets": "secrets of the box",
    "identity_setup_codes": "setup codes",
    "agenda": "timers, alarms and reminders",
    "notes": "notes",
    "lists": "lists",
    "list_items": "entries of lists",
    "later": "questions kept for later",
    "mesh_nodes": "nodes",
    "mesh_pending": "work for nodes that sleep",
    "channel_senders": "people who write through a channel",
    "channel_pairing_requests": "people who wait to write through a channel",
    "tool_effects": "records of what tools did",
    "learned_examples": "examples that the embedded model learned from",
}


def lost(loss: Loss, count: int, newer: Release) -> Lost:
    """Return a loss as the owner is told it."""
    known = _WORDS.get(loss.table)
    if loss.why == TABLE_UNKNOWN:
        what = f"entries of a kind that only version {newer.version} knows"
    elif loss.column:
        what = f"a detail of {known or 'entries'} that only version {newer.version} knows"
    else:
        what = known or "entries"
    return Lost(loss.table[:_NAME_CHARS], count, what, loss.why, loss.column[:_NAME_CHARS])


def line(one: Lost) -> str:
    """Return one line about a loss: number, kind, and the table for whoever looks into the file that was set aside."""
    place = f"{one.table}.{one.column}" if one.column else one.table
    return f"{one.count} × {one.what} ({place})"
