"""The one thread that writes: whatever is queued at a moment shares one commit, and its callers return after it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from appliance.foundation.clock import Clock
from appliance.foundation.errors import ClosedError, OverloadedError
from appliance.storage.capture import Capture
from appliance.storage.connection import translate
from appliance.storage.errors import DamagedError, StorageError
from appliance.storage.journal import Journal

_log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

_MAX_QUEUED = 8192
# A commit takes in at most this much, so that the first of a batch does not wait for a crowd.
_MAX_BATCH = 512
_MAX_BATCH_S = 0.02
# Writes between two checkpoints. A commit writes about 8 pages here; SQLite's own default is 1000 pages. One takes some
# milliseconds, so a quiet moment is used for it long before a busy writer has to stop for it.
_CHECKPOINT_COMMITS = 500
_CHECKPOINT_CHANGES = 8000
_QUIET_COMMITS = 100
_QUIET_S = 0.25


class Opened(NamedTuple):
    """What the writer thread works with: the connection that writes and, where one is kept, the journal."""

    connection: sqlite3.Connection
    journal: Journal | None
    capture: Capture | None


class _Item(NamedTuple):
    """One write. Only where `durable` is set does the caller return after the disk has it."""

    work: Work
    future: asyncio.Future[Any]
    durable: bool


class _Outcome(NamedTuple):
    future: asyncio.Future[Any]
    value: Any
    error: Exception | None


class Writer:
    """Group commit. `open_files` runs in the thread; `damaged` hears of a damaged file, in the thread."""

    def __init__(
        self,
        path: Path,
        open_files: Callable[[], Opened],
        clock: Clock,
        damaged: Callable[[DamagedError], None],
        *,
        limit: int = _MAX_QUEUED,
    ) -> None:
        self.commits = 0
        self._path = path
        self._open_files = open_files
        self._clock = clock
        self._damaged = damaged
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._held: _Item | None = None  # taken from the queue, but for the next commit
        self._flushes = True  # what SQLite was told last
        self._uncopied = 0  # commits since the last checkpoint
        self._copied_changes = 0  # rows changed up to the last checkpoint
        self._pending = 0
        self._closed = False
        self._stopping = False
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)

    async def start(self) -> None:
        """Open the files in the thread. Raises what `open_files` raises; the thread has then ended."""
        self._thread.start()
        try:
            await self._opened
        except BaseException:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
            raise

    def submit(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> asyncio.Future[T]:
        """Queue `work` for the next commit. Raises OverloadedError, ClosedError."""
        if self._closed:
            raise ClosedError("the database is closed")
        if self._pending >= self._limit:
            raise OverloadedError(f"{self._pending} writes wait for the disk; try again in a moment")
        self._pending += 1
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Item(work, future, durable))
        return future

    async def aclose(self) -> None:
        """Commit what is queued, checkpoint, close."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    # Everything below runs in the writer thread, except _answer and _settle.

    def _run(self) -> None:
        try:
            files = self._open_files()
        except Exception as error:  # noqa: BLE001 - told to whoever opens
            failure = translate(error, self._path) if isinstance(error, sqlite3.Error) else error
            self._post(self._settle, self._opened, failure)
            return
        self._post(self._settle, self._opened, None)
        while not self._stopping and (item := self._next(files)) is not None:
            outcomes = self._batch(files, item)
            self._post(self._answer, outcomes)
            self._uncopied += 1
            if (
                self._uncopied >= _CHECKPOINT_COMMITS
                or files.connection.total_changes - self._copied_changes >= _CHECKPOINT_CHANGES
            ):
                # After the answers: nobody waits for it but the next batch.
                self._checkpoint(files, "PASSIVE")
        self._checkpoint(files, "TRUNCATE")
        files.connection.close()
        if files.journal is not None:
            files.journal.close()
        self._post(self._settle, self._ended, None)

    def _next(self, files: Opened) -> _Item | None:
        """Wait for a write; None means the end."""
        if self._held is not None:
            item, self._held = self._held, None
            return item
        if self._uncopied >= _QUIET_COMMITS:
            try:
                return self._queue.get(timeout=_QUIET_S)
            except Empty:
                self._checkpoint(files, "PASSIVE")
        return self._queue.get()

    def _batch(self, files: Opened, first: _Item) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        try:
            self._flush_commits(files.connection, first.durable)
            files.connection.execute("BEGIN IMMEDIATE")
            self._fill(files, first, outcomes)
            self._commit(files, first.durable)
        except Exception as error:  # noqa: BLE001 - told to every caller of the batch
            failure = self._told(error)
            self._abandon(files)
            if not outcomes:
                outcomes.append(_Outcome(first.future, None, failure))
            # Nothing of this transaction was kept: nobody in it may believe otherwise.
            return [outcome if outcome.error else _Outcome(outcome.future, None, failure) for outcome in outcomes]
        self.commits += 1
        return outcomes

    def _flush_commits(self, connection: sqlite3.Connection, flush: bool) -> None:
        """Have SQLite flush its commits, or leave them to the next one that is flushed (same file, so in order)."""
        if flush is not self._flushes:
            connection.execute(f"PRAGMA synchronous={'FULL' if flush else 'NORMAL'}")
            self._flushes = flush

    def _fill(self, files: Opened, first: _Item, outcomes: list[_Outcome]) -> None:
        deadline = self._clock.monotonic() + _MAX_BATCH_S
        item: _Item | None = first
        while item is not None:
            outcomes.append(_Outcome(item.future, None, None))  # answered whatever happens next
            outcomes[-1] = self._one(files, item.work, item.future)
            if not files.connection.in_transaction:
                # A full or failing disk makes SQLite roll everything back by itself.
                raise outcomes[-1].error or StorageError("a write ended the transaction that it shares; report this")
            if len(outcomes) >= _MAX_BATCH or self._clock.monotonic() > deadline:
                return
            try:
                item = self._queue.get_nowait()
            except Empty:
                return
            self._stopping = item is None
            if item is not None and item.durable and not first.durable:
                self._held = item
                return

    def _one(self, files: Opened, work: Work, future: asyncio.Future[Any]) -> _Outcome:
        connection, records = files.connection, files.capture.records if files.capture else []
        kept = len(records)
        connection.execute("SAVEPOINT work")
        try:
            value = work(connection)
            connection.execute("RELEASE work")
        except Exception as error:  # noqa: BLE001 - told to the caller, the others go on
            del records[kept:]
            if connection.in_transaction:
                connection.execute("ROLLBACK TO work")
                connection.execute("RELEASE work")
            return _Outcome(future, None, self._told(error))
        return _Outcome(future, value, None)

    def _commit(self, files: Opened, flush: bool) -> None:
        connection, journal, capture = files
        if journal is None or capture is None or not capture.records:
            connection.execute("COMMIT")
            return
        batch = journal.last + 1
        connection.execute("UPDATE journal_mark SET batch = ? WHERE id = 1", (batch,))
        # Written before and flushed beside the commit. A process that is killed leaves the journal at most one batch
        # ahead, which open catches up; a power cut may leave it behind, which open answers with a new backup.
        journal.append(batch, capture.records, self._clock.now_ms(), flush=flush)
        try:
            connection.execute("COMMIT")
        except sqlite3.Error:
            journal.retract()
            raise
        capture.records.clear()
        journal.settle()

    def _abandon(self, files: Opened) -> None:
        if files.capture is not None:
            files.capture.records.clear()
        if files.connection.in_transaction:
            try:
                files.connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                _log.error("rollback failed: %s", error)

    def _told(self, error: Exception) -> Exception:
        failure = translate(error, self._path) if isinstance(error, sqlite3.Error) else error
        if failure is not error:
            failure.__cause__ = error
        if isinstance(failure, DamagedError):
            self._damaged(failure)
        return failure

    def _checkpoint(self, files: Opened, mode: str) -> None:
        self._uncopied, self._copied_changes = 0, files.connection.total_changes
        try:
            if files.journal is not None:
                files.journal.flush()  # the database file must never hold more than its journal
            files.connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        except (sqlite3.Error, StorageError) as error:
            # The pages stay in the WAL and are tried again; a write that needs the room will say so.
            _log.warning("checkpoint failed: %s", self._told(error))

    def _post(self, callback: Callable[..., None], *args: Any) -> None:
        if not self._loop.is_closed():  # a loop that died without aclose has nobody left to tell
            self._loop.call_soon_threadsafe(callback, *args)

    def _answer(self, outcomes: list[_Outcome]) -> None:
        self._pending -= len(outcomes)
        for future, value, error in outcomes:
            if future.done():
                continue  # the caller was cancelled; the write stands
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    def _settle(self, future: asyncio.Future[None], error: Exception | None) -> None:
        if not future.done():
            future.set_exception(error) if error is not None else future.set_result(None)
