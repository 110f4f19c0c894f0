"""The protocol tokens of homarus-mini, and which spans each tool may copy.

A prompt is USER, the sentence with a space in front, CALL. The answer is a tool token, then for each span a key
token and the words, then END. User text never becomes one of these tokens: they are CONTROL tokens of the GGUF.
"""

from __future__ import annotations

USER = "<|user|>"
CALL = "<|call|>"
END = "<|end|>"
ESCALATE = "escalate"

SPANS: dict[str, tuple[str, ...]] = {
    "timer_set": ("label",),
    "timer_list": (),
    "timer_cancel": ("label",),
    "alarm_set": ("label",),
    "alarm_list": (),
    "alarm_cancel": ("label",),
    "reminder_set": ("text",),
    "reminder_list": (),
    "reminder_cancel": ("text",),
    "note_add": ("text",),
    "note_list": (),
    "note_search": ("query",),
    "note_delete": ("query",),
    "list_add": ("items", "list"),
    "list_show": ("list",),
    "list_remove": ("items", "list"),
    "list_clear": ("list",),
    "calculate": (),
    "unit_convert": (),
    "clock_now": ("place",),
    "date_lookup": ("when",),
    "box_health": (),
    "volume_set": ("place",),
    "media_control": ("query", "place"),
    "light_set": ("place",),
    "scene_set": ("scene",),
    "undo_last": (),
    ESCALATE: (),
}
# told apart inside the models, because a larger model or a search answers them; they come out as `escalate`
TOPICS: tuple[str, ...] = ("weather", "news")
# the span without which a tool cannot be called
NEEDED: dict[str, str] = {
    "reminder_set": "text",
    "note_add": "text",
    "note_search": "query",
    "note_delete": "query",
    "list_add": "items",
    "list_remove": "items",
    "date_lookup": "when",
    "scene_set": "scene",
}
TOOLS: tuple[str, ...] = tuple(SPANS)
CLASSES: tuple[str, ...] = (*TOOLS, *TOPICS)
KEYS: tuple[str, ...] = ("label", "text", "query", "items", "list", "place", "when", "scene")
WRITING: frozenset[str] = frozenset(
    {
        "timer_set",
        "timer_cancel",
        "alarm_set",
        "alarm_cancel",
        "reminder_set",
        "reminder_cancel",
        "note_add",
        "note_delete",
        "list_add",
        "list_remove",
        "list_clear",
        "volume_set",
        "media_control",
        "light_set",
        "scene_set",
        "undo_last",
    }
)


def tool_token(tool: str) -> str:
    return f"<|t_{tool}|>"


def key_token(key: str) -> str:
    return f"<|k_{key}|>"
