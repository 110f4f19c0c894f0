"""How connections to the database file are opened, how its errors are told, and the pool that reads.

Exactly one connection of one process writes and checkpoints: SQLite before 3.51.3 can lose pages when two do so at the
same instant (WAL-reset fault). Every other connection is `query_only` and never checkpoints; nothing is memory-mapped.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from appliance.foundation.errors import ClosedError, OverloadedError
from appliance.storage.errors import DamagedError, StorageError, StorageFullError

T = TypeVar("T")

_BUSY_TIMEOUT_S = 5.0
# Resident memory. What is hot stays in the page cache of the system anyway: with 2 MiB turns were no faster.
_WRITER_CACHE_KIB = 512
_READER_CACHE_KIB = 256
_WAL_KEPT_BYTES = 16 << 20
_MAX_PENDING_READS = 2048


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the connection that writes and checkpoints; create the file (mode 0600) when it is missing.

    Raises StorageError, StorageFullError, DamagedError.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = _connect(path)
    except OSError as error:
        raise StorageError(f"cannot open {path}: {error.strerror}; check that this user owns it") from error
    try:
        if connection.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
            raise StorageError(f"{path} lies on a file system without WAL support; move the state to a local disk")
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # REPLACE then fires delete triggers, which the journal and indexes need
            "wal_autocheckpoint=0",  # the writer thread checkpoints after it has answered
            f"journal_size_limit={_WAL_KEPT_BYTES}",
            f"cache_size=-{_WRITER_CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that can neither write nor checkpoint."""
    connection = _connect(path)
    for pragma in ("query_only=ON", "wal_autocheckpoint=0", f"cache_size=-{_READER_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,  # transactions are ours alone
        check_same_thread=False,  # each connection has one thread; closing may happen in another
        timeout=_BUSY_TIMEOUT_S,
        cached_statements=256,
    )
    connection.execute("PRAGMA mmap_size=0")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def translate(error: sqlite3.Error, path: Path) -> Exception:
    """Return the error of ours that names the fix, or `error` itself when it speaks of one statement only."""
    # Extended codes carry the primary one in the low byte (sqlite.org/rescode.html).
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StorageFullError(f"no room left on the disk of {path.parent}; free some space and try again")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DamagedError(
                f"the database {path} is damaged ({error}); `homarus gateway restart`: the gateway then sets the file"
                " aside and rebuilds it from the newest backup and the journal"
            )
        case sqlite3.SQLITE_IOERR:
            return StorageError(f"the disk of {path.parent} failed ({error}); check the disk and its cable or card")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StorageError(f"cannot write {path} ({error}); check that this user owns it and the disk is writable")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageError(f"another program holds {path} locked; close it (only the gateway may open this file)")
    return error


class Readers:
    """A few threads, each with one `query_only` connection that is opened with its first question."""

    def __init__(self, path: Path, count: int, damaged: Callable[[DamagedError], None]) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._pending = 0
        self._closed = False
        self._damaged = damaged
        self._ended = [self._loop.create_future() for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._serve, args=(ended,), name="database-reader", daemon=True)
            for ended in self._ended
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Queue `work`. Raises OverloadedError, ClosedError."""
        if self._closed:
            raise ClosedError("the database is closed")
        if self._pending >= _MAX_PENDING_READS:
            raise OverloadedError(f"{self._pending} reads wait for the database; try again in a moment")
        self._pending += 1
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((work, future))
        return future

    async def aclose(self) -> None:
        """Answer what is queued, then close the connections."""
        if not self._closed:
            self._closed = True
            for _ in self._threads:
                self._queue.put(None)
        await asyncio.gather(*self._ended)
        for thread in self._threads:
            thread.join()

    def _serve(self, ended: asyncio.Future[None]) -> None:
        connection: sqlite3.Connection | None = None
        while (item := self._queue.get()) is not None:
            work, future = item
            value: Any = None
            failure: Exception | None = None
            try:
                if connection is None:
                    connection = connect_reader(self._path)
                value = work(connection)
            except sqlite3.Error as error:
                failure = translate(error, self._path)
                if failure is not error:
                    failure.__cause__ = error
                if isinstance(failure, DamagedError):
                    self._damaged(failure)
            except Exception as error:  # noqa: BLE001 - it goes to the caller, the thread lives on
                failure = error
            self._post(self._answer, future, value, failure)
        if connection is not None:
            connection.close()
        self._post(ended.set_result, None)

    def _post(self, callback: Callable[..., None], *args: Any) -> None:
        if not self._loop.is_closed():  # a loop that died without aclose has nobody left to tell
            self._loop.call_soon_threadsafe(callback, *args)

    def _answer(self, future: asyncio.Future[Any], value: Any, failure: Exception | None) -> None:
        self._pending -= 1
        if not future.done():
            if failure is None:
                future.set_result(value)
            else:
                future.set_exception(failure)
