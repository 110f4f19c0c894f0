"""Copies of the database for whoever packs them away: one at a time, and none stays."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from appliance.foundation.clock import Clock
from appliance.storage.database import Database

FOLDER: Final = "taken"


class Taking:
    """Makes them below the folder of the nightly copies, where they are not counted among those."""

    def __init__(self, database: Database, backups: Path, clock: Clock) -> None:
        self._database = database
        self._folder = backups / FOLDER
        self._clock = clock
        self._one = asyncio.Lock()

    async def take(self) -> Path:
        """Return a new checked copy; an earlier one that nobody removed goes. Raises StorageError."""
        async with self._one:
            await asyncio.to_thread(self.clear)
            stamp = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
            target = self._folder / stamp.strftime("homarus-%Y%m%dT%H%M%S.sqlite")
            await self._database.backup(target)
            return target

    def clear(self) -> None:
        """Remove what was left over."""
        for path in self._folder.glob("homarus-*.sqlite"):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
