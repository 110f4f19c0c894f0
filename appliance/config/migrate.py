"""Brings a file with old names to the names of today, with its comments, and says what it did."""

from __future__ import annotations

from typing import Any

from appliance.config.document.edit import remove_value, set_value
from appliance.config.document.json5 import parse, skip_space
from appliance.config.document.paths import format_path, parse_path
from appliance.config.sections.known import MOVED

_MISSING = object()


def migrate(text: str) -> tuple[str, list[str]]:
    """Return the new text and a line for each change. What stands at the new place already wins and is kept.

    The old `agents.list` (objects with an `id`) becomes `agents.entries`. Raises ConfigError for text that is no JSON5.
    """
    if skip_space(text, 0) >= len(text):
        return text, []
    done = list[str]()
    for old, new in MOVED.items():
        value = _at(parse(text), old)
        if value is _MISSING:
            continue
        if _at(parse(text), new) is _MISSING:
            text = set_value(text, new, value)
            done.append(f"{old} is now {new}")
        else:
            done.append(f"{old} was removed, because {new} is set")
        text = remove_value(text, old)
    return _agents(text, done)


def _agents(text: str, done: list[str]) -> tuple[str, list[str]]:
    listed = _at(parse(text), "agents.list")
    if not isinstance(listed, list):
        return text, done
    for entry in listed:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            path = ("agents", "entries", entry["id"])
            rest = {key: value for key, value in entry.items() if key != "id"}
            if _at(parse(text), format_path(path)) is _MISSING:
                text = set_value(text, path, rest)
                done.append(f"the agent {entry['id']} of agents.list is now {format_path(path)}")
    return remove_value(text, "agents.list"), done


def _at(tree: Any, path: str) -> Any:
    for step in parse_path(path):
        if isinstance(tree, dict) and step in tree:
            tree = tree[str(step)]
        else:
            return _MISSING
    return tree
