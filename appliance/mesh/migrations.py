"""Tables of the mesh."""

from __future__ import annotations

from appliance.storage.migrations import Migration

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "mesh:0001_nodes",
        """
        CREATE TABLE mesh_nodes (
            node_id TEXT PRIMARY KEY,
            document TEXT NOT NULL
        ) STRICT;
        CREATE TABLE mesh_pending (
            id TEXT PRIMARY KEY,
            node_id TEXT NOT NULL,
            document TEXT NOT NULL
        ) STRICT;
        CREATE INDEX mesh_pending_by_node ON mesh_pending (node_id);
        """,
    ),
)
