"""Transcript entries in the wire shape of protocol.md 7.4, and back to messages for a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.messages import Image, JsonObject, Message, Part, Role, Text, ToolCall, ToolResult, Usage

_SHORT_CHARACTERS = 160
USER, ASSISTANT, TOOL_RESULT, NOTE = "user", "assistant", "toolResult", "note"


def user_entry(text: str, images: tuple[Mapping[str, Any], ...], now_ms: int) -> dict[str, Any]:
    """Return what a person said. `images` are content parts that name a blob: {type, mimeType, blob}."""
    content: Any = text if not images else [{"type": "text", "text": text}, *images]
    return {"role": USER, "content": content, "timestamp": now_ms}


def assistant_entry(
    text: str,
    calls: tuple[ToolCall, ...],
    *,
    provider: str,
    model: str,
    usage: Usage | None,
    stop_reason: str,
    now_ms: int,
    error: str | None = None,
    cost: float | None = None,
) -> dict[str, Any]:
    """Return what a model said, with who said it and what it cost (US dollars, None when nobody knows)."""
    content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    content += [
        {"type": "toolCall", "id": call.id, "name": call.name, "arguments": dict(call.arguments)} for call in calls
    ]
    entry: dict[str, Any] = {
        "role": ASSISTANT,
        "content": content,
        "provider": provider,
        "model": model,
        "stopReason": stop_reason,
        "timestamp": now_ms,
    }
    if usage is not None:
        entry["usage"] = wire_usage(usage) | ({"cost": {"total": round(cost, 8)}} if cost is not None else {})
    if error is not None:
        entry["errorMessage"] = error
    return entry


def wire_usage(usage: Usage) -> dict[str, int]:
    """Return the token counts that are known; what is unknown is absent, never zero."""
    named = {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cacheRead": usage.cache_read_tokens,
        "cacheWrite": usage.cache_write_tokens,
    }
    known = {name: count for name, count in named.items() if count is not None}
    if known:
        known["totalTokens"] = known.get("input", 0) + known.get("output", 0)
    return known


def note_entry(text: str, now_ms: int) -> dict[str, Any]:
    """Return a line that the box itself writes: people read it, no model does."""
    return {"role": NOTE, "content": [{"type": "text", "text": text}], "timestamp": now_ms}


def tool_result_entry(result: ToolResult, now_ms: int) -> dict[str, Any]:
    """Return what a tool answered."""
    entry: dict[str, Any] = {
        "role": TOOL_RESULT,
        "toolCallId": result.call_id,
        "toolName": result.name,
        "content": [{"type": "text", "text": result.text}],
        "isError": result.is_error,
        "timestamp": now_ms,
    }
    if result.data is not None:
        entry["details"] = result.data
    return entry


def entry_text(entry: JsonObject) -> str:
    """Return the visible text of an entry."""
    content = entry.get("content")
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or () if part.get("type") == "text")


def shortened(entry: JsonObject) -> JsonObject:
    """Return a user entry as one line for a model that would drown in all of them; the store keeps the whole."""
    line = " ".join(entry_text(entry).split())
    if len(line) > _SHORT_CHARACTERS:
        line = line[:_SHORT_CHARACTERS] + "…"
    return {**entry, "content": line}


def to_message(entry: JsonObject, load_blob: Callable[[str], bytes | None]) -> Message | None:
    """Return an entry as a message for a model; None for what no model should see (notes, failed answers).

    `load_blob` gives the bytes of an image by its hash, None when it is gone.
    """
    role = entry.get("role")
    if role == USER:
        return Message(Role.USER, _user_parts(entry, load_blob))
    if role == ASSISTANT:
        calls = tuple(
            ToolCall(part["id"], part["name"], part["arguments"])
            for part in entry["content"]
            if part.get("type") == "toolCall"
        )
        text = entry_text(entry)
        parts: tuple[Part, ...] = (*((Text(text),) if text else ()), *calls)
        return Message(Role.ASSISTANT, parts) if parts else None
    if role == TOOL_RESULT:
        result = ToolResult(
            entry["toolCallId"],
            entry["toolName"],
            entry_text(entry),
            entry.get("isError", False),
            entry.get("details"),
        )
        return Message(Role.TOOL, (result,))
    return None


def _user_parts(entry: JsonObject, load_blob: Callable[[str], bytes | None]) -> tuple[Part, ...]:
    content = entry["content"]
    if isinstance(content, str):
        return (Text(content),)
    parts: list[Part] = []
    for part in content:
        if part.get("type") == "text":
            parts.append(Text(part["text"]))
        elif part.get("type") == "image":
            image = load_blob(part["blob"])
            parts.append(Image(part["mimeType"], image) if image is not None else Text("[an image that is gone]"))
    return tuple(parts)
