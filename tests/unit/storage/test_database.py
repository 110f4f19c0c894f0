from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from appliance.foundation.errors import ClosedError, OverloadedError
from appliance.storage import DamagedError, Database, StorageError, StorageFullError
from appliance.storage.writer import Writer
from tests.fakes.clock import FakeClock
from tests.unit.storage.conftest import Opener


def put(name: str, number: object = 0):
    return lambda connection: (
        connection.execute("INSERT INTO things (name, number) VALUES (?, ?)", (name, number)).rowcount
    )


def names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM things ORDER BY rowid")]


async def test_a_write_is_seen_by_the_next_read(open_database: Opener) -> None:
    database = await open_database()
    assert await database.write(put("a")) == 1
    assert await database.read(names) == ["a"]


async def test_writes_that_wait_together_share_one_commit(open_database: Opener) -> None:
    database = await open_database()
    before = database.commits
    hold = threading.Event()
    first = asyncio.ensure_future(database.write(lambda connection: hold.wait(10)))
    rest = [asyncio.ensure_future(database.write(put(str(number)))) for number in range(100)]
    await asyncio.sleep(0)
    hold.set()
    await asyncio.gather(first, *rest)
    assert database.commits - before == 1
    assert await database.read(names) == [str(number) for number in range(100)]


