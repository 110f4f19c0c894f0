"""First results of requests with a side effect, so that a replay gets the same answer, also after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from appliance.storage.database import Database


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
    """24 hours and 100,000 rows, whichever ends first."""

    def __init__(self, database: Database) -> None:
        raise NotImplementedError

    async def reserve(
        self, method: str, actor: str, key: str, digest: str, now_ms: int
    ) -> Reserved | Replay | InFlight:
        """Raises ConflictError (code `idempotency_conflict`) when the key was used with another digest."""
        raise NotImplementedError

    async def complete(self, method: str, actor: str, key: str, result: Any) -> None:
        """Keep `result` (JSON) for replays."""
        raise NotImplementedError

    async def release(self, method: str, actor: str, key: str) -> None:
        """Forget a reservation whose work was not done, so that a retry may do it."""
        raise NotImplementedError
