from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.storage import Backups, DamagedError, StorageError
from appliance.storage.backup import mark
from appliance.storage.journal import held, hold, segments
from tests.fakes.clock import FakeClock
from tests.unit.storage.conftest import Opener

_HOUR_S = 3600


def add(text: str):
    return lambda connection: connection.execute("INSERT INTO loose VALUES (?)", (text,)).rowcount


async def test_a_backup_is_one_sound_file_with_everything_in_it(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    for number in range(10):
        await database.write(add(str(number)))
    path = await Backups(tmp_path / "backups", UTC).run(database, clock.now_ms())
    assert [each.name for each in (tmp_path / "backups").iterdir()] == [path.name]
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM loose").fetchone() == (10,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert await asyncio.to_thread(mark, path) == 10


async def test_only_the_newest_are_kept_and_the_journal_forgets_what_they_hold(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    backups = Backups(tmp_path / "backups", UTC, keep=2)
    for round_ in range(4):
        await database.write(add("x" * (17 << 20)))  # over the size of a segment
        await database.write(add("small"))
        await backups.run(database, clock.now_ms())
        clock.advance(_HOUR_S)
        assert len(backups.all()) == min(2, round_ + 1)
    assert await asyncio.to_thread(mark, backups.all()[0]) == 8
    assert len(segments(tmp_path / "journal")) <= 3


async def test_the_journal_of_a_copy_elsewhere_is_held_until_it_is_over_its_limit(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    journal = tmp_path / "journal"
    await asyncio.to_thread(hold, journal, 0)
    for limit in (1 << 30, 1):
        backups = Backups(tmp_path / "backups", UTC, keep=2, journal_limit_bytes=limit)
        for _ in range(2):
            await database.write(add("x" * (17 << 20)))  # over the size of a segment
            await database.write(add("small"))
            await backups.run(database, clock.now_ms())
            clock.advance(_HOUR_S)
        if limit > 1:
            assert len(segments(journal)) == 3
    assert len(segments(journal)) == 1
    await asyncio.to_thread(hold, journal, None)
    assert held(journal, 7) == 7


async def test_a_backup_is_due_once_a_night_and_after_a_night_that_was_missed(
    open_database: Opener, tmp_path: Path
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    database = await open_database()
    backups = Backups(tmp_path / "backups", zone, hour=3)
    made = 1_795_000_000_000  # 2026-11-18 12:26 in Berlin
    await backups.run(database, made)
    assert not backups.due(database, made + 14 * _HOUR_S * 1000)  # 02:26 the next night
    assert backups.due(database, made + 15 * _HOUR_S * 1000)  # 03:26
    assert backups.due(database, made + 100 * _HOUR_S * 1000)


async def test_a_journal_over_its_limit_makes_a_backup_due(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    await database.write(add("x" * 1000))
    assert not Backups(tmp_path / "backups", UTC).due(database, clock.now_ms())
    assert Backups(tmp_path / "backups", UTC, journal_limit_bytes=1000).due(database, clock.now_ms())


async def test_damage_found_by_the_backup_is_rebuilt_at_the_next_start(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    for number in range(200):
        await database.write(add(f"{number} " + "x" * 500))
    await database.aclose()
    content = bytearray(database.path.read_bytes())
    content[-4096 * 3 :] = b"\xff" * (4096 * 3)
    database.path.write_bytes(content)
    database = await open_database()
    assert database.recovered is None, "the damage is where nobody has looked yet"
    with pytest.raises(DamagedError):
        await Backups(tmp_path / "backups", UTC).run(database, clock.now_ms())
    await database.aclose()
    database = await open_database()
    assert database.recovered is not None
    assert (await database.read(lambda connection: connection.execute("SELECT count(*) FROM loose").fetchone())) == (
        200,
    )
    assert await database.integrity_check() == []
    assert list(tmp_path.glob("state.sqlite.damaged-*")), "the damaged file is kept"


async def test_the_service_makes_what_is_due_and_tells_what_came_of_it(
    open_database: Opener, tmp_path: Path, clock: FakeClock
) -> None:
    database = await open_database()
    await database.write(add("x"))
    backups = Backups(tmp_path / "backups", UTC)
    told: asyncio.Queue[StorageError | None] = asyncio.Queue()
    clock.advance(24 * _HOUR_S)
    async with asyncio.timeout(10):
        service = asyncio.ensure_future(backups.serve(database, clock, told.put_nowait))
        assert await told.get() is None
        while not clock.sleeping:
            await asyncio.sleep(0)
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "backups").rename(tmp_path / "moved")
        (tmp_path / "backups").write_text("somebody put a file here")
        clock.advance(24 * _HOUR_S)
        assert isinstance(await told.get(), StorageError)
    service.cancel()
    await asyncio.gather(service, return_exceptions=True)