async def test_a_write_that_fails_is_undone_alone(open_database: Opener) -> None:
    database = await open_database()
    await database.write(put("there"))

    def half(connection: sqlite3.Connection) -> None:
        put("half")(connection)
        raise KeyError("stop")

    results = await asyncio.gather(
        database.write(put("before")),
        database.write(half),
        database.write(put("there")),
        database.write(put("after")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [int, KeyError, sqlite3.IntegrityError, int]
    assert await database.read(names) == ["there", "before", "after"]


async def test_every_commit_reaches_the_disk(open_database: Opener) -> None:
    database = await open_database()
    assert await database.write(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert await database.write(lambda connection: connection.execute("PRAGMA mmap_size").fetchone()) in (
        None,
        (0,),
    )


async def test_a_write_that_acknowledges_nothing_waits_for_no_flush(open_database: Opener) -> None:
    def mode(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA synchronous").fetchone()[0])

    database = await open_database()
    assert [await database.write(mode, durable=durable) for durable in (False, True, False)] == [1, 2, 1]
    await database.write(put("lazy"), durable=False)
    assert await database.read(names) == ["lazy"]


async def test_a_durable_write_never_shares_a_commit_that_is_not_flushed(open_database: Opener) -> None:
    database = await open_database()
    before = database.commits
    hold = threading.Event()
    first = asyncio.ensure_future(database.write(lambda connection: hold.wait(10), durable=False))
    rest = [asyncio.ensure_future(database.write(put(name), durable=name == "c")) for name in "abcde"]
    await asyncio.sleep(0)
    hold.set()
    await asyncio.gather(first, *rest)
    assert database.commits - before == 2  # a and b with the first, d and e with c
    assert await database.read(names) == list("abcde")


async def test_a_reader_can_neither_write_nor_checkpoint(open_database: Opener) -> None:
    database = await open_database()
    with pytest.raises(StorageError, match="readonly"):
        await database.read(put("a"))
    assert await database.read(lambda connection: connection.execute("PRAGMA wal_autocheckpoint").fetchone()) == (0,)


async def test_the_file_is_private_to_its_owner(open_database: Opener, tmp_path: Path) -> None:
    await (await open_database()).write(put("a"))
    for path in [*tmp_path.glob("state.sqlite*"), *tmp_path.glob("journal/*")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


async def test_a_full_disk_is_told_as_such_and_the_gateway_goes_on_when_there_is_room(
    open_database: Opener,
) -> None:
    database = await open_database()
    await database.write(put("a"))
    pages = await database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone())
    results = await asyncio.gather(
        *(database.write(put(str(number), "x" * 3000)) for number in range(5)), return_exceptions=True
    )
    assert any(isinstance(result, StorageFullError) for result in results)
    kept = [str(number) for number, result in enumerate(results) if result == 1]
    assert await database.read(names) == ["a", *kept]
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count=100000").fetchone())
    await database.write(put("b"))
    assert (await database.read(names))[-1] == "b"


async def test_a_journal_that_cannot_be_written_fails_the_write_and_keeps_nothing(
    open_database: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await open_database()
    await database.write(put("a"))
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        write(descriptor, bytes(data)[:5])  # a full disk takes the beginning of a line
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StorageFullError, match="free some space"):
            await database.write(put("lost"))
    await database.write(put("b"))
    assert await database.read(names) == ["a", "b"]
    await database.aclose()
    database.path.unlink()
    again = await open_database()
    assert again.recovered is not None
    assert again.recovered.damaged == 0
    assert await again.read(names) == ["a", "b"]


async def test_a_work_that_ends_the_transaction_fails_with_everyone_who_shares_it(
    open_database: Opener,
) -> None:
    database = await open_database()

    def rogue(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")

    results = await asyncio.gather(database.write(put("a")), database.write(rogue), return_exceptions=True)
    assert isinstance(results[1], Exception)
    assert ["a"] * (results[0] == 1) == await database.read(names)
    await database.write(put("b"))


@pytest.mark.parametrize(("waiting", "refused"), [(3, 0), (4, 1)])
async def test_the_queue_of_the_writer_is_bounded(tmp_path: Path, clock: FakeClock, waiting: int, refused: int) -> None:
    from appliance.storage.connection import connect_writer
    from appliance.storage.writer import Opened

    path = tmp_path / "state.sqlite"
    writer = Writer(path, lambda: Opened(connect_writer(path), None, None), clock, lambda error: None, limit=3)
    await writer.start()
    hold = threading.Event()
    accepted, overloaded = [], 0
    for _ in range(waiting):
        try:
            accepted.append(writer.submit(lambda connection: hold.wait(10)))
        except OverloadedError:
            overloaded += 1
    assert overloaded == refused
    hold.set()
    await asyncio.gather(*accepted)
    writer.submit(lambda connection: None)
    await writer.aclose()


async def test_closing_finishes_what_is_queued_and_refuses_the_rest(open_database: Opener) -> None:
    database = await open_database()
    queued = [asyncio.ensure_future(database.write(put(str(number)))) for number in range(50)]
    await asyncio.sleep(0)
    await database.aclose()
    assert await asyncio.gather(*queued) == [1] * 50
    with pytest.raises(ClosedError):
        await database.write(put("late"))
    with pytest.raises(ClosedError):
        await database.read(names)
    assert await (await open_database()).read(names) == [str(number) for number in range(50)]


async def test_a_caller_that_gives_up_does_not_undo_its_write(open_database: Opener) -> None:
    database = await open_database()
    hold = threading.Event()
    blocked = asyncio.ensure_future(database.write(lambda connection: hold.wait(10)))
    task = asyncio.ensure_future(database.write(put("a")))
    await asyncio.sleep(0)
    task.cancel()
    hold.set()
    await blocked
    await database.write(put("b"))
    assert await database.read(names) == ["a", "b"]


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(StorageError, match="cannot open"):
        await Database.open(tmp_path / "missing" / "state.sqlite", (), clock=clock)


async def test_a_damaged_file_without_a_journal_is_refused_and_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedError, match="damaged"):
        await Database.open(path, (), clock=clock)
    assert path.read_bytes().startswith(b"no database")


async def test_the_write_ahead_log_does_not_grow_without_bound(open_database: Opener, tmp_path: Path) -> None:
    database = await open_database()
    for number in range(600):
        await database.write(put(str(number), "x" * 500))
    assert (tmp_path / "state.sqlite-wal").stat().st_size < 16 << 20
    await database.aclose()
    assert not (tmp_path / "state.sqlite-wal").exists()


async def test_a_quiet_moment_brings_the_write_ahead_log_into_the_file(open_database: Opener) -> None:
    database = await open_database()
    size = database.path.stat().st_size
    for number in range(101):
        await database.write(put(f"{number}", "x" * 2000), durable=False)
    while database.path.stat().st_size == size:  # the limit of one test ends this
        await asyncio.sleep(0.01)
