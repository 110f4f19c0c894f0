"""Records of nodes in the database, with all of them in memory: there are as many as there are paired devices."""

from __future__ import annotations

import sqlite3

import msgspec

from appliance.mesh.model import NodeRecord
from appliance.storage.database import Database


class NodeStore:
    """What the owner approved, and signs of life. One process writes, so the copy in memory is never stale."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records: dict[str, NodeRecord] = {}
        self._unsaved: set[str] = set()

    async def load(self) -> None:
        """Read every record. Call once, before the first node."""

        def read(connection: sqlite3.Connection) -> list[NodeRecord]:
            rows = connection.execute("SELECT document FROM mesh_nodes").fetchall()
            return [msgspec.json.decode(row[0], type=NodeRecord) for row in rows]

        self._records = {record.node_id: record for record in await self._database.read(read)}

    def get(self, node_id: str) -> NodeRecord | None:
        return self._records.get(node_id)

    def all(self) -> list[NodeRecord]:
        return list(self._records.values())

    async def put(self, record: NodeRecord) -> None:
        """Write a record now: what the owner decided must survive the next second."""
        await self._database.write(lambda connection: _write(connection, [record]))
        self._records[record.node_id] = record
        self._unsaved.discard(record.node_id)

    def note(self, record: NodeRecord) -> None:
        """Keep a sign of life in memory; `save` writes it. A connect must not wait for the disk because of it."""
        self._records[record.node_id] = record
        self._unsaved.add(record.node_id)

    async def save(self) -> None:
        """Write what was noted, all in one commit."""
        records = [self._records[node_id] for node_id in self._unsaved if node_id in self._records]
        unsaved, self._unsaved = self._unsaved, set()
        if not records:
            return
        try:
            await self._database.write(lambda connection: _write(connection, records))
        except BaseException:
            self._unsaved |= unsaved
            raise

    async def forget(self, node_id: str) -> bool:
        """Delete a record; False when there was none. In memory it is gone before this waits."""
        known = self._records.pop(node_id, None) is not None
        self._unsaved.discard(node_id)
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM mesh_nodes WHERE node_id = ?", (node_id,)).rowcount
        )
        return known


def _write(connection: sqlite3.Connection, records: list[NodeRecord]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO mesh_nodes (node_id, document) VALUES (?, ?)",
        [(record.node_id, msgspec.json.encode(record).decode()) for record in records],
    )
