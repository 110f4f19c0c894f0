"""What a newer version wrote, applied to a copy that an older one left: all that its tables can hold, the rest counted.

A box that goes back to its last version takes its old database and this. The schema of the copy stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from appliance.storage import journal as journals
from appliance.storage.capture import quote, tables
from appliance.storage.fitting import REFUSED, ROW_ABSENT, fit

__all__ = ["COLUMN_UNKNOWN", "Held", "Lineage", "Loss", "ORPHANED", "REFUSED", "ROW_ABSENT", "TABLE_UNKNOWN"]

TABLE_UNKNOWN: Final = "table_unknown"
COLUMN_UNKNOWN: Final = "column_unknown"
ORPHANED: Final = "orphaned"


class Loss(NamedTuple):
    """What could not be held: `column` is "" where it is the whole row; `why` is one of the constants above."""

    table: str
    column: str
    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a replay did. `missing` batches were asked for and are not there; `damaged` counts unreadable lines."""

    batches: int = 0
    records: int = 0
    missing: int = 0
    damaged: int = 0
    lost: tuple[tuple[Loss, int], ...] = ()


class Lineage(NamedTuple):
    """Where a journal stood: number of the last batch of the copy, name of its newest segment and when that began.

    Names "" and 0 stand for a journal without a segment.
    """

    mark: int
    segment: str = ""
    began_ms: int = 0


def lineage(directory: Path, mark: int) -> Lineage:
    """Return where the journal stands behind a copy with this mark."""
    for path in reversed(journals.segments(directory)):
        if (header := journals.read_header(path)) is not None:
            return Lineage(mark, path.name, header.at)
    return Lineage(mark)


def continues(directory: Path, begun: Lineage) -> bool:
    """Tell whether a journal is still the one that was there: a restored backup begins another one.

    What was there may have been forgotten since; then its oldest segment must have come later.
    """
    path = directory / begun.segment
    if begun.segment and path.is_file():
        header = journals.read_header(path)
        return header is not None and header.at == begun.began_ms
    first = next(iter(journals.segments(directory)), None)
    return first is None or not begun.segment or first.name > begun.segment


def replay(connection: sqlite3.Connection, directory: Path) -> Held:
    """Apply every batch after the mark of the database, in one transaction. Raises sqlite3.Error."""
    (mark,) = connection.execute("SELECT batch FROM journal_mark").fetchone()
    work = _Replay(connection)
    connection.execute("PRAGMA foreign_keys=OFF")  # rows arrive in the order of cascades, not of references
    connection.execute("BEGIN IMMEDIATE")
    try:
        last = work.run(directory, mark)
        work.drop_orphans()
        connection.execute("UPDATE journal_mark SET batch = ?", (last,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("PRAGMA foreign_keys=ON")
    return work.held()


class _Replay:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables = {table.name: table for table in tables(connection)}
        self._lost: Counter[Loss] = Counter()
        self._batches = self._records = self._missing = self._damaged = 0

    def run(self, directory: Path, mark: int) -> int:
        for item in journals.read(directory, mark):
            if isinstance(item, journals.Damage):
                self._damaged += 1
            elif isinstance(item, journals.Batch):
                self._missing += max(0, item.n - mark - 1)
                for record in item.records():
                    self._record(record)
                self._batches += 1
                mark = item.n
        return mark

    def held(self) -> Held:
        lost = tuple(sorted((loss, count) for loss, count in self._lost.items() if count > 0))
        return Held(self._batches, self._records, self._missing, self._damaged, lost)

    def drop_orphans(self) -> None:
        """Remove rows that point to a row which could not be held, and those that point to them."""
        while found := _violated(self._connection):
            removed = 0
            for table, number in sorted(found):
                gone = self._connection.execute(_orphans(self._connection, table, number)).rowcount
                self._lost[Loss(table, "", ORPHANED)] += gone
                removed += gone
            if not removed:
                raise sqlite3.IntegrityError(f"rows of {', '.join(name for name, _ in found)} point nowhere")

    def _record(self, record: dict[str, Any]) -> None:
        name = str(record.get("t", ""))
        table = self._tables.get(name)
        if table is None:
            # What was made and removed again in the meantime is no loss.
            self._lost[Loss(name, "", TABLE_UNKNOWN)] += 1 if "put" in record else -1 if "del" in record else 0
            return
        found = fit(self._connection, table, record)
        if found.why:
            self._lost[Loss(name, "", found.why)] += 1
            return
        self._records += 1
        for column in found.left_out:
            self._lost[Loss(name, column, COLUMN_UNKNOWN)] += 1


def _violated(connection: sqlite3.Connection) -> set[tuple[str, int]]:
    return {(row[0], row[3]) for row in connection.execute("PRAGMA foreign_key_check")}


def _orphans(connection: sqlite3.Connection, table: str, number: int) -> str:
    rows = connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,)).fetchall()
    pairs = [(row[2], row[3], row[4]) for row in rows if row[0] == number]
    parent = pairs[0][0]
    own, name = quote(table), quote(parent)
    keys = next((one.key for one in tables(connection) if one.name == parent), ())
    same = " AND ".join(
        f"parent.{quote(to or keys[place])} = {own}.{quote(column)}" for place, (_, column, to) in enumerate(pairs)
    )
    given = " AND ".join(f"{own}.{quote(column)} IS NOT NULL" for _, column, _ in pairs)
    return f"DELETE FROM {own} WHERE {given} AND NOT EXISTS (SELECT 1 FROM {name} AS parent WHERE {same})"
