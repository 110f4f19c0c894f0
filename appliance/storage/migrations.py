"""Named, append-only, transactional changes of the schema, recorded in the table `migrations`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from appliance.storage.errors import SchemaError

_SET = "homarus"
_TABLE = "migrations"
# Primary codes that speak of the file or the disk: the caller knows what to do about those.
_NOT_ITS_FAULT = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY}
)


class Migration(NamedTuple):
    """One change of the schema. `name` is `<unit>:<number>_<what>` and never changes once released.

    `change` is SQL (several statements are fine) or a function; it runs inside a transaction and must not end it.
    It must give the same rows when it runs again on the same rows: a rebuild runs it at the same place of the journal.
    """

    name: str
    change: str | Callable[[sqlite3.Connection], None]


# The number of the last journal batch that this file holds; read when the two are compared at open.
STORAGE_MIGRATIONS = (
    Migration(
        "storage:0001_journal_mark",
        """
        CREATE TABLE journal_mark (id INTEGER PRIMARY KEY CHECK (id = 1), batch INTEGER NOT NULL);
        INSERT INTO journal_mark (id, batch) VALUES (1, 0);
        """,
    ),
)


def applied(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations in this file, oldest first."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (_TABLE,)).fetchone()
    if known is None:
        return []
    rows = connection.execute(f"SELECT name FROM {_TABLE} WHERE migration_set = ? ORDER BY id", (_SET,))
    return [name for (name,) in rows]


def pending(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """Return what `apply` would do. Raises SchemaError when the file was written by a newer version."""
    present = set(applied(connection))
    if unknown := present - {migration.name for migration in migrations}:
        raise SchemaError(
            f"the database has changes that this version does not know ({', '.join(sorted(unknown))}); install the"
            " version that wrote it, or restore a backup from before the update"
        )
    return [migration for migration in migrations if migration.name not in present]


def apply(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> list[str]:
    """Apply what is missing, each in one transaction with its record; return the new names.

    sqlite-utils is imported only when something is missing: a gateway whose schema is current never loads it.
    Raises SchemaError that names the migration; the file is then as it was before that migration.
    """
    missing = pending(connection, migrations)
    if not missing:
        return []
    from sqlite_utils import Database as UtilsDatabase
    from sqlite_utils import Migrations

    registry = Migrations(_SET)
    registry.migrations_table = _TABLE
    current = [""]
    for migration in migrations:
        registry(name=migration.name)(_step(migration, connection, current))
    try:
        registry.apply(UtilsDatabase(connection))
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF in _NOT_ITS_FAULT:
            raise
        raise SchemaError(
            f"migration {current[0]} failed ({error}); the database is unchanged: install the previous version and"
            " report this"
        ) from error
    return [migration.name for migration in missing]


def _step(migration: Migration, connection: sqlite3.Connection, current: list[str]) -> Callable[[Any], None]:
    def step(_database: Any) -> None:
        current[0] = migration.name
        if isinstance(migration.change, str):
            for statement in statements(migration.change):
                connection.execute(statement)
        else:
            migration.change(connection)

    return step


def statements(script: str) -> Iterator[str]:
    """Split SQL into statements, triggers included (`executescript` would end the transaction)."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        # A semicolon inside a string, a comment or a trigger does not complete it.
        if sqlite3.complete_statement(statement):
            if statement.strip() != ";":
                yield statement.strip()
            statement = ""
    if unfinished := statement.strip("; \n"):
        yield unfinished  # SQLite says what is wrong with it
