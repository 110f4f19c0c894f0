"""The one door to the database of a gateway."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from appliance.foundation.clock import Clock
from appliance.storage.migrations import Migration

T = TypeVar("T")


class Database:
    """One SQLite file: one thread writes, a few threads read."""

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
        """Open or create the database, migrate it; with `journal` (a directory) rebuild it when it is damaged."""
        raise NotImplementedError

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the writer thread; return after the commit is on the disk."""
        raise NotImplementedError

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on a connection that cannot write."""
        raise NotImplementedError

    async def backup(self, target: Path) -> None:
        """Copy the whole database into the new file `target`, checked before it gets its name."""
        raise NotImplementedError

    async def integrity_check(self) -> list[str]:
        """Return what SQLite finds wrong; empty when the file is sound."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Finish what is queued, then close every connection and thread."""
        raise NotImplementedError
