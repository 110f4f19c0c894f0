"""A database that was deleted, damaged or restored from an old copy comes back with everything acknowledged."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.storage import Backups, DamagedError, Database, Migration
from appliance.storage.journal import segments
from tests.fakes.clock import FakeClock
from tests.unit.storage.conftest import MIGRATIONS, Opener

Rows = dict[str, list[tuple[object, ...]]]


def everything(connection: sqlite3.Connection) -> Rows:
    # Without a primary key the rowid is what names a row, so it has to come back too.
    columns = {"things": "*", "parts": "rowid, *", "pairs": "*", "loose": "rowid, *"}
    return {
        table: connection.execute(f"SELECT {names} FROM {table} ORDER BY 1, 2").fetchall()
        for table, names in columns.items()
    }


def run(sql: str, *values: object) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.execute(sql, values).rowcount


async def story(database: Database) -> None:
    """Every kind of change: insert, update, of a key too, replace, delete, cascade, blobs, numbers and their kinds."""
    for number, value in enumerate((1, 1.0, 0.5, "1", None, -(2**63), b"\x00\xff", "line\nend \U0001f99e", True)):
        await database.write(run("INSERT INTO things VALUES (?, ?, ?)", f"thing {number}", value, b"\x01\x02"))
    await database.write(run("UPDATE things SET number = 1.0 WHERE name = 'thing 0'"))
    await database.write(run("UPDATE things SET name = 'renamed', body = NULL WHERE name = 'thing 1'"))
    for part in ("a", "b", "c"):
        await database.write(run("INSERT INTO parts VALUES ('thing 2', ?)", part))
    await database.write(run("INSERT OR REPLACE INTO parts VALUES ('thing 3', 'a')"))
    await database.write(run("DELETE FROM things WHERE name = 'thing 2'"))
    await database.write(run("INSERT INTO pairs VALUES ('x', 1), ('x', 2), ('y', 1)"))
    await database.write(run("UPDATE pairs SET b = b + 10 WHERE a = 'x'"))
    await database.write(run("DELETE FROM pairs WHERE a = 'y'"))
    await database.write(run("INSERT INTO loose VALUES ('one'), ('two'), ('two')"))
    await database.write(run("DELETE FROM loose WHERE rowid = 2"))


def deleted(path: Path) -> None:
    for each in path.parent.glob(path.name + "*"):
        each.unlink()


def overwritten(path: Path) -> None:
    path.write_bytes(b"something else entirely " * 500)


def no_header(path: Path) -> None:
    path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])


def emptied_schema(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xaa" * 3996
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [deleted, overwritten, no_header, emptied_schema])
async def test_everything_comes_back_from_the_journal(open_database: Opener, harm: Callable[[Path], None]) -> None:
    database = await open_database()
    await story(database)
    before = await database.read(everything)
    await database.aclose()
    harm(database.path)
    database = await open_database()
    assert await database.read(everything) == before
    assert await database.integrity_check() == []
    assert database.recovered is not None
    assert not database.recovered.gap
    assert database.needs_backup
    aside = list(database.path.parent.glob("state.sqlite.damaged-*"))
    assert len(aside) == (0 if harm is deleted else 1)
    await database.write(run("INSERT INTO loose VALUES ('after')"))
    await database.aclose()
    database = await open_database()
    assert database.recovered is None


async def test_a_backup_and_the_journal_after_it_are_enough(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    await story(database)
    backups = Backups(tmp_path / "backups", UTC)
    for _ in range(3):
        await backups.run(database, clock.now_ms())
        clock.advance(10)
    await database.write(run("INSERT INTO loose VALUES ('later')"))
    before = await database.read(everything)
    await database.aclose()
    deleted(database.path)
    newest = backups.all()[0]
    newest.write_bytes(b"this copy went bad on the disk")
    database = await open_database()
    assert database.recovered is not None
    assert database.recovered.base == backups.all()[1].name
    assert await database.read(everything) == before


async def test_an_old_copy_put_in_place_by_hand_catches_up(open_database: Opener, tmp_path: Path) -> None:
    database = await open_database()
    await story(database)
    await database.backup(tmp_path / "old.sqlite")
    await database.write(run("INSERT INTO loose VALUES ('later')"))
    before = await database.read(everything)
    await database.aclose()
    deleted(database.path)
    shutil.copy(tmp_path / "old.sqlite", database.path)
    database = await open_database()
    assert database.recovered is None
    assert await database.read(everything) == before


async def test_migrations_happen_again_where_they_happened(open_database: Opener) -> None:
    database = await open_database()
    await database.write(run("INSERT INTO loose VALUES ('early')"))
    await database.aclose()
    more = Migration("test:0002_loud", "ALTER TABLE loose ADD COLUMN loud TEXT; UPDATE loose SET loud = upper(text);")
    database = await open_database((*MIGRATIONS, more))
    await database.write(run("INSERT INTO loose VALUES ('late', 'set')"))
    await database.aclose()
    deleted(database.path)
    for copy in database.path.parent.glob("backups/*"):
        copy.unlink()
    database = await open_database((*MIGRATIONS, more))
    assert (await database.read(everything))["loose"] == [(1, "early", "EARLY"), (2, "late", "set")]


async def test_without_journal_and_backup_nothing_is_invented(open_database: Opener, tmp_path: Path) -> None:
    database = await open_database()
    await story(database)
    await database.aclose()
    segments(tmp_path / "journal")[0].write_bytes(b"")
    overwritten(database.path)
    with pytest.raises(DamagedError, match="cannot be rebuilt"):
        await open_database()
    assert database.path.read_bytes().startswith(b"something else")


async def test_a_lost_journal_starts_anew_on_top_of_a_backup(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    await story(database)
    await database.aclose()
    shutil.rmtree(tmp_path / "journal")
    database = await open_database()
    assert database.needs_backup
    await Backups(tmp_path / "backups", UTC).run(database, clock.now_ms())
    assert not database.needs_backup
    await database.write(run("INSERT INTO loose VALUES ('later')"))
    before = await database.read(everything)
    await database.aclose()
    deleted(database.path)
    database = await open_database()
    assert database.recovered is not None
    assert not database.recovered.gap
    assert await database.read(everything) == before


async def test_a_damaged_line_costs_only_what_it_holds(open_database: Opener, tmp_path: Path) -> None:
    database = await open_database()
    for text in ("first", "second", "third"):
        await database.write(run("INSERT INTO loose VALUES (?)", text))
    await database.aclose()
    deleted(database.path)
    (segment,) = segments(tmp_path / "journal")
    segment.write_bytes(segment.read_bytes().replace(b"second", b"s\xff\xff\xffnd"))
    database = await open_database()
    assert database.recovered is not None
    assert (database.recovered.damaged, database.recovered.gap) == (1, True)
    assert [text for _, text in (await database.read(everything))["loose"]] == ["first", "third"]


async def test_names_in_a_journal_line_never_become_sql(open_database: Opener, tmp_path: Path) -> None:
    database = await open_database()
    await database.write(run("INSERT INTO loose VALUES ('first')"))
    await database.aclose()
    deleted(database.path)
    (segment,) = segments(tmp_path / "journal")
    hostile = [
        b'{"t":"sqlite_schema","del":{"name":"things"}}',
        b'{"t":"loose","put":{"text\\") SELECT 1; --":"x"}}',
        b'{"t":"loose; DROP TABLE things","put":{"text":"x"}}',
        b'{"t":"loose"}',
    ]
    text = b"[" + b",".join(hostile) + b"]"
    with segment.open("ab") as file:
        file.write(b'{"n":2,"at":0,"crc":%d,"rows":%s}\n' % (zlib.crc32(text), text))
    database = await open_database()
    assert database.recovered is not None
    assert database.recovered.skipped == len(hostile)
    assert (await database.read(everything))["loose"] == [(1, "first")]


_OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 5), st.one_of(st.none(), st.integers(-9, 9), st.text(max_size=5))),
        st.tuples(st.just("set"), st.integers(0, 5), st.one_of(st.none(), st.floats(allow_nan=False, width=16))),
        st.tuples(st.just("move"), st.integers(0, 5), st.integers(0, 5)),
        st.tuples(st.just("del"), st.integers(0, 5), st.none()),
        st.tuples(st.just("fail"), st.integers(0, 5), st.none()),
    ),
    max_size=30,
)


def perform(connection: sqlite3.Connection, act: str, place: int, value: object) -> None:
    name = f"thing {place}"
    match act:
        case "put" | "fail":
            connection.execute("INSERT OR REPLACE INTO things (name, number) VALUES (?, ?)", (name, value))
            connection.execute("INSERT INTO parts VALUES (?, NULL)", (name,))
        case "set":
            connection.execute("UPDATE things SET number = ? WHERE name = ?", (value, name))
        case "move":
            connection.execute("UPDATE OR REPLACE pairs SET a = ?, b = b + 1 WHERE a = ?", (str(value), str(place)))
            connection.execute("INSERT OR IGNORE INTO pairs VALUES (?, ?)", (str(place), value))
        case "del":
            connection.execute("DELETE FROM things WHERE name = ?", (name,))
    if act == "fail":
        raise KeyError(name)


@settings(max_examples=25, deadline=None)
@given(operations=_OPERATIONS)
def test_the_journal_tells_the_same_story_as_the_file(
    operations: list[tuple[str, int, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("story")

    async def play() -> tuple[Rows, Rows]:
        database = await Database.open(root / "s.sqlite", MIGRATIONS, clock=FakeClock(), journal=root / "j")
        await asyncio.gather(
            *(database.write(lambda connection, each=each: perform(connection, *each)) for each in operations),
            return_exceptions=True,
        )
        before = await database.read(everything)
        await database.aclose()
        deleted(root / "s.sqlite")
        database = await Database.open(root / "s.sqlite", MIGRATIONS, clock=FakeClock(), journal=root / "j")
        after = await database.read(everything)
        await database.aclose()
        return before, after

    before, after = asyncio.run(play())
    assert after == before
