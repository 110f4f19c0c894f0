"""Transcript entries as clients read them (protocol.md 7.4), cut to what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from appliance.events import EntryStored
from appliance.sessions.model import Entry, EntryRole

_CUT = "\n…(truncated)…"


def wire_message(entry: Entry, max_chars: int | None = None) -> dict[str, Any]:
    """Return the message of an entry with its `__openclaw` facts; texts over `max_chars` are cut."""
    return _wire(entry.message, entry.id, entry.seq, entry.run_id, entry.created_ms, entry.idempotency_key, max_chars)


def wire_stored(stored: EntryStored) -> dict[str, Any]:
    """Return the message of an entry that was just stored, as the event `session.message` carries it."""
    return _wire(
        stored.entry, stored.entry_id, stored.seq, stored.run_id, stored.created_ms, stored.idempotency_key, None
    )


def _wire(
    stored: Mapping[str, Any],
    entry_id: str,
    seq: int,
    run_id: str | None,
    created_ms: int,
    key: str | None,
    max_chars: int | None,
) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": entry_id, "seq": seq, "recordTimestampMs": created_ms}
    if run_id is not None:
        facts["runId"] = run_id
    message = dict(stored)
    if message.get("role") == EntryRole.NOTE:
        message["role"] = EntryRole.ASSISTANT.value
    if key is not None and message.get("role") == EntryRole.USER:
        message["idempotencyKey"] = facts["idempotencyKey"] = key
    content, cut = _content(message.get("content"), max_chars)
    message["content"] = content
    if cut:
        facts["truncated"] = True
    message["__openclaw"] = facts
    return message


def _content(content: Any, max_chars: int | None) -> tuple[Any, bool]:
    if isinstance(content, str):
        return _text(content, max_chars)
    parts, cut = [], False
    for part in content or ():
        if part.get("type") == "image":
            # The bytes stay on the box: a history with pictures would not fit a frame.
            parts.append(
                {"type": "image", "mimeType": part.get("mimeType"), "omitted": True, "sha256": part.get("blob")}
            )
        elif isinstance(part.get("text"), str):
            text, shorter = _text(part["text"], max_chars)
            cut = cut or shorter
            parts.append({**part, "text": text})
        else:
            parts.append(dict(part))
    return parts, cut


def _text(text: str, max_chars: int | None) -> tuple[str, bool]:
    if max_chars is None or len(text) <= max_chars:
        return text, False
    return text[:max_chars] + _CUT, True


def size_of(message: Mapping[str, Any]) -> int:
    """Return the bytes that a message takes in a frame."""
    return len(msgspec.json.encode(message))


def too_large(message: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return what stands for a message that does not fit at all; `chat.message.get` has the whole of it."""
    text = f"[This message is too large to show here: {size} bytes.]"
    return {
        "role": message.get("role"),
        "content": [{"type": "text", "text": text}],
        "timestamp": message.get("timestamp"),
        "__openclaw": {**message["__openclaw"], "truncated": True, "reason": "oversized"},
    }


def fit(messages: list[dict[str, Any]], max_bytes: int) -> list[dict[str, Any]]:
    """Return the newest messages that fit into `max_bytes` together; the newest is always there in some form."""
    kept: list[dict[str, Any]] = []
    left = max_bytes
    for message in reversed(messages):
        size = size_of(message)
        if size > max_bytes:
            message = too_large(message, size)
            size = size_of(message)
        if size > left and kept:
            break
        left -= size
        kept.append(message)
    kept.reverse()
    return kept


def plain_text(message: Mapping[str, Any]) -> str:
    """Return the text that a person sees of a message."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content or () if isinstance(part.get("text"), str))
