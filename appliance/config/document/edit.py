"""Changes one value in the text of the file and leaves every other character as it is, comments above all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from appliance.config.document.json5 import Node, parse, parse_tree, render, render_key, render_line, skip_space
from appliance.config.document.paths import Path, Step, format_path, parse_path
from appliance.config.errors import ConfigError

# What follows a value on its own line belongs to it: spaces and a comment.
_REST_OF_LINE = re.compile(r"[^\S\n\r]*(?:/\*[^\n\r]*?\*/[^\S\n\r]*)*(?://[^\n\r]*)?")
_INDENT = re.compile(r"[^\S\n\r]*")


class ConfigEditError(ConfigError):
    """The text cannot be changed as asked; it stays as it was."""

    code = "config_edit"


def set_value(text: str, path: str | Path, value: Any) -> str:
    """Return the text with `value` at `path`; objects on the way are made. Raises ConfigError, the text then stays."""
    steps = parse_path(path) if isinstance(path, str) else path
    text = text if skip_space(text, 0) < len(text) else text.rstrip("\n") + ("\n" if text.strip() else "") + "{\n}\n"
    changed = _set(text, steps, value)
    return _checked(text, changed, steps, value)


def remove_value(text: str, path: str | Path) -> str:
    """Return the text without what is at `path`; a path that is not there changes nothing. Raises ConfigError."""
    steps = parse_path(path) if isinstance(path, str) else path
    if skip_space(text, 0) >= len(text):
        return text
    parent = _find(parse_tree(text), steps[:-1])
    if parent is None or not _has(parent, steps[-1]):
        return text
    changed = _removed(text, parent, steps[-1])
    return _checked(text, changed, steps, _GONE)


_GONE = object()


def _set(text: str, steps: Path, value: Any) -> str:
    node = parse_tree(text)
    for depth, step in enumerate(steps):
        if not _has(node, step):
            return _added(text, node, steps[depth:], value, steps[:depth])
        node = _child(node, step)
    if node.value == value and type(node.value) is type(value):
        return text
    return text[: node.start] + render(value, _indent_of(text, node.start)) + text[node.end :]


def _added(text: str, parent: Node, missing: Path, value: Any, where: Path) -> str:
    """Put a new member, with the objects on the way to it, at the end of `parent`."""
    for step in reversed(missing[1:]):
        if isinstance(step, int):
            raise ConfigEditError(f"{format_path((*where, *missing))} names a place in a list that does not exist.")
        value = {step: value}
    first = missing[0]
    if isinstance(first, int):
        if parent.items is None or first != len(parent.items):
            raise ConfigEditError(f"{format_path((*where, first))} is not the next place of a list.")
        return _appended(text, parent, "", value, [item.end for item in parent.items])
    if parent.members is None:
        raise ConfigEditError(f"{format_path(where) or 'The file'} is not an object, so {first} cannot be set in it.")
    return _appended(text, parent, f"{render_key(first)}: ", value, [one.node.end for one in parent.members.values()])


def _appended(text: str, parent: Node, key: str, value: Any, ends: Sequence[int]) -> str:
    close = parent.end - 1
    indent = _indent_of(text, parent.start) + "  "
    if ends and (sibling := _first_indent(text, parent)) is not None:
        indent = sibling
    if not ends:
        between = text[parent.start + 1 : close]
        head = between.rstrip() if between.strip() else ""
        body = f"{head}\n{indent}{key}{render(value, indent)}\n{_indent_of(text, parent.start)}"
        return text[: parent.start + 1] + body + text[close:]
    last = max(ends)
    comma = skip_space(text, last)
    has_comma = text[comma : comma + 1] == ","
    if "\n" not in text[parent.start : parent.end]:
        cut = comma + 1 if has_comma else last
        tail = "," if has_comma else ""
        return f"{text[:cut]}{'' if has_comma else ','} {key}{render_line(value)}{tail}{text[cut:]}"
    after = comma + 1 if has_comma else last
    match = _REST_OF_LINE.match(text, after)
    line_end = match.end() if match and match.end() <= close else after
    middle = text[last:line_end] if has_comma else f",{text[last:line_end]}"
    tail = (
        text[line_end:]
        if "\n" in text[line_end : close + 1]
        else f"\n{_indent_of(text, parent.start)}{text[line_end:].lstrip()}"
    )
    return f"{text[:last]}{middle}\n{indent}{key}{render(value, indent)}{',' if has_comma else ''}{tail}"


def _removed(text: str, parent: Node, step: Step) -> str:
    """Cut one member or item with its comma, and its line when nothing else is left on it."""
    spans = _spans(parent)
    place = list(spans).index(step)
    start, end = spans[step]
    comma = skip_space(text, end)
    if text[comma : comma + 1] == ",":
        end = comma + 1
    elif place > 0:
        before = list(spans.values())[place - 1][1]
        previous = skip_space(text, before)
        text = text[:previous] + text[previous + 1 :]
        start, end = start - 1, end - 1
    line_start = text.rfind("\n", 0, start) + 1
    match = _REST_OF_LINE.match(text, end)
    line_end = match.end() if match else end
    if not text[line_start:start].strip() and text[line_end : line_end + 1] in ("\n", "\r"):
        newline = 2 if text[line_end : line_end + 2] == "\r\n" else 1
        return text[:line_start] + text[line_end + newline :]
    return (
        text[:start].rstrip(" \t") + text[end:]
        if text[end : end + 1] in "}]"
        else text[:start] + text[end:].lstrip(" \t")
    )


def _spans(node: Node) -> dict[Step, tuple[int, int]]:
    if node.members is not None:
        return {key: (one.start, one.node.end) for key, one in node.members.items()}
    return {place: (one.start, one.end) for place, one in enumerate(node.items or [])}


def _has(node: Node, step: Step) -> bool:
    if isinstance(step, int):
        return node.items is not None and step < len(node.items)
    return node.members is not None and step in node.members


def _child(node: Node, step: Step) -> Node:
    if isinstance(step, int):
        return (node.items or [])[step]
    return (node.members or {})[step].node


def _find(node: Node, steps: Path) -> Node | None:
    for step in steps:
        if not _has(node, step):
            return None
        node = _child(node, step)
    return node


def _indent_of(text: str, position: int) -> str:
    """Return the white space at the beginning of the line of `position`."""
    match = _INDENT.match(text, text.rfind("\n", 0, position) + 1)
    return match.group() if match else ""


def _first_indent(text: str, parent: Node) -> str | None:
    """Return the indent of the first member when it stands on a line of its own."""
    start = min(span[0] for span in _spans(parent).values())
    line = text.rfind("\n", 0, start) + 1
    return text[line:start] if line > parent.start and not text[line:start].strip() else None


def _checked(before: str, after: str, steps: Path, value: Any) -> str:
    """Read the new text again: it must say exactly what was asked, and everything else as before."""
    try:
        found, wanted = parse(after), _applied(parse(before), steps, value)
    except ConfigError as error:
        raise ConfigEditError(
            f"{format_path(steps)} cannot be changed in place ({error}); edit the file by hand."
        ) from error
    if found != wanted:
        raise ConfigEditError(f"{format_path(steps)} cannot be changed in place; edit the file by hand.")
    return after


def _applied(tree: Any, steps: Path, value: Any) -> Any:
    """Return the plain value with the change made, by the shortest way that cannot be wrong."""
    if not steps:
        return _plain(value)
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        items = list(tree) if isinstance(tree, list) else []
        if value is _GONE and not rest:
            return items[:step] + items[step + 1 :]
        below = _applied(items[step] if step < len(items) else {}, rest, value)
        return [*items[:step], below, *items[step + 1 :]]
    members = dict(tree) if isinstance(tree, dict) else {}
    if value is _GONE and not rest:
        members.pop(step, None)
        return members
    return {**members, step: _applied(members.get(step, {}), rest, value)}


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
