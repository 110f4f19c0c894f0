"""What a newer schema wrote, in the tables of an older one."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.storage.copies.older import Lineage, Loss, continues, lineage, replay
from appliance.storage.journal import Journal

SCHEMA = """
CREATE TABLE journal_mark (id INTEGER PRIMARY KEY CHECK (id = 1), batch INTEGER NOT NULL);
INSERT INTO journal_mark VALUES (1, 0);
CREATE TABLE things (name TEXT PRIMARY KEY, number INTEGER NOT NULL, note TEXT);
CREATE TABLE parts (thing TEXT NOT NULL REFERENCES things (name) ON DELETE CASCADE, part TEXT UNIQUE);
CREATE TABLE screws (part TEXT REFERENCES parts (part), size INTEGER);
CREATE TABLE pairs (a TEXT, b INTEGER, c BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID;
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "old.sqlite", isolation_level=None)
    connection.executescript(SCHEMA)
    yield connection
    connection.close()


def wrote(tmp_path: Path, *batches: list[dict[str, Any]], first: int = 1, at_ms: int = 7) -> Path:
    journal = Journal(tmp_path / "journal")
    journal.start_segment(first, ["some:0001", "newer:0002"], at_ms)
    for number, records in enumerate(batches, first):
        journal.append(number, [json.dumps(record).encode() for record in records], at_ms)
    journal.settle()
    journal.close()
    return tmp_path / "journal"


def put(table: str, **row: Any) -> dict[str, Any]:
    return {"t": table, "put": row}


def rows(connection: sqlite3.Connection, table: str) -> list[Any]:
    return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()


def test_rows_come_and_go_as_they_did(database: sqlite3.Connection, tmp_path: Path) -> None:
    journal = wrote(
        tmp_path,
        [put("things", name="a", number=1, note=None), put("things", name="b", number=2, note="x")],
        [{"t": "things", "key": {"name": "a"}, "set": {"number": 9}}, {"t": "things", "del": {"name": "b"}}],
        [put("pairs", a="x", b=1, c={"$b": "AAE="})],
    )
    held = replay(database, journal)
    assert rows(database, "things") == [("a", 9, None)]
    assert rows(database, "pairs") == [("x", 1, b"\x00\x01")]
    assert (held.batches, held.records, held.lost, held.missing) == (3, 5, (), 0)
    assert rows(database, "journal_mark") == [(1, 3)]
    assert replay(database, journal).batches == 0


