"""The rows of lists, on a connection of the caller. Names and items are compared as `naming` says."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from appliance.notes.naming import item_key
from appliance.tools.base import ToolRefusedError

MAX_LISTS: Final = 100
MAX_ITEMS: Final = 500


class Item(NamedTuple):
    """One entry of a list, in its place."""

    place: int
    item: str
    key: str


def lists_in(connection: sqlite3.Connection, session_key: str) -> dict[str, int]:
    """Return the names of the lists with how much is on each."""
    rows = connection.execute(
        "SELECT name, (SELECT count(*) FROM list_items WHERE list_items.session_key = lists.session_key"
        " AND list_items.list = lists.name) FROM lists WHERE session_key = ? ORDER BY created_ms, name",
        (session_key,),
    )
    return dict(rows.fetchall())


def items_in(connection: sqlite3.Connection, session_key: str, name: str) -> list[Item]:
    """Return what is on a list, in order."""
    rows = connection.execute(
        "SELECT place, item, key FROM list_items WHERE session_key = ? AND list = ? ORDER BY place", (session_key, name)
    )
    return [Item(*row) for row in rows]


def add_items_in(
    connection: sqlite3.Connection, session_key: str, name: str, items: Sequence[str], now_ms: int
) -> tuple[list[str], list[str]]:
    """Put items on a list, which is made when it is new; return what was added and what was there already.

    Raises ToolRefusedError that says the bound.
    """
    _make_in(connection, session_key, name, now_ms)
    present = items_in(connection, session_key, name)
    keys, place = {one.key for one in present}, max((one.place for one in present), default=0)
    added, doubled = list[str](), list[str]()
    for item in items:
        key = item_key(item)
        if key in keys:
            doubled.append(item)
            continue
        if len(keys) >= MAX_ITEMS:
            raise ToolRefusedError(f"The {name} list holds {MAX_ITEMS} items, which is the most. Nothing was added.")
        keys.add(key)
        place += 1
        added.append(item)
        _insert_in(connection, session_key, name, Item(place, item, key), now_ms)
    return added, doubled


def restore_items_in(
    connection: sqlite3.Connection, session_key: str, name: str, items: Sequence[tuple[int, str]], now_ms: int
) -> list[str]:
    """Put items back, each in its old place if that is free, else at the end; return those that were not there.

    Raises ToolRefusedError that says the bound.
    """
    _make_in(connection, session_key, name, now_ms)
    present = items_in(connection, session_key, name)
    keys, places = {one.key for one in present}, {one.place for one in present}
    back = list[str]()
    for wanted, item in items:
        if (key := item_key(item)) in keys:
            continue
        if len(keys) >= MAX_ITEMS:
            raise ToolRefusedError(f"The {name} list holds {MAX_ITEMS} items, which is the most. Nothing came back.")
        place = wanted if wanted not in places else max(places) + 1
        keys.add(key)
        places.add(place)
        back.append(item)
        _insert_in(connection, session_key, name, Item(place, item, key), now_ms)
    return back


def _make_in(connection: sqlite3.Connection, session_key: str, name: str, now_ms: int) -> None:
    known = lists_in(connection, session_key)
    if name in known:
        return
    if len(known) >= MAX_LISTS:
        raise ToolRefusedError(f"There are {len(known)} lists already, and more than {MAX_LISTS} are not kept.")
    connection.execute(
        "INSERT INTO lists (session_key, name, created_ms) VALUES (?, ?, ?)", (session_key, name, now_ms)
    )


def _insert_in(connection: sqlite3.Connection, session_key: str, name: str, item: Item, now_ms: int) -> None:
    connection.execute(
        "INSERT INTO list_items (session_key, list, place, item, key, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (session_key, name, item.place, item.item, item.key, now_ms),
    )


def remove_item_in(connection: sqlite3.Connection, session_key: str, name: str, item: Item) -> None:
    """Take one item off a list."""
    connection.execute(
        "DELETE FROM list_items WHERE session_key = ? AND list = ? AND place = ?", (session_key, name, item.place)
    )


def delete_list_in(connection: sqlite3.Connection, session_key: str, name: str) -> None:
    """Delete a list with what is on it."""
    connection.execute("DELETE FROM list_items WHERE session_key = ? AND list = ?", (session_key, name))
    connection.execute("DELETE FROM lists WHERE session_key = ? AND name = ?", (session_key, name))
