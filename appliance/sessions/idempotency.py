"""First results of requests with a side effect, so that a replay gets the same answer, also after a restart."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.foundation.ids import new_id
from appliance.sessions.errors import ConflictError
from appliance.storage.database import Database

_KEPT_MS = 24 * 3600 * 1000
_KEPT_ROWS = 100_000
_PRUNE_EVERY = 256

_WHERE = "key = ? AND actor = ? AND method = ?"


@dataclass(frozen=True, slots=True)
class Reserved:
    """The caller is the first: do the work, then call `complete` (or `release` when nothing was done)."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The work was done before; `result` is what the first caller got."""

    result: Any


@dataclass(frozen=True, slots=True)
class InFlight:
    """Another call with this key is being worked on right now in this process."""


class IdempotencyStore:
    """24 hours and 100,000 rows, whichever ends first.

    A reservation that the process took and never completed was never answered: after a restart the same request is
    the first again.
    """

    def __init__(self, database: Database, *, boot: str | None = None, kept_rows: int = _KEPT_ROWS) -> None:
        self._database = database
        self._boot = boot or new_id()
        self._kept_rows = kept_rows
        self._since_prune = 0

    async def reserve(
        self, method: str, actor: str, key: str, digest: str, now_ms: int
    ) -> Reserved | Replay | InFlight:
        """Raises ConflictError (code `idempotency_conflict`) when the key was used with another digest."""
        return await self._database.write(
            lambda connection: self._reserve(connection, method, actor, key, digest, now_ms)
        )

    async def complete(self, method: str, actor: str, key: str, result: Any) -> None:
        """Keep `result` (JSON) for replays."""
        encoded = msgspec.json.encode(result).decode()
        await self._database.write(
            lambda connection: (
                connection.execute(
                    f"UPDATE idempotency SET result = ? WHERE {_WHERE}", (encoded, key, actor, method)
                ).rowcount
            )
        )

    async def release(self, method: str, actor: str, key: str) -> None:
        """Forget a reservation whose work was not done, so that a retry may do it."""
        await self._database.write(
            lambda connection: (
                connection.execute(
                    f"DELETE FROM idempotency WHERE {_WHERE} AND result IS NULL", (key, actor, method)
                ).rowcount
            )
        )

    def _reserve(
        self, connection: sqlite3.Connection, method: str, actor: str, key: str, digest: str, now_ms: int
    ) -> Reserved | Replay | InFlight:
        self._prune(connection, now_ms)
        row = connection.execute(
            f"SELECT digest, boot, created_ms, result FROM idempotency WHERE {_WHERE}", (key, actor, method)
        ).fetchone()
        # A row from the future is from before the clock was set back: it is not kept for longer.
        if row is not None and now_ms - _KEPT_MS < row[2] <= now_ms + _KEPT_MS:
            if row[0] != digest:
                raise ConflictError(
                    "this idempotency key was used for a different request; use a new key for a new request",
                    code="idempotency_conflict",
                )
            if row[3] is not None:
                return Replay(msgspec.json.decode(row[3]))
            if row[1] == self._boot:
                return InFlight()
        connection.execute(
            "INSERT OR REPLACE INTO idempotency (method, actor, key, digest, boot, created_ms)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (method, actor, key, digest, self._boot, now_ms),
        )
        return Reserved()

    def _prune(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._since_prune -= 1
        if self._since_prune > 0:
            return
        self._since_prune = min(_PRUNE_EVERY, self._kept_rows // 10 + 1)
        connection.execute(
            "DELETE FROM idempotency WHERE created_ms <= ? OR n <= (SELECT max(n) FROM idempotency) - ?",
            (now_ms - _KEPT_MS, self._kept_rows - self._since_prune),
        )
