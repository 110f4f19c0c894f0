"""The tools for lists."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Annotated

from msgspec import Meta

from appliance.generation import Effect
from appliance.notes import list_store, undoing
from appliance.notes.list_store import Item
from appliance.notes.naming import find_item, item_key, list_name
from appliance.notes.store import Rows
from appliance.tools.arguments import Arguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool
from appliance.tools.effects import once_in
from appliance.tools.speech import Speech

_Name = Annotated[str, Meta(min_length=1, max_length=100, description="name of the list, such as shopping")]
_Items = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(min_length=1, max_length=50, description="the items")
]


class ListAdd(Arguments, frozen=True):
    list: _Name
    items: _Items


class ListShow(Arguments, frozen=True):
    list: _Name | None = None


class ListRemove(Arguments, frozen=True):
    list: _Name
    items: _Items


class ListClear(Arguments, frozen=True):
    list: _Name


def list_tools(rows: Rows) -> tuple[Tool, ...]:
    """Return the tools for lists."""

    async def once(
        tool: str, arguments: Arguments, context: ToolContext, work: Callable[[sqlite3.Connection], ToolOutput]
    ) -> ToolOutput:
        return await rows.write(
            lambda connection: once_in(connection, tool, arguments, context, lambda: work(connection))
        )

    async def add(arguments: ListAdd, context: ToolContext) -> ToolOutput:
        return await once("list_add", arguments, context, lambda connection: _add(connection, arguments, context))

    async def show(arguments: ListShow, context: ToolContext) -> ToolOutput:
        return await rows.read(lambda connection: _show(connection, arguments, context))

    async def remove(arguments: ListRemove, context: ToolContext) -> ToolOutput:
        return await once("list_remove", arguments, context, lambda connection: _remove(connection, arguments, context))

    async def clear(arguments: ListClear, context: ToolContext) -> ToolOutput:
        return await once("list_clear", arguments, context, lambda connection: _clear(connection, arguments, context))

    return (
        function_tool("list_add", "Put items on a list.", ListAdd, add, effect=Effect.WRITE),
        function_tool("list_show", "Read out a list, or which lists there are.", ListShow, show),
        function_tool("list_remove", "Take items off a list.", ListRemove, remove, effect=Effect.WRITE),
        function_tool("list_clear", "Empty a list.", ListClear, clear, effect=Effect.WRITE),
    )


def _add(connection: sqlite3.Connection, arguments: ListAdd, context: ToolContext) -> ToolOutput:
    words, name = context.speech, _named(arguments.list, context.speech)
    items = [" ".join(item.split()) for item in arguments.items]
    if any(not item_key(item) for item in items):
        raise ToolRefusedError(words.say("item.empty"))
    added, doubled = list_store.add_items_in(connection, context.session_key, name, items, context.now_ms)
    data = {"list": name, "added": added, "alreadyThere": doubled}
    if not added:
        return ToolOutput(words.say(f"items.there{_number(doubled)}", items=words.joined(doubled), list=name), data)
    there = words.say(f"items.doubled{_number(doubled)}", items=words.joined(doubled)) if doubled else ""
    said = words.say("items.added", items=words.joined(added), list=name)
    inverse = undoing.items_added(name, added)
    return ToolOutput(said + there, data, inverse=inverse)


def _show(connection: sqlite3.Connection, arguments: ListShow, context: ToolContext) -> ToolOutput:
    words, lists = context.speech, list_store.lists_in(connection, context.session_key)
    if arguments.list is None and len(lists) != 1:
        names = words.joined([f"{words.list_title(name)} ({count})" for name, count in lists.items()])
        count = words.count(len(lists), "list")
        text = words.say("lists", count=count, names=names) if lists else words.say("lists.none")
        return ToolOutput(text, {"lists": [{"name": name, "items": count} for name, count in lists.items()]})
    name = _known(lists, arguments.list, words) if arguments.list is not None else next(iter(lists))
    items = [one.item for one in list_store.items_in(connection, context.session_key, name)]
    data = {"list": name, "items": items}
    if not items:
        return ToolOutput(words.say("list.empty", list=name), data)
    return ToolOutput(words.say("list.shown", list=name, items=words.joined(items)), data)


def _remove(connection: sqlite3.Connection, arguments: ListRemove, context: ToolContext) -> ToolOutput:
    words = context.speech
    name = _known(list_store.lists_in(connection, context.session_key), arguments.list, words)
    removed, missing = list[Item](), list[str]()
    for wanted in arguments.items:
        items = list_store.items_in(connection, context.session_key, name)
        places = find_item([one.key for one in items], wanted)
        if len(places) > 1:
            which = words.joined([items[place].item for place in places], "or")
            raise ToolRefusedError(words.say("item.which", list=name, items=which))
        if not places:
            missing.append(wanted)
            continue
        list_store.remove_item_in(connection, context.session_key, name, items[places[0]])
        removed.append(items[places[0]])
    return _removed(name, removed, missing, words)


def _removed(name: str, removed: Sequence[Item], missing: Sequence[str], words: Speech) -> ToolOutput:
    items = [one.item for one in removed]
    gone = words.say(f"items.missing{_number(missing)}", items=words.joined(missing), list=name) if missing else ""
    data = {"list": name, "removed": items, "missing": list(missing)}
    if not removed:
        return ToolOutput(gone, data)
    said = words.say("items.removed", items=words.joined(items), list=name)
    return ToolOutput(f"{said} {gone}".rstrip(), data, inverse=undoing.items_removed(name, removed))


def _clear(connection: sqlite3.Connection, arguments: ListClear, context: ToolContext) -> ToolOutput:
    words, lists = context.speech, list_store.lists_in(connection, context.session_key)
    name = _known(lists, arguments.list, words)
    items = list_store.items_in(connection, context.session_key, name)
    list_store.delete_list_in(connection, context.session_key, name)
    said = words.say("list.cleared", list=name, count=words.count(lists[name], "item"))
    return ToolOutput(said, {"list": name}, inverse=undoing.items_removed(name, items) if items else None)


def _number(items: Sequence[str]) -> str:
    return ".one" if len(items) == 1 else ".many"


def _named(text: str, words: Speech) -> str:
    name = list_name(text)
    if not name:
        raise ToolRefusedError(words.say("list.name"))
    return name


def _known(lists: dict[str, int], text: str, words: Speech) -> str:
    """Return the list that is meant: by name, or the only one whose name contains the word. Raises ToolRefusedError."""
    name = list_name(text)
    if name in lists:
        return name
    near = find_item(list(lists), name)
    if len(near) == 1:
        return list(lists)[near[0]]
    have = words.say("list.have", names=words.joined([words.list_title(one) for one in lists])) if lists else ""
    raise ToolRefusedError(words.say("list.unknown", list=name or text) + have)
