"""Nightly copies of the running database, each checked before it counts; then the journal may forget."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from appliance.foundation.clock import Clock
from appliance.storage import journal as journals
from appliance.storage.connection import connect_reader, translate
from appliance.storage.copies import files
from appliance.storage.errors import DamagedError, StorageError, StorageFullError
from appliance.storage.rebuild import check

_log = logging.getLogger(__name__)

_SPARE_BYTES = 64 << 20
_JOURNAL_LIMIT_BYTES = 256 << 20
_LOOK_EVERY_S = 600.0
_NAME = "homarus-%Y%m%dT%H%M%S.sqlite"
_COPY = re.compile(r"homarus-\d{8}T\d{6}\.sqlite")


class Source(Protocol):
    """What the backups need of a database."""

    @property
    def journal(self) -> Path | None:
        """The directory of its journal."""

    @property
    def needs_backup(self) -> bool:
        """True when only a backup makes the journal useful again."""

    async def backup(self, target: Path) -> None:
        """Write a checked copy."""

    async def integrity_check(self) -> list[str]:
        """Say what is wrong with the file."""


class Backups:
    """The copies in one directory: `keep` of them, one a night at `hour` local time (later when the box was off)."""

    def __init__(
        self,
        directory: Path,
        zone: tzinfo,
        *,
        keep: int = 3,
        hour: int = 3,
        journal_limit_bytes: int = _JOURNAL_LIMIT_BYTES,
        state: Path | None = None,
    ) -> None:
        """With `state` each copy has the keys and certificates of that state directory beside it."""
        self._state = state
        self._directory = directory
        self._zone = zone
        self._keep = max(1, keep)
        self._hour = hour
        self._journal_limit_bytes = journal_limit_bytes

    def all(self) -> list[Path]:
        """Return the copies, newest first."""
        return sorted((path for path in self._directory.glob("*") if _COPY.fullmatch(path.name)), reverse=True)

    def due(self, source: Source, now_ms: int) -> bool:
        """Tell whether a copy should be made now."""
        if source.needs_backup or (source.journal and journals.size(source.journal) > self._journal_limit_bytes):
            return True
        last_ms = self._last_ms(source)
        return last_ms is None or last_ms < self._night_ms(now_ms)

    async def run(self, source: Source, now_ms: int) -> Path:
        """Make one copy, drop the oldest ones and the part of the journal that no kept copy needs.

        Raises StorageFullError, DamagedError (the database is then marked for a rebuild at the next start).
        """
        # Named in UTC: local names would run backwards once a year.
        target = self._directory / datetime.fromtimestamp(now_ms / 1000, UTC).strftime(_NAME)
        try:
            await source.backup(target)
        except DamagedError:
            await source.integrity_check()
            raise
        if self._state is not None:
            await asyncio.to_thread(files.pack, self._state, files.archive_of(target))
        await asyncio.to_thread(self._forget, source.journal)
        return target

    async def serve(self, source: Source, clock: Clock, told: Callable[[StorageError | None], None]) -> None:
        """Look every ten minutes whether a copy is due, for ever; `told` hears of each success and failure."""
        while True:
            if await asyncio.to_thread(self.due, source, clock.now_ms()):
                try:
                    path = await self.run(source, clock.now_ms())
                    _log.info("backup %s made", path.name)
                    told(None)
                except StorageError as error:
                    _log.error("backup failed: %s", error)
                    told(error)
            await clock.sleep(_LOOK_EVERY_S)

    def _forget(self, journal: Path | None) -> None:
        copies = self.all()
        for old in copies[self._keep :]:
            old.unlink()
            files.archive_of(old).unlink(missing_ok=True)
        if journal is None:
            return
        copies = copies[: self._keep]
        # The second newest copy must still be able to catch up, in case the newest turns out bad on the disk, and so
        # must the one of before an update; unless the journal is over its limit.
        if journals.size(journal) > self._journal_limit_bytes:
            journals.prune(journal, mark(copies[0]))
        elif len(copies) > 1:
            through = mark(copies[1])
            journals.prune(journal, min(through, journals.held(journal, through)))

    def _last_ms(self, source: Source) -> int | None:
        if copies := self.all():
            return round(datetime.strptime(copies[0].name, _NAME).replace(tzinfo=UTC).timestamp() * 1000)
        paths = journals.segments(source.journal) if source.journal else []
        header = journals.read_header(paths[0]) if paths else None
        return header.at if header else None

    def _night_ms(self, now_ms: int) -> int:
        now = datetime.fromtimestamp(now_ms / 1000, self._zone)
        night = now.replace(hour=self._hour, minute=0, second=0, microsecond=0)
        if night > now:
            night -= timedelta(days=1)
        return round(night.timestamp() * 1000)


def mark(path: Path) -> int:
    """Return the number of the last journal batch inside a copy."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        return int(connection.execute("SELECT batch FROM journal_mark").fetchone()[0])
    finally:
        connection.close()


def copy(source: Path, target: Path) -> None:
    """Copy a database that may be in use into one self-contained file, check it, then give it its name.

    Raises StorageFullError before it starts when the disk is too full, DamagedError when the copy is not sound.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = source.stat().st_size
        if shutil.disk_usage(target.parent).free < size + size // 4 + _SPARE_BYTES:
            raise StorageFullError(f"no room for a backup of {size >> 20} MiB in {target.parent}; free some space")
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _copy(source, unfinished)
        os.replace(unfinished, target)
        journals.flush_directory(target.parent)
    except OSError as error:
        raise StorageError(f"cannot write {target} ({error.strerror}); check the disk and who owns it") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):  # what failed above is the error to tell
                unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    reader = connect_reader(source)
    try:
        writer = sqlite3.connect(target, isolation_level=None)
        try:
            # One step: in several, each commit of the gateway in between would start the copy again.
            reader.backup(writer, pages=-1)
            writer.execute("PRAGMA journal_mode=DELETE").fetchone()
            if problems := check(writer):
                raise DamagedError(f"the backup of {source} is not sound: {'; '.join(problems[:3])}")
        finally:
            writer.close()
    except sqlite3.Error as error:
        failure = translate(error, source)
        if not isinstance(failure, StorageError):
            failure = StorageError(f"the backup of {source} failed ({error}); try again, then check the disk")
        raise failure from error
    finally:
        reader.close()
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
