"""Joins the mesh to the sockets of the gateway and to its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.events import Bus, ConfigChanged, NodeNews
from appliance.foundation.clock import Clock
from appliance.foundation.tasks import TaskSet
from appliance.gateway.broadcast import Broadcaster, Listener
from appliance.gateway.method import ConnectionView, Surface
from appliance.gateway.server import Server
from appliance.identity import DeviceStore
from appliance.identity.shrinking import Shrunk
from appliance.mesh.invoke.calls import Invocations
from appliance.mesh.model import Declared, NodeFacts, declared
from appliance.mesh.pending.work import PendingWork
from appliance.mesh.registry import Mesh
from appliance.mesh.reports import Reports
from appliance.mesh.store import NodeStore
from appliance.mesh.surface import CommandPolicy
from appliance.protocol.roles import NODE
from appliance.storage.database import Database

_NO_ROUTES = {"version": 1, "defaultTarget": {"mode": "current"}, "routes": [], "updatedAtMs": 0}


@dataclass(frozen=True, slots=True)
class NodeParts:
    """The mesh of this box and what stands on it."""

    mesh: Mesh
    invocations: Invocations
    reports: Reports
    pending: PendingWork
    devices: DeviceStore
    bus: Bus


async def open_nodes(
    database: Database, devices: DeviceStore, *, config: Callable[[], Config], bus: Bus, clock: Clock
) -> NodeParts:
    """Read what is known of nodes. The caller runs `mesh.keep` and closes `mesh`."""
    mesh = Mesh(NodeStore(database), devices, bus=bus, clock=clock, policy=lambda: _policy(config()))
    await mesh.load()
    pending = PendingWork(database)
    await pending.load()
    await pending.tidy(clock.now_ms())
    mesh.on_forgotten(pending.forget)

    def shrank(shrunk: Shrunk) -> None:
        if shrunk.role == NODE:
            mesh.expel(shrunk.device_id)

    devices.shrinks.listen(shrank)
    return NodeParts(mesh, Invocations(mesh, clock), Reports(mesh, bus, clock), pending, devices, bus)


def _policy(config: Config) -> CommandPolicy:
    """Return what nodes may offer; a section that cannot be read allows nothing at all."""
    if isinstance(config.gateway, Refused):
        return CommandPolicy(closed=True)
    commands = config.gateway.nodes.commands
    return CommandPolicy(frozenset(commands.allow), frozenset(commands.deny))


@dataclass(frozen=True, slots=True)
class _Link:
    """A connection of the gateway as the mesh sees it (mesh.link.NodeLink)."""

    conn_id: str
    node_id: str
    facts: NodeFacts
    declared: Declared
    trusted: bool
    broadcaster: Broadcaster

    def tell(self, event: str, payload: Mapping[str, Any]) -> bool:
        return self.broadcaster.tell(self.conn_id, event, payload)

    def close(self, code: int, reason: str) -> None:
        if (listener := self.broadcaster.get(self.conn_id)) is not None:
            listener.close(code, reason)


class NodeWatcher:
    """Tells the mesh of nodes that come and go (gateway.server.Watcher)."""

    def __init__(self, mesh: Mesh, broadcaster: Broadcaster, auto_approve_local: Callable[[], bool]) -> None:
        self._mesh = mesh
        self._broadcaster = broadcaster
        self._auto_approve_local = auto_approve_local

    def joined(self, connection: Listener) -> None:
        view = connection.view
        if view.role == NODE and view.device_id is not None:
            self._mesh.joined(self._link(view, view.device_id))
            # protocol.md 3.3: every node hears the wake words and where they lead; there are none until voice is there.
            self._broadcaster.tell(view.conn_id, "voicewake.changed", {"triggers": []})
            self._broadcaster.tell(view.conn_id, "voicewake.routing.changed", {"config": _NO_ROUTES})

    def left(self, connection: Listener) -> None:
        view = connection.view
        if view.role == NODE and view.device_id is not None:
            self._mesh.left(view.conn_id, view.device_id)

    def _link(self, view: ConnectionView, device_id: str) -> _Link:
        surface, client = view.surface or Surface(), view.client
        facts = NodeFacts(
            client_id=client.id,
            client_mode=client.mode,
            display_name=client.display_name,
            platform=client.platform,
            version=client.version,
            device_family=client.device_family or "",
            model_identifier=client.model_identifier,
            remote_ip=surface.remote_ip,
            path_env=surface.path_env,
        )
        # A device token widens nothing by where it comes from, as for scopes (protocol.md 5.2): a tunnel ends here too.
        local = view.direct_local and not surface.token_only and self._auto_approve_local()
        offered = declared(surface.caps, surface.commands, surface.permissions)
        return _Link(view.conn_id, device_id, facts, offered, surface.vouched or local, self._broadcaster)


def attach_nodes(parts: NodeParts, server: Server, config: Callable[[], Config], tasks: TaskSet) -> None:
    """Let the mesh hear of connections, and clients of nodes."""

    def auto_approve_local() -> bool:
        gateway = config().gateway
        return not isinstance(gateway, Refused) and gateway.nodes.pairing.auto_approve_local

    def tell(news: NodeNews) -> None:
        server.broadcaster.send(news.event, news.payload)

    def changed(_: ConfigChanged) -> None:
        tasks.spawn(parts.mesh.reconsider(), name="nodes")

    server.watch(NodeWatcher(parts.mesh, server.broadcaster, auto_approve_local))
    parts.bus.listen(NodeNews, tell)
    parts.bus.listen(ConfigChanged, changed)
