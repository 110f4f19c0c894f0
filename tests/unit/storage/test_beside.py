from __future__ import annotations

import asyncio
from pathlib import Path

from appliance.storage.copies.beside import problems
from tests.unit.storage.conftest import Opener


async def test_a_database_is_read_beside_the_one_who_writes_in_it(open_database: Opener, tmp_path: Path) -> None:
    database = await open_database()
    await database.write(lambda connection: connection.execute("INSERT INTO loose VALUES ('a')").rowcount)
    log = tmp_path / "state.sqlite-wal"
    before = log.stat().st_size
    assert await asyncio.to_thread(problems, tmp_path / "state.sqlite") == []
    assert log.stat().st_size == before
    await database.write(lambda connection: connection.execute("INSERT INTO loose VALUES ('b')").rowcount)
    assert await database.integrity_check() == []


async def test_rows_that_point_nowhere_and_pages_that_are_torn_are_found(open_database: Opener, tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    database = await open_database()
    await database.write(lambda connection: connection.execute("INSERT INTO things VALUES ('a', 1, NULL)").rowcount)
    await database.write(lambda connection: connection.execute("INSERT INTO parts VALUES ('a', 'p')").rowcount)
    await database.aclose()

    def break_it() -> None:
        content = path.read_bytes()
        path.write_bytes(content[:4096] + b"\xff" * 4096 + content[8192:])

    assert await asyncio.to_thread(problems, path) == []
    break_it()
    assert await asyncio.to_thread(problems, path)
    path.write_bytes(b"no database" * 1000)
    assert await asyncio.to_thread(problems, path)
    path.unlink()
    assert await asyncio.to_thread(problems, path) == []
