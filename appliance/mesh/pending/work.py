"""What waits for a node that sleeps: requests that it fetches when it wakes, and commands its system put off."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

import msgspec

from appliance.foundation.ids import new_id
from appliance.storage.database import Database

Kind = Literal["status.request", "location.request", "command"]
Priority = Literal["default", "normal", "high"]

MAX_PER_NODE: Final = 64
"""One more drops the oldest: what waited longest is the least worth doing."""
DEFAULT_LIFE_MS: Final = 3_600_000
COMMAND_LIFE_MS: Final = 600_000
"""A person who asked for a picture does not want it an hour later."""
_DEFAULT_DRAIN: Final = 4
_RANK: Final = {"high": 0, "normal": 1, "default": 2}


class Waiting(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One thing that waits. A command has `command` and `params` (JSON text)."""

    id: str
    node_id: str
    kind: Kind
    priority: Priority
    created_at_ms: int
    expires_at_ms: int
    command: str = ""
    params: str | None = None
    key: str = ""

    def item(self) -> dict[str, Any]:
        """Return the item of node.pending.drain."""
        return {
            "id": self.id,
            "type": self.kind,
            "priority": self.priority,
            "createdAtMs": self.created_at_ms,
            "expiresAtMs": self.expires_at_ms,
        }

    def action(self) -> dict[str, Any]:
        """Return the action of node.pending.pull."""
        action: dict[str, Any] = {"id": self.id, "command": self.command, "enqueuedAtMs": self.created_at_ms}
        if self.params is not None:
            action["paramsJSON"] = self.params
        if self.key:
            action["idempotencyKey"] = self.key
        return action


class PendingWork:
    """Waiting work of all nodes, in the database and in memory. `revision` of a node grows with each change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, dict[str, Waiting]] = {}
        self._revisions: dict[str, int] = {}

    async def load(self) -> None:
        """Read what waits. Call once, before the first node."""

        def read(connection: sqlite3.Connection) -> list[Waiting]:
            rows = connection.execute("SELECT document FROM mesh_pending").fetchall()
            return [msgspec.json.decode(row[0], type=Waiting) for row in rows]

        for one in sorted(await self._database.read(read), key=lambda found: found.created_at_ms):
            self._waiting.setdefault(one.node_id, {})[one.id] = one

    def revision(self, node_id: str) -> int:
        return self._revisions.get(node_id, 0)

    async def enqueue(
        self, node_id: str, kind: Kind, priority: Priority, life_ms: int | None, now_ms: int
    ) -> tuple[Waiting, bool]:
        """Let a request wait; return (request, new). One of each kind is enough: asked again it is the same one."""
        expires = now_ms + (life_ms or DEFAULT_LIFE_MS)
        before = next((one for one in self._of(node_id, now_ms) if one.kind == kind), None)
        if before is None:
            return await self._put(Waiting(new_id(), node_id, kind, priority, now_ms, expires)), True
        urgent = min(before.priority, priority, key=lambda one: _RANK[one])
        changed = msgspec.structs.replace(before, priority=urgent, expires_at_ms=max(before.expires_at_ms, expires))
        return (before if changed == before else await self._put(changed)), False

    async def put_off(self, node_id: str, command: str, params: str | None, key: str, now_ms: int) -> Waiting:
        """Let a command wait until the node asks what it should do; the same key waits once."""
        same = (one for one in self._of(node_id, now_ms) if one.kind == "command" and one.key == key)
        if key and (before := next(same, None)) is not None:
            return before
        expires = now_ms + COMMAND_LIFE_MS
        return await self._put(Waiting(new_id(), node_id, "command", "normal", now_ms, expires, command, params, key))

    def drain(self, node_id: str, limit: int | None, now_ms: int) -> tuple[list[Waiting], bool]:
        """Return requests, the urgent first, and whether there are more. They wait on until acknowledged or over."""
        found = [one for one in self._of(node_id, now_ms) if one.kind != "command"]
        found.sort(key=lambda one: (_RANK[one.priority], one.created_at_ms))
        count = limit or _DEFAULT_DRAIN
        return found[:count], len(found) > count

    def actions(self, node_id: str, allowed: Callable[[str], bool], now_ms: int) -> list[Waiting]:
        """Return the commands that wait and are still allowed, oldest first."""
        return [one for one in self._of(node_id, now_ms) if one.kind == "command" and allowed(one.command)]

    async def acknowledge(self, node_id: str, ids: Iterable[str]) -> tuple[list[str], int]:
        """Forget what the node has done; return (ids that waited, what still waits)."""
        waiting = self._waiting.get(node_id, {})
        known = [one for one in dict.fromkeys(ids) if one in waiting]
        await self._drop(node_id, known)
        return known, len(self._waiting.get(node_id, {}))

    async def forget(self, node_id: str) -> None:
        """Forget everything of a node."""
        await self._drop(node_id, list(self._waiting.get(node_id, {})))
        self._revisions.pop(node_id, None)

    async def tidy(self, now_ms: int) -> None:
        """Delete what is over."""
        for node_id in list(self._waiting):
            live = {one.id for one in self._of(node_id, now_ms)}
            await self._drop(node_id, [one for one in self._waiting[node_id] if one not in live])

    def _of(self, node_id: str, now_ms: int) -> list[Waiting]:
        # From the future by more than its life: the clock was set back. It is over too.
        def alive(one: Waiting) -> bool:
            return now_ms < one.expires_at_ms and one.created_at_ms - now_ms < one.expires_at_ms - one.created_at_ms

        return [one for one in self._waiting.get(node_id, {}).values() if alive(one)]

    async def _put(self, one: Waiting) -> Waiting:
        waiting = self._waiting.setdefault(one.node_id, {})
        waiting[one.id] = one
        live = {found.id for found in self._of(one.node_id, one.created_at_ms)} | {one.id}
        over = [found for found in waiting if found not in live]
        over += [found for found in waiting if found in live][: max(0, len(live) - MAX_PER_NODE)]
        for old in over:
            del waiting[old]
        self._changed(one.node_id)
        document = msgspec.json.encode(one).decode()

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM mesh_pending WHERE id = ?", [(old,) for old in over])
            connection.execute(
                "INSERT OR REPLACE INTO mesh_pending (id, node_id, document) VALUES (?, ?, ?)",
                (one.id, one.node_id, document),
            )

        await self._database.write(write)
        return one

    async def _drop(self, node_id: str, ids: list[str]) -> None:
        if not ids:
            return
        waiting = self._waiting.get(node_id, {})
        for one in ids:
            waiting.pop(one, None)
        if not waiting:
            self._waiting.pop(node_id, None)
        self._changed(node_id)
        await self._database.write(
            lambda connection: (
                connection.executemany("DELETE FROM mesh_pending WHERE id = ?", [(one,) for one in ids]).rowcount
            )
        )

    def _changed(self, node_id: str) -> None:
        self._revisions[node_id] = self._revisions.get(node_id, 0) + 1
