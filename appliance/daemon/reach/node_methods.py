"""The methods about nodes, and those that nodes call."""

from __future__ import annotations

from appliance.daemon.reach.nodes import NodeParts
from appliance.gateway.broadcast import Broadcaster
from appliance.gateway.method import Method
from appliance.gateway.methods.node_work import NodeWork
from appliance.gateway.methods.nodes import NodeMethods
from appliance.mesh.pending.sleeping import Sleeping


def node_methods(parts: NodeParts, broadcaster: Broadcaster) -> list[Method]:
    """Return them; answers and events leave through `broadcaster`."""
    owner = NodeMethods(parts.mesh, parts.devices, broadcaster.send)
    work = NodeWork(
        parts.mesh,
        parts.invocations,
        parts.reports,
        parts.pending,
        Sleeping(parts.mesh, parts.pending),
        broadcaster.tell,
    )
    return [*owner.methods(), *work.methods()]
