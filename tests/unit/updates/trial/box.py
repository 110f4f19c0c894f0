"""A small box on disk: two versions of a program with one database, and starts of the machine that may be cut off."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance.storage import Database, Migration
from appliance.updates.trial import record
from appliance.updates.trial.commit import commit
from appliance.updates.trial.model import Release
from appliance.updates.trial.places import Places
from appliance.updates.trial.prepare import Prepared, prepare_state
from tests.fakes.clock import FakeClock

OLD = Release("A", "1.0.0", "one")
NEW = Release("B", "1.1.0", "two")
THIRD = Release("A", "1.2.0", "three")

_FIRST = Migration(
    "test:0001_first",
    """
    CREATE TABLE entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL, colour TEXT);
    CREATE TABLE identity_devices (device_id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
    CREATE TABLE blob_uses (entry INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, hash TEXT NOT NULL);
    """,
)
_SECOND = Migration(
    "test:0002_second",
    """
    CREATE TABLE dreams (id INTEGER PRIMARY KEY, text TEXT);
    ALTER TABLE entries ADD COLUMN mood TEXT;
    ALTER TABLE entries DROP COLUMN colour;
    UPDATE entries SET text = 'rewritten: ' || text;
    """,
)
SCHEMAS = {OLD: (_FIRST,), NEW: (_FIRST, _SECOND), THIRD: (_FIRST, _SECOND)}
NOW_MS = 1_795_000_000_000


@dataclass
class Box:
    """Starts versions and lets them write. `now_ms` goes on by a minute with every start."""

    root: Path
    now_ms: int = NOW_MS
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def places(self) -> Places:
        return Places.on(self.root)

    def boot(self, release: Release) -> Prepared:
        self.places.state.mkdir(parents=True, exist_ok=True)
        self.now_ms += 60_000
        return prepare_state(self.places, release, self.now_ms)

    def run(self, release: Release, *statements: str) -> None:
        """Open the database as the gateway of a version does, and write."""
        self.clock.jump(60)
        asyncio.run(self._run(release, statements))

    async def _run(self, release: Release, statements: tuple[str, ...]) -> None:
        paths = self.places.paths
        database = await Database.open(
            paths.database, SCHEMAS[release], clock=self.clock, journal=paths.journal, backups=paths.backups
        )
        try:
            for statement in statements:
                await database.write(_executed(statement))
            assert await database.integrity_check() == []
        finally:
            await database.aclose()

    def commit(self, release: Release) -> bool:
        return commit(self.places, release, self.now_ms)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.places.paths.database)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def texts(self) -> list[str]:
        return [text for (text,) in self.rows("SELECT text FROM entries ORDER BY id")]

    def report(self) -> Any:
        (path,) = record.report_files(self.places)
        return record.read_report(path)


def _executed(statement: str) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.execute(statement).rowcount


def say(number: int, text: str, **more: str) -> str:
    names = "".join(f", {name}" for name in more)
    values = "".join(f", '{value}'" for value in more.values())
    return f"INSERT INTO entries (id, text{names}) VALUES ({number}, '{text}'{values})"


def pair(name: str) -> str:
    return f"INSERT INTO identity_devices VALUES ('{name}', '{{}}')"


class PowerCut(BaseException):
    """The machine is off: nothing that follows reaches the disk."""


_CALLS = ("replace", "rename", "fsync", "fdatasync", "unlink", "remove", "rmdir", "mkdir", "open", "chmod")


class Disk:
    """Cuts the power before the given call that changes names or flushes; what was not flushed by then is torn."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.calls = 0
        self.off_at: int | None = None
        self._flushed: dict[int, tuple[int, int]] = {}
        self._patch = monkeypatch

    @contextmanager
    def until(self, off_at: int | None) -> Iterator[None]:
        """Run with a cut before call number `off_at`. Swallows the cut."""
        self.calls, self.off_at = 0, off_at
        self._flushed = {path.stat().st_ino: _state(path) for path in self._files()}
        with self._patch.context() as patch:
            for name in _CALLS:
                patch.setattr(os, name, self._watched(name, getattr(os, name)))
            with suppress(PowerCut):
                yield
        if off_at is not None and self.calls > off_at:
            self._tear()

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if name == "open" and not (len(arguments) > 1 and arguments[1] & os.O_CREAT):
                return real(*arguments, **more)
            if self.off_at is not None and self.calls >= self.off_at:
                self.calls = self.off_at + 1
                raise PowerCut
            self.calls += 1
            if name not in ("fsync", "fdatasync"):
                return real(*arguments, **more)
            # Noted, not done: what counts is who asked for it.
            status = os.fstat(arguments[0])
            self._flushed[status.st_ino] = (status.st_size, status.st_mtime_ns)
            return None

        return call

    def _files(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if path.is_file()]

    def _tear(self) -> None:
        for path in self._files():
            # SQLite flushes its own files by itself; the lock holds nothing.
            if path.name in ("homarus.sqlite", "gateway.lock") or path.name.endswith(("-shm", "-wal")):
                continue
            if self._flushed.get(path.stat().st_ino) != _state(path):
                os.truncate(path, path.stat().st_size // 2)


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
