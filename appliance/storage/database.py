"""The one door to the database of a gateway."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from appliance.foundation.clock import Clock
from appliance.storage.backup import copy
from appliance.storage.capture import Capture
from appliance.storage.connection import Readers, connect_reader, connect_writer, translate
from appliance.storage.errors import DamagedError
from appliance.storage.journal import Journal, segments
from appliance.storage.migrations import STORAGE_MIGRATIONS, Migration, applied, apply, pending
from appliance.storage.rebuild import RebuildReport, Replay, check, rebuild
from appliance.storage.writer import Opened, Writer

_log = logging.getLogger(__name__)

T = TypeVar("T")

_KEPT_BEFORE_UPDATES = 2


@dataclass(slots=True)
class _Opening:
    """What has to be known to open the files, and what was found while opening them."""

    path: Path
    migrations: tuple[Migration, ...]
    clock: Clock
    journal: Path | None
    backups: Path | None
    report: RebuildReport | None = None
    needs_backup: bool = False

    @property
    def marker(self) -> Path:
        return damage_marker(self.path)

    def open(self) -> Opened:
        """Open, rebuild where needed, migrate, catch up with the journal. Runs in the writer thread."""
        if reason := self._rebuild_reason():
            self._rebuild(reason)
        try:
            return self._open()
        except (DamagedError, sqlite3.DatabaseError) as error:
            damage = translate(error, self.path) if isinstance(error, sqlite3.Error) else error
            if not isinstance(damage, DamagedError) or self.journal is None or self.report is not None:
                raise
            self._rebuild(str(error))
            return self._open()

    def _rebuild_reason(self) -> str | None:
        if self.journal is None:
            return None
        if self.marker.exists():
            return self.marker.read_text() or "marked as damaged"
        copies = self.backups is not None and any(self.backups.glob("*.sqlite"))
        if not self.path.exists() and (copies or segments(self.journal)):
            return "the database file is missing"
        return None

    def _rebuild(self, reason: str) -> None:
        if self.journal is None:
            return
        self.report = rebuild(
            self.path,
            self.migrations,
            journal=self.journal,
            backups=self.backups,
            reason=reason,
            now_ms=self.clock.now_ms(),
        )
        self.marker.unlink(missing_ok=True)
        self.needs_backup = True

    def _open(self) -> Opened:
        connection = connect_writer(self.path)
        try:
            self._migrate(connection)
            if self.journal is None:
                return Opened(connection, None, None)
            journal = Journal(self.journal)
            self._reconcile(connection, journal)
            return Opened(connection, journal, Capture(connection))
        except BaseException:
            connection.close()
            raise

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if not pending(connection, self.migrations):
            return
        if self.backups is not None and applied(connection):
            # The state before an update stays restorable.
            before = self.backups / f"before-update-{self.clock.now_ms()}.sqlite.kept"
            copy(self.path, before)
            for old in sorted(self.backups.glob("before-update-*"))[:-_KEPT_BEFORE_UPDATES]:
                old.unlink()
        _log.info("migrations applied: %s", ", ".join(apply(connection, self.migrations)))

    def _reconcile(self, connection: sqlite3.Connection, journal: Journal) -> None:
        (mark,) = connection.execute("SELECT batch FROM journal_mark").fetchone()
        if journal.last > mark:
            replay = Replay(connection, self.migrations)
            replay.run(journal.directory)
            self.needs_backup = self.needs_backup or replay.gap
            _log.warning("database caught up with its journal by %d batches", replay.batches)
        names = tuple(applied(connection))
        if journal.migrations != names or journal.last < mark:
            # A journal that lost batches can no longer stand alone: it starts anew on top of the next backup. The same
            # holds for one that a newer version wrote: this one reads only a part of it.
            newer = bool(set(journal.migrations or ()) - set(names))
            self.needs_backup = self.needs_backup or journal.last < mark or newer
            journal.last = max(journal.last, mark)
            journal.start_segment(journal.last + 1, names, self.clock.now_ms())


def damage_marker(path: Path) -> Path:
    """Return the file that says the database has to be rebuilt at the next start; its text is the reason."""
    return path.with_name(path.name + ".damaged")


class Database:
    """One SQLite file: one thread writes, a few threads read. Open it once in one process."""

    def __init__(self, opening: _Opening, writer: Writer, readers: Readers) -> None:
        self._opening = opening
        self._writer = writer
        self._readers = readers

    @classmethod
    async def open(
        cls,
        path: Path,
        migrations: Sequence[Migration],
        *,
        clock: Clock,
        readers: int = 2,
        journal: Path | None = None,
        backups: Path | None = None,
    ) -> Database:
        """Open or create the database and bring its schema up to date.

        With `journal` (a directory) every commit is journaled, and a damaged or missing file is rebuilt from the newest
        backup and the journal; `recovered` then tells what was done. Raises StorageError and its kinds.
        """
        opening = _Opening(path, (*STORAGE_MIGRATIONS, *migrations), clock, journal, backups)
        writer = Writer(path, opening.open, clock, lambda error: _mark(path, error))
        await writer.start()
        return cls(opening, writer, Readers(path, readers, lambda error: _mark(path, error)))

    @property
    def path(self) -> Path:
        return self._opening.path

    @property
    def journal(self) -> Path | None:
        """The directory of the journal, if one is kept."""
        return self._opening.journal

    @property
    def recovered(self) -> RebuildReport | None:
        """What a rebuild at open did, for the health of the box."""
        return self._opening.report

    @property
    def needs_backup(self) -> bool:
        """The journal alone does not reach from the newest backup to now: make a backup at once."""
        return self._opening.needs_backup

    @property
    def commits(self) -> int:
        """How many group commits there were (a count for benches and metrics)."""
        return self._writer.commits

    async def write(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Run `work` in the writer thread; return its result after the commit is on the disk (synchronous=FULL).

        With `durable=False` it returns after the commit: every later reader sees it and a crash of this process keeps
        it, but a power cut may undo it as long as no durable write has followed. For what acknowledges nothing.

        All works that wait at one moment share a commit; each has its own savepoint and fails alone. `work` must
        neither commit nor wait. Raises what `work` raises, StorageFullError, DamagedError, OverloadedError,
        ClosedError.
        """
        return await self._writer.submit(work, durable=durable)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on a connection that cannot write. Raises what `work` raises, OverloadedError, ClosedError."""
        return await self._readers.submit(work)

    async def backup(self, target: Path) -> None:
        """Copy the whole database into the new file `target`, checked before it gets its name."""
        await asyncio.to_thread(copy, self.path, target)
        if target.parent == self._opening.backups:
            self._opening.needs_backup = False

    async def integrity_check(self) -> list[str]:
        """Return what SQLite finds wrong; empty when the file is sound. Damage is rebuilt at the next start."""
        found = await asyncio.to_thread(self._check)
        if found:
            _mark(self.path, DamagedError("; ".join(found[:3])))
        return found

    def _check(self) -> list[str]:
        connection = connect_reader(self.path)
        try:
            return check(connection)
        except sqlite3.DatabaseError as error:
            return [str(error)]
        finally:
            connection.close()

    async def aclose(self) -> None:
        """Finish what is queued, then close every connection and thread. The writer is the last to close."""
        await self._readers.aclose()
        await self._writer.aclose()


def _mark(path: Path, error: DamagedError) -> None:
    """Remember the damage for the next start; rebuilding under running conversations would lose more."""
    marker = damage_marker(path)
    if not marker.exists():
        _log.error("%s", error)
        marker.write_text(str(error))
        os.chmod(marker, 0o600)
