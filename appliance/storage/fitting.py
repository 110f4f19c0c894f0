"""One record of the journal applied to a table that may have other columns than the one it was caught from."""

from __future__ import annotations

import base64
import sqlite3
from typing import Any, Final, NamedTuple

from appliance.storage.capture import Table, quote

REFUSED: Final = "refused"
ROW_ABSENT: Final = "row_absent"


class Fit(NamedTuple):
    """What became of a record: `why` it could not be held ("" when it was), and the columns that had no place."""

    why: str = ""
    left_out: tuple[str, ...] = ()


def fit(connection: sqlite3.Connection, table: Table, record: dict[str, Any]) -> Fit:
    """Apply what of `record` the table can hold; columns that the record does not name keep what they have.

    A constraint that forbids it is an answer, not an error. Raises sqlite3.OperationalError.
    """
    try:
        return _fit(connection, table, record)
    except (sqlite3.IntegrityError, sqlite3.DataError):
        return Fit(REFUSED)


def _fit(connection: sqlite3.Connection, table: Table, record: dict[str, Any]) -> Fit:
    row = record.get("put")
    key = {name: row[name] for name in table.key if name in row} if row else record.get("key", record.get("del"))
    if not isinstance(key, dict) or set(key) != set(table.key):
        return Fit(REFUSED)  # the rows of this table had other names there
    where = " AND ".join(f"{quote(name)} IS ?" for name in table.key)
    if "del" in record:
        connection.execute(f"DELETE FROM {quote(table.name)} WHERE {where}", values(key, table.key))
        return Fit()
    wanted = row or record.get("set", {})
    columns = tuple(name for name in table.columns if name in wanted)
    left_out = tuple(name for name, value in wanted.items() if name not in table.columns and value is not None)
    if columns:
        changes = ", ".join(f"{quote(name)} = ?" for name in columns)
        update = f"UPDATE {quote(table.name)} SET {changes} WHERE {where}"
        if connection.execute(update, values(wanted, columns) + values(key, table.key)).rowcount:
            return Fit("", left_out)
        if not row:
            return Fit(ROW_ABSENT)
        names, marks = ", ".join(map(quote, columns)), ", ".join("?" * len(columns))
        insert = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})"
        connection.execute(insert, values(row, columns))
    return Fit("", left_out)


def values(row: dict[str, Any], columns: tuple[str, ...]) -> list[Any]:
    """Return the values of these columns as SQLite takes them."""
    return [_value(row[name]) for name in columns]


def _value(value: Any) -> Any:
    return base64.b64decode(value["$b"]) if isinstance(value, dict) else value
