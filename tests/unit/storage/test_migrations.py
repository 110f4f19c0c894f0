from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.storage import Migration, SchemaError
from appliance.storage.migrations import applied, statements
from tests.unit.storage.conftest import MIGRATIONS, Opener


async def test_a_blank_file_gets_every_migration_once(open_database: Opener) -> None:
    for _ in range(2):
        database = await open_database()
        assert await database.read(applied) == ["storage:0001_journal_mark", "test:0001_things"]
        await database.aclose()


async def test_a_new_migration_keeps_the_rows_and_a_copy_from_before(open_database: Opener, tmp_path: Path) -> None:
    database = await open_database()
    await database.write(lambda connection: connection.execute("INSERT INTO loose VALUES ('a')").rowcount)
    await database.aclose()
    more = Migration("test:0002_shout", "ALTER TABLE loose ADD COLUMN loud TEXT; UPDATE loose SET loud = upper(text);")
    database = await open_database((*MIGRATIONS, more))
    assert await database.read(lambda connection: connection.execute("SELECT * FROM loose").fetchall()) == [("a", "A")]
    assert len(list(tmp_path.glob("backups/before-update-*"))) == 1


async def test_a_migration_that_fails_leaves_nothing_behind(open_database: Opener) -> None:
    await (await open_database()).aclose()
    broken = Migration("test:0002_broken", "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(SchemaError, match="test:0002_broken"):
        await open_database((*MIGRATIONS, broken))
    database = await open_database()
    tables = await database.read(lambda connection: connection.execute("SELECT name FROM sqlite_schema").fetchall())
    assert ("half",) not in tables


async def test_a_function_may_migrate_too(open_database: Opener) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO loose VALUES ('made')")

    database = await open_database((*MIGRATIONS, Migration("test:0002_fill", fill)))
    assert await database.read(lambda connection: connection.execute("SELECT * FROM loose").fetchall()) == [("made",)]


async def test_a_file_of_a_newer_version_is_refused(open_database: Opener) -> None:
    await (await open_database((*MIGRATIONS, Migration("test:0009_future", "CREATE TABLE future (a);")))).aclose()
    with pytest.raises(SchemaError, match="test:0009_future"):
        await open_database()


def test_statements_are_split_where_sqlite_says_so() -> None:
    script = """
    CREATE TABLE a (b TEXT DEFAULT ';'); -- a comment; with a semicolon
    CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; SELECT 1; END;
    SELECT ';'
    """
    assert [statement.split()[0] for statement in statements(script)] == ["CREATE", "--", "SELECT"]


def test_a_current_schema_never_loads_sqlite_utils(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from appliance.foundation.clock import SystemClock
from appliance.sessions.migrations import MIGRATIONS
from appliance.storage import Database

async def main():
    database = await Database.open(Path(sys.argv[1]), MIGRATIONS, clock=SystemClock(), journal=Path(sys.argv[2]))
    await database.aclose()

asyncio.run(main())
print("sqlite_utils" in sys.modules)
"""
    answers = [
        subprocess.run(
            [sys.executable, "-c", program, tmp_path / "state.sqlite", tmp_path / "journal"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert answers == ["True", "False"]
