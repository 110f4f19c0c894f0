"""A database again, from the newest sound backup and the journal; and the catching-up of one that lies behind it."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import sqlite3
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.storage import journal as journals
from appliance.storage.capture import Table, quote, tables
from appliance.storage.connection import connect_writer
from appliance.storage.errors import DamagedError
from appliance.storage.fitting import fit
from appliance.storage.migrations import Migration, applied, apply

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild did. `aside` is the damaged file, kept; `damaged` counts journal lines that could not be read.

    `gap` means that batches between the base and the journal are missing: some rows may be old or absent.
    """

    reason: str
    base: str | None
    batches: int
    damaged: int
    skipped: int
    gap: bool
    aside: str | None


class Replay:
    """Journal batches applied to one open database."""

    def __init__(self, connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
        self.batches = self.damaged = self.skipped = 0
        self.gap = False
        self._connection = connection
        self._migrations = migrations
        self._tables: dict[str, Table] = {}
        self._learn()

    def run(self, directory: Path) -> None:
        """Apply every batch after the mark of the database, and the migrations where they happened."""
        connection = self._connection
        (mark,) = connection.execute("SELECT batch FROM journal_mark").fetchone()
        connection.execute("PRAGMA foreign_keys=OFF")  # rows arrive in the order of cascades, not of references
        connection.execute("BEGIN IMMEDIATE")
        expected = mark + 1
        for item in journals.read(directory, mark):
            if isinstance(item, journals.Damage):
                self.damaged += 1
                _log.error("journal %s line %d cannot be read", item.segment, item.line)
            elif isinstance(item, journals.Header):
                self._migrate(item)
            else:
                self.gap = self.gap or item.n != expected
                for record in item.records():
                    self._record(record)
                self.batches += 1
                mark, expected = item.n, item.n + 1
        connection.execute("UPDATE journal_mark SET batch = ?", (mark,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA foreign_keys=ON")

    def _migrate(self, header: journals.Header) -> None:
        wanted = [migration for migration in self._migrations if migration.name in header.migrations]
        present = set(applied(self._connection))
        if all(migration.name in present for migration in wanted):
            return
        self._connection.execute("COMMIT")
        present.update(migration.name for migration in wanted)
        apply(self._connection, [migration for migration in self._migrations if migration.name in present])
        self._connection.execute("BEGIN IMMEDIATE")
        self._learn()

    def _learn(self) -> None:
        self._tables = {table.name: table for table in tables(self._connection)}

    def _record(self, record: dict[str, Any]) -> None:
        table = self._tables.get(record.get("t", ""))
        try:
            if table is None:
                raise KeyError(record.get("t"))
            if not _fits(table, record):
                # A version that came and went knew other columns: what this one can hold is kept.
                found = fit(self._connection, table, record)
                if found.why or found.left_out:
                    raise KeyError(found.why or f"{table.name}: {', '.join(found.left_out)}")
                return
            statement, values = _statement(table, record)
            self._connection.execute(statement, values)
        except (KeyError, AttributeError, sqlite3.IntegrityError) as error:
            self.skipped += 1
            _log.error("journal record of table %s skipped: %s", record.get("t"), error)


def _fits(table: Table, record: dict[str, Any]) -> bool:
    """Tell whether a record names the columns that there are; a new row names all of them."""
    row = record.get("put")
    named = set(row if row is not None else (*record.get("key", ()), *record.get("set", ()), *record.get("del", ())))
    return named == set(table.columns) if row is not None else named <= set(table.columns)


def _statement(table: Table, record: dict[str, Any]) -> tuple[str, list[Any]]:
    name = quote(table.name)
    if "put" in record:
        columns = ", ".join(_column(table, column) for column in record["put"])
        marks = ", ".join("?" * len(record["put"]))
        return f"INSERT OR REPLACE INTO {name} ({columns}) VALUES ({marks})", _values(record["put"])
    key = record["key"] if "set" in record else record["del"]
    where = " AND ".join(f"{_column(table, column)} IS ?" for column in key)
    if "set" in record:
        changes = ", ".join(f"{_column(table, column)} = ?" for column in record["set"])
        return f"UPDATE {name} SET {changes} WHERE {where}", _values(record["set"]) + _values(key)
    return f"DELETE FROM {name} WHERE {where}", _values(key)


def _column(table: Table, column: str) -> str:
    # Names come from a file: only those of the schema reach SQL.
    if column not in table.columns:
        raise KeyError(f"{table.name}.{column}")
    return quote(column)


def _values(row: dict[str, Any]) -> list[Any]:
    return [base64.b64decode(value["$b"]) if isinstance(value, dict) else value for value in row.values()]


def rebuild(
    path: Path,
    migrations: Sequence[Migration],
    *,
    journal: Path,
    backups: Path | None,
    reason: str,
    now_ms: int,
) -> RebuildReport:
    """Make `path` again: newest sound backup (or a blank file), then the journal; set the old file aside.

    Nothing is deleted. Raises DamagedError when neither a backup nor the beginning of the journal is there.
    """
    fresh = path.with_name(path.name + ".rebuilding")
    _remove(fresh)  # left over from a rebuild that was cut off
    base = _copy_base(fresh, backups, {migration.name for migration in migrations})
    first = next((header.first for header in map(journals.read_header, journals.segments(journal)) if header), None)
    if base is None and first != 1:
        raise DamagedError(
            f"the database {path} cannot be rebuilt ({reason}): there is no sound backup and the journal does not reach"
            f" back to the beginning. Restore a backup into {backups}, or move the database and the journal away to"
            " start empty"
        )
    connection = connect_writer(fresh)
    try:
        apply(
            connection,
            [m for m in migrations if m.name in applied(connection) or m.name.startswith("storage:")],
        )
        replay = Replay(connection, migrations)
        replay.run(journal)
        if (problems := check(connection)) != []:
            raise DamagedError(f"the rebuilt database is not sound: {'; '.join(problems[:3])}; restore a backup")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    aside = _set_aside(path, now_ms)
    os.replace(fresh, path)
    journals.flush_directory(path.parent)
    report = RebuildReport(
        reason,
        base.name if base else None,
        replay.batches,
        replay.damaged,
        replay.skipped,
        replay.gap,
        aside.name if aside else None,
    )
    _log.warning("database rebuilt: %s", report)
    return report


def check(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong with the file of `connection`; empty when it is sound."""
    found = [text for (text,) in connection.execute("PRAGMA integrity_check(100)") if text != "ok"]
    found += [
        f"row of {row[0]} points to a missing row of {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")
    ]
    return found


def _copy_base(fresh: Path, backups: Path | None, known: Set[str]) -> Path | None:
    """Copy the newest sound backup to `fresh`. One of a newer version does not count: this one could not open it."""
    for candidate in sorted(backups.glob("*.sqlite"), reverse=True) if backups is not None else ():
        try:
            shutil.copyfile(candidate, fresh)
            connection = sqlite3.connect(fresh)
            try:
                present = applied(connection)
                if unknown := set(present) - known:
                    _log.error("backup %s is of a newer version (%s)", candidate.name, ", ".join(sorted(unknown)))
                elif present and check(connection) == []:
                    return candidate
            finally:
                connection.close()
        except sqlite3.Error as error:
            _log.error("backup %s is not sound (%s); trying an older one", candidate.name, error)
        _remove(fresh)
    return None


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _set_aside(path: Path, now_ms: int) -> Path | None:
    aside = path.with_name(f"{path.name}.damaged-{now_ms}")
    for suffix in ("-wal", "-shm", ""):
        old = path.with_name(path.name + suffix)
        if old.exists():
            os.replace(old, aside.with_name(aside.name + suffix))
    return aside if aside.exists() else None
