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
from appliance.storage.database import Database
from appliance.tools import wording
from appliance.tools.arguments import Arguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool
from appliance.tools.effects import once_in

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


def list_tools(database: Database) -> tuple[Tool, ...]:
    """Return the tools for lists."""

    async def once(
        tool: str, arguments: Arguments, context: ToolContext, work: Callable[[sqlite3.Connection], ToolOutput]
    ) -> ToolOutput:
        return await database.write(
            lambda connection: once_in(connection, tool, arguments, context, lambda: work(connection))
        )

    async def add(arguments: ListAdd, context: ToolContext) -> ToolOutput:
        return await once("list_add", arguments, context, lambda connection: _add(connection, arguments, context))

    async def show(arguments: ListShow, context: ToolContext) -> ToolOutput:
        return await database.read(lambda connection: _show(connection, arguments, context))

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
    name = _named(arguments.list)
    items = [" ".join(item.split()) for item in arguments.items]
    if any(not item_key(item) for item in items):
        raise ToolRefusedError("One of the items is empty. What shall I put on the list?")
    added, doubled = list_store.add_items_in(connection, context.session_key, name, items, context.now_ms)
    data = {"list": name, "added": added, "alreadyThere": doubled}
    if not added:
        verb = "is" if len(doubled) == 1 else "are"
        return ToolOutput(f"{wording.joined(doubled)} {verb} on the {name} list already.", data)
    there = f" {wording.joined(doubled)} {'was' if len(doubled) == 1 else 'were'} there already." if doubled else ""
    inverse = undoing.items_added(name, added)
    return ToolOutput(f"Added {wording.joined(added)} to the {name} list.{there}", data, inverse=inverse)


def _show(connection: sqlite3.Connection, arguments: ListShow, context: ToolContext) -> ToolOutput:
    lists = list_store.lists_in(connection, context.session_key)
    if arguments.list is None and len(lists) != 1:
        names = [f"{name} ({count})" for name, count in lists.items()]
        text = f"{wording.count(len(lists), 'list')}: {wording.joined(names)}." if lists else "There are no lists yet."
        return ToolOutput(text, {"lists": [{"name": name, "items": count} for name, count in lists.items()]})
    name = _known(lists, arguments.list) if arguments.list is not None else next(iter(lists))
    items = [one.item for one in list_store.items_in(connection, context.session_key, name)]
    data = {"list": name, "items": items}
    if not items:
        return ToolOutput(f"The {name} list is empty.", data)
    return ToolOutput(f"On the {name} list: {wording.joined(items)}.", data)


def _remove(connection: sqlite3.Connection, arguments: ListRemove, context: ToolContext) -> ToolOutput:
    name = _known(list_store.lists_in(connection, context.session_key), arguments.list)
    removed, missing = list[Item](), list[str]()
    for wanted in arguments.items:
        items = list_store.items_in(connection, context.session_key, name)
        places = find_item([one.key for one in items], wanted)
        if len(places) > 1:
            which = wording.joined([items[place].item for place in places], "or")
            raise ToolRefusedError(f"Which one shall I take off the {name} list: {which}? Nothing was changed.")
        if not places:
            missing.append(wanted)
            continue
        list_store.remove_item_in(connection, context.session_key, name, items[places[0]])
        removed.append(items[places[0]])
    return _removed(name, removed, missing)


def _removed(name: str, removed: Sequence[Item], missing: Sequence[str]) -> ToolOutput:
    words = [one.item for one in removed]
    gone = f"{wording.joined(missing)} {'is' if len(missing) == 1 else 'are'} not on the {name} list."
    data = {"list": name, "removed": words, "missing": list(missing)}
    if not removed:
        return ToolOutput(gone, data)
    said = f"Took {wording.joined(words)} off the {name} list.{f' {gone}' if missing else ''}"
    return ToolOutput(said, data, inverse=undoing.items_removed(name, removed))


def _clear(connection: sqlite3.Connection, arguments: ListClear, context: ToolContext) -> ToolOutput:
    lists = list_store.lists_in(connection, context.session_key)
    name = _known(lists, arguments.list)
    items = list_store.items_in(connection, context.session_key, name)
    list_store.delete_list_in(connection, context.session_key, name)
    said = f"The {name} list is empty now ({wording.count(lists[name], 'item')} gone)."
    return ToolOutput(said, {"list": name}, inverse=undoing.items_removed(name, items) if items else None)


def _named(text: str) -> str:
    name = list_name(text)
    if not name:
        raise ToolRefusedError("The list needs a name. Which list?")
    return name


def _known(lists: dict[str, int], text: str) -> str:
    """Return the list that is meant: by name, or the only one whose name contains the word. Raises ToolRefusedError."""
    name = list_name(text)
    if name in lists:
        return name
    near = find_item(list(lists), name)
    if len(near) == 1:
        return list(lists)[near[0]]
    have = f" There is {wording.joined([*lists])}." if lists else ""
    raise ToolRefusedError(f"There is no {name or text} list.{have}")
