"""The notes and lists of this box for those who show and change them: the tools, and the people at a screen."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from appliance.notes import list_store, note_store
from appliance.notes.list_store import Item
from appliance.notes.naming import item_key
from appliance.notes.note_store import Note
from appliance.tools.base import ToolRefusedError

T = TypeVar("T")

MAX_LISTS_SHOWN: Final = 200
MAX_ITEMS_SHOWN: Final = 2000
"""Items in one answer, over all its lists: at 200 characters each they stay well below the size of a frame."""


class Rows(Protocol):
    """Runs work on the rows, in one transaction (`Database`, or a store that also tells of changes)."""

    async def write(self, work: Callable[[sqlite3.Connection], T], /) -> T: ...
    async def read(self, work: Callable[[sqlite3.Connection], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list with its first items; `total` counts all of them."""

    session_key: str
    name: str
    created_ms: int
    items: tuple[Item, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one list, in this order: empty it, take items off, put items on, put back into old places."""

    name: str
    clear: bool = False
    remove: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    put_back: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did; `found` is None where the list is gone, because it was emptied."""

    found: ShownList | None
    added: tuple[str, ...]
    already_there: tuple[str, ...]
    removed: tuple[Item, ...]
    missing: tuple[str, ...]


class NotesStore:
    """Notes and lists. `changed` is called after each change, so that those who show them look again."""

    def __init__(self, rows: Rows, changed: Callable[[], None] = lambda: None) -> None:
        self._rows = rows
        self._changed = changed

    async def write(self, work: Callable[[sqlite3.Connection], T], /) -> T:
        """Run a change in one transaction and tell of it."""
        result = await self._rows.write(work)
        self._changed()
        return result

    def tell(self) -> None:
        """Tell of a change that another store wrote."""
        self._changed()

    async def read(self, work: Callable[[sqlite3.Connection], T], /) -> T:
        """Run work on a connection that cannot write."""
        return await self._rows.read(work)

    async def lists(self, session_key: str | None, name: str | None = None) -> list[ShownList]:
        """Return the lists of a session (of all for None), at most MAX_LISTS_SHOWN with MAX_ITEMS_SHOWN items."""
        return await self.read(lambda connection: shown_in(connection, session_key, name))

    async def change(self, session_key: str, change: Change, now_ms: int) -> Changed:
        """Change one list in one transaction. Raises ToolRefusedError that says the bound."""
        return await self.write(lambda connection: change_in(connection, session_key, change, now_ms))

    async def notes(self, session_key: str | None, query: str | None, limit: int) -> tuple[list[tuple[str, Note]], int]:
        """Return the newest notes with their session, and how many there are."""
        return await self.read(lambda connection: note_store.all_notes_in(connection, session_key, query, limit))


def shown_in(connection: sqlite3.Connection, session_key: str | None, name: str | None) -> list[ShownList]:
    """Return lists with their items; what no longer fits is counted, not shown."""
    rows = connection.execute(
        "SELECT session_key, name, created_ms FROM lists WHERE (?1 IS NULL OR session_key = ?1)"
        " AND (?2 IS NULL OR name = ?2) ORDER BY created_ms, name LIMIT ?3",
        (session_key, name, MAX_LISTS_SHOWN),
    ).fetchall()
    left, shown = MAX_ITEMS_SHOWN, list[ShownList]()
    for key, title, created_ms in rows:
        items = list_store.items_in(connection, key, title)
        shown.append(ShownList(key, title, created_ms, tuple(items[:left]), len(items)))
        left = max(0, left - len(items))
    return shown


def change_in(connection: sqlite3.Connection, session_key: str, change: Change, now_ms: int) -> Changed:
    """Do a change. An item is meant by its words alone, as `item_key` compares them: nothing is guessed."""
    name = change.name
    removed, missing = _take_off_in(connection, session_key, change)
    added, there = list[str](), list[str]()
    if wanted := [text for item in change.add if item_key(text := " ".join(item.split()))]:
        added, there = list_store.add_items_in(connection, session_key, name, wanted, now_ms)
    if change.put_back:
        added += list_store.restore_items_in(connection, session_key, name, change.put_back, now_ms)
    found = next(iter(shown_in(connection, session_key, name)), None)
    return Changed(found, tuple(added), tuple(there), tuple(removed), tuple(missing))


def _take_off_in(
    connection: sqlite3.Connection, session_key: str, change: Change
) -> tuple[Sequence[Item], Sequence[str]]:
    present = list_store.items_in(connection, session_key, change.name)
    if change.clear:
        if change.name not in list_store.lists_in(connection, session_key):
            raise ToolRefusedError(f"There is no list {change.name}.")
        list_store.delete_list_in(connection, session_key, change.name)
        return present, ()
    by_key = {one.key: one for one in present}
    removed, missing = list[Item](), list[str]()
    for wanted in change.remove:
        if (item := by_key.pop(item_key(wanted), None)) is None:
            missing.append(wanted)
            continue
        list_store.remove_item_in(connection, session_key, change.name, item)
        removed.append(item)
    return removed, missing