def test_a_column_that_is_new_is_left_out_and_counted_only_where_it_says_something(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    journal = wrote(
        tmp_path,
        [put("things", name="a", number=1, note=None, mood="good"), put("things", name="b", number=2, mood=None)],
        [{"t": "things", "key": {"name": "a"}, "set": {"mood": "bad", "number": 3}}],
        [{"t": "things", "key": {"name": "b"}, "set": {"mood": "fine"}}],
    )
    held = replay(database, journal)
    assert rows(database, "things") == [("a", 3, None), ("b", 2, None)]
    assert held.lost == ((Loss("things", "mood", "column_unknown"), 3),)


def test_a_column_that_was_dropped_keeps_what_it_had(database: sqlite3.Connection, tmp_path: Path) -> None:
    database.execute("INSERT INTO things VALUES ('a', 1, 'kept')")
    held = replay(database, wrote(tmp_path, [put("things", name="a", number=2), put("things", name="b", number=3)]))
    assert rows(database, "things") == [("a", 2, "kept"), ("b", 3, None)]
    assert held.lost == ()


def test_a_row_without_what_the_old_schema_demands_is_counted_as_refused(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    held = replay(database, wrote(tmp_path, [put("things", name="a", note="no number")]))
    assert rows(database, "things") == []
    assert held.lost == ((Loss("things", "", "refused"), 1),)


def test_rows_that_the_newer_version_names_in_another_way_are_refused(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    journal = wrote(tmp_path, [put("things", id=1, number=2), {"t": "things", "key": {"id": 1}, "set": {"number": 3}}])
    assert replay(database, journal).lost == ((Loss("things", "", "refused"), 2),)


def test_a_change_of_a_row_that_is_not_there_is_counted(database: sqlite3.Connection, tmp_path: Path) -> None:
    journal = wrote(tmp_path, [{"t": "things", "key": {"name": "z"}, "set": {"number": 3}}])
    assert replay(database, journal).lost == ((Loss("things", "", "row_absent"), 1),)


def test_rows_that_point_to_a_row_that_could_not_be_held_go_with_it(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    journal = wrote(
        tmp_path,
        [put("things", name="a", note="no number"), put("things", name="b", number=1)],
        [put("parts", rowid=1, thing="a", part="p"), put("parts", rowid=2, thing="b", part="q")],
        [put("screws", rowid=1, part="p", size=1), put("screws", rowid=2, part="q", size=2)],
        [put("screws", rowid=3, part=None, size=3)],
    )
    held = replay(database, journal)
    assert rows(database, "parts") == [("b", "q")]
    assert sorted(size for _, size in rows(database, "screws")) == [2, 3]
    assert set(held.lost) == {
        (Loss("things", "", "refused"), 1),
        (Loss("parts", "", "orphaned"), 1),
        (Loss("screws", "", "orphaned"), 1),
    }


def test_an_unknown_table_counts_what_is_left_of_it(database: sqlite3.Connection, tmp_path: Path) -> None:
    journal = wrote(
        tmp_path,
        [put("dreams", id=1), put("dreams", id=2), {"t": "dreams", "key": {"id": 2}, "set": {"text": "x"}}],
        [{"t": "dreams", "del": {"id": 1}}, put("gone", id=1), {"t": "gone", "del": {"id": 1}}],
    )
    assert replay(database, journal).lost == ((Loss("dreams", "", "table_unknown"), 1),)


def test_what_the_journal_lacks_or_cannot_say_is_counted(database: sqlite3.Connection, tmp_path: Path) -> None:
    journal = wrote(tmp_path, [put("things", name="a", number=1)], [put("things", name="b", number=1)], first=4)
    (segment,) = journal.glob("*.jsonl")
    segment.write_bytes(segment.read_bytes() + b'{"n":6,"at":1,"crc":0,"rows":[]}\n' + _line(9))
    held = replay(database, journal)
    assert held.missing == 3 + 3
    assert held.damaged == 1
    assert rows(database, "journal_mark") == [(1, 9)]


def _line(number: int) -> bytes:
    content = json.dumps([put("things", name="c", number=1)]).encode()
    return b'{"n":%d,"at":1,"crc":%d,"rows":%s}\n' % (number, zlib.crc32(content), content)


def test_a_replay_that_fails_leaves_the_copy_as_it_was(database: sqlite3.Connection, tmp_path: Path) -> None:
    journal = wrote(tmp_path, [put("things", name="a", number=1)], [put("things", name="b", number=1)])
    database.execute("CREATE TRIGGER no AFTER INSERT ON things WHEN NEW.name = 'b' BEGIN SELECT unheard_of(); END")
    with pytest.raises(sqlite3.OperationalError):
        replay(database, journal)
    assert rows(database, "things") == []
    assert rows(database, "journal_mark") == [(1, 0)]


def test_a_journal_is_the_same_one_while_its_segment_is(tmp_path: Path) -> None:
    assert lineage(tmp_path / "journal", 0) == Lineage(0)
    journal = wrote(tmp_path, [put("things", name="a", number=1)])
    begun = lineage(journal, 1)
    assert begun == Lineage(1, "00000001.jsonl", 7)
    assert continues(journal, begun)
    wrote(tmp_path, [put("things", name="b", number=1)], first=2)
    assert continues(journal, begun)
    (journal / "00000001.jsonl").unlink()
    assert continues(journal, begun), "it forgot its beginning, but it is the same one"
    for path in journal.iterdir():
        path.unlink()
    wrote(tmp_path, [put("things", name="a", number=1)], at_ms=8)
    assert not continues(journal, begun)
