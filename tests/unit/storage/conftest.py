from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from appliance.storage import Database, Migration
from tests.fakes.clock import FakeClock

MIGRATIONS = (
    Migration(
        "test:0001_things",
        """
        CREATE TABLE things (name TEXT PRIMARY KEY, number, body BLOB);
        CREATE TABLE parts (thing TEXT NOT NULL REFERENCES things (name) ON DELETE CASCADE, part TEXT, UNIQUE (part));
        CREATE TABLE pairs (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
        CREATE TABLE loose (text TEXT);
        """,
    ),
)

Opener = Callable[..., Awaitable[Database]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def open_database(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Opener]:
    """Open the database of one test, journaled; closed when the test ends."""
    async with AsyncExitStack() as stack:

        async def open_it(migrations: tuple[Migration, ...] = MIGRATIONS, *, journaled: bool = True) -> Database:
            database = await Database.open(
                tmp_path / "state.sqlite",
                migrations,
                clock=clock,
                journal=tmp_path / "journal" if journaled else None,
                backups=tmp_path / "backups" if journaled else None,
            )
            stack.push_async_callback(database.aclose)
            return database

        yield open_it
