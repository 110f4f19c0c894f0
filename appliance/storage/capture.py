"""Every change of a row as one JSON record, caught by triggers on the writing connection.

Caught here, no unit can forget to journal. The triggers are temporary: they live in this connection, not in the file.
Virtual tables and their shadows are left out, because they are made again by the triggers of the real tables.
"""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

import msgspec

from appliance.storage.errors import SchemaError

_UNJOURNALED = frozenset({"migrations", "journal_mark"})
# SQLite allows 100 arguments of a function in its oldest default build; an update passes each column twice.
_MAX_COLUMNS = 48

_encode = msgspec.json.Encoder().encode


class Table(NamedTuple):
    """What the journal needs to know of a table: its columns in order, and those that name a row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def tables(connection: sqlite3.Connection) -> list[Table]:
    """Return the real tables of the file that are journaled."""
    names = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name"
    ).fetchall()
    found = []
    for (name,) in names:
        if name.startswith("sqlite_") or name in _UNJOURNALED:
            continue
        columns = connection.execute("SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden = 0", (name,)).fetchall()
        key = tuple(column for column, place in sorted(columns, key=lambda pair: pair[1]) if place)
        plain = tuple(column for column, _ in columns)
        # Without a primary key the rowid names the row, and has to be kept to name it again.
        found.append(Table(name, plain, key) if key else Table(name, ("rowid", *plain), ("rowid",)))
    return found


def quote(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class Capture:
    """The records of the running transaction, in the order in which the rows changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.records: list[bytes] = []
        self._tables = tables(connection)
        connection.create_function("journal_put", -1, self._put)
        connection.create_function("journal_set", -1, self._set)
        connection.create_function("journal_del", -1, self._delete)
        for number, table in enumerate(self._tables):
            self._watch(connection, number, table)

    def _watch(self, connection: sqlite3.Connection, number: int, table: Table) -> None:
        if len(table.columns) > _MAX_COLUMNS:
            raise SchemaError(f"table {table.name} has over {_MAX_COLUMNS} columns; split it in a migration")
        new = ", ".join(f"NEW.{quote(column)}" for column in table.columns)
        old = ", ".join(f"OLD.{quote(column)}" for column in table.columns)
        key = ", ".join(f"OLD.{quote(column)}" for column in table.key)
        for act, call in (
            ("INSERT", f"journal_put({number}, {new})"),
            ("UPDATE", f"journal_set({number}, {old}, {new})"),
            ("DELETE", f"journal_del({number}, {key})"),
        ):
            trigger = quote(f"journal {act} {table.name}")
            connection.execute(
                f"CREATE TEMP TRIGGER {trigger} AFTER {act} ON main.{quote(table.name)} BEGIN SELECT {call}; END"
            )

    def _put(self, number: int, *values: Any) -> None:
        table = self._tables[number]
        self.records.append(_encode({"t": table.name, "put": _row(table.columns, values)}))

    def _set(self, number: int, *values: Any) -> None:
        table = self._tables[number]
        count = len(table.columns)
        old, new = values[:count], values[count:]
        changed = [
            place
            for place in range(count)
            # 1, 1.0 and True are equal in Python and different in a row
            if old[place] != new[place] or type(old[place]) is not type(new[place])
        ]
        if not changed:
            return
        key = _row(table.key, tuple(old[table.columns.index(column)] for column in table.key))
        row = _row(tuple(table.columns[place] for place in changed), tuple(new[place] for place in changed))
        self.records.append(_encode({"t": table.name, "key": key, "set": row}))

    def _delete(self, number: int, *values: Any) -> None:
        table = self._tables[number]
        self.records.append(_encode({"t": table.name, "del": _row(table.key, values)}))


def _row(columns: tuple[str, ...], values: tuple[Any, ...]) -> dict[str, Any]:
    row = dict(zip(columns, values, strict=True))
    if bytes in map(type, values):
        # A blob becomes an object, which no column holds, so that it comes back as bytes and not as text.
        return {name: {"$b": value} if type(value) is bytes else value for name, value in row.items()}
    return row
