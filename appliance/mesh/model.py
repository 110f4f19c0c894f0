"""Values of the mesh: what a node declares, what was approved, what is known of it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

MAX_CAPS: Final = 64
MAX_COMMANDS: Final = 256
MAX_PERMISSIONS: Final = 64
MAX_NAME_CHARACTERS: Final = 128
"""A node declares at most this; what is longer or beyond is dropped, so that a request stays something to read."""


class Declared(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A surface: capabilities, commands, and permissions of the node's own system. Sorted, each name once."""

    caps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


def declared(caps: tuple[str, ...], commands: tuple[str, ...], permissions: tuple[tuple[str, bool], ...]) -> Declared:
    """Return a surface of what a node says, within the bounds. Only permissions that it has count."""
    return Declared(
        _names(caps, MAX_CAPS),
        _names(commands, MAX_COMMANDS),
        _names(tuple(name for name, granted in permissions if granted), MAX_PERMISSIONS),
    )


def _names(names: tuple[str, ...], limit: int) -> tuple[str, ...]:
    kept = {name for one in names if (name := one.strip()) and len(name) <= MAX_NAME_CHARACTERS and name.isprintable()}
    return tuple(sorted(kept)[:limit])


class NodeFacts(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a node said about itself when it last connected. Nothing here is proof of anything."""

    client_id: str = ""
    client_mode: str = "node"
    display_name: str | None = None
    platform: str = ""
    version: str = ""
    device_family: str = ""
    model_identifier: str | None = None
    remote_ip: str = ""
    path_env: str | None = None


class HostStats(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How the machine of a node is. Sizes in bytes; load averages over 1, 5 and 15 minutes."""

    cpu_count: int
    load_average: tuple[float, ...]
    memory_total_bytes: int
    memory_free_bytes: int
    disk_total_bytes: int
    disk_available_bytes: int
    updated_at_ms: int


class NodeRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is kept of a node. `device_created_ms` ties it to one pairing: a device that pairs anew starts anew."""

    node_id: str
    device_created_ms: int
    facts: NodeFacts = NodeFacts()
    approved: Declared | None = None
    created_at_ms: int = 0
    approved_at_ms: int | None = None
    last_connected_ms: int | None = None
    last_disconnected_ms: int | None = None
    last_seen_ms: int | None = None
    last_seen_reason: str | None = None
    host_stats: HostStats | None = None


class SurfaceRequest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A surface that waits for the owner: exactly what is approved if he says yes."""

    request_id: str
    node_id: str
    facts: NodeFacts
    surface: Declared
    required_scopes: tuple[str, ...]
    ts: int

    def row(self) -> dict[str, Any]:
        """Return the row of node.pair.list and the payload of node.pair.requested (protocol.md 5.5)."""
        facts = self.facts
        row: dict[str, Any] = {
            "requestId": self.request_id,
            "nodeId": self.node_id,
            "clientId": facts.client_id,
            "clientMode": facts.client_mode,
            "platform": facts.platform,
            "version": facts.version,
            "deviceFamily": facts.device_family,
            "caps": list(self.surface.caps),
            "commands": list(self.surface.commands),
            "requiredApproveScopes": list(self.required_scopes),
            "silent": False,
            "ts": self.ts,
        }
        if facts.display_name:
            row["displayName"] = facts.display_name
        if facts.remote_ip:
            row["remoteIp"] = facts.remote_ip
        return row
