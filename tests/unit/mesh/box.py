"""A mesh over a real database, and nodes that remember what they were told."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.events import Bus, NodeNews
from appliance.identity import MIGRATIONS as IDENTITY
from appliance.identity import Approval, Claim, DeviceStore
from appliance.mesh.invoke.calls import Invocations
from appliance.mesh.migrations import MIGRATIONS
from appliance.mesh.model import Declared, NodeFacts, declared
from appliance.mesh.pending.work import PendingWork
from appliance.mesh.registry import Mesh
from appliance.mesh.store import NodeStore
from appliance.mesh.surface import CommandPolicy
from appliance.storage import Database
from tests.fakes.clock import FakeClock


@dataclass
class FakeLink:
    """A connection of a node."""

    node_id: str
    declared: Declared
    conn_id: str
    trusted: bool = False
    facts: NodeFacts = NodeFacts(client_id="node-host", platform="linux")
    told: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    closed: tuple[int, str] | None = None
    deaf: bool = False

    def tell(self, event: str, payload: Mapping[str, Any]) -> bool:
        if self.deaf:
            return False
        self.told.append((event, payload))
        return True

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def last(self, event: str) -> Mapping[str, Any]:
        """Return the newest payload of `event`."""
        return next(payload for name, payload in reversed(self.told) if name == event)


def surface(*commands: str, caps: tuple[str, ...] = ("system",)) -> Declared:
    return declared(caps, commands, ())


class Box:
    """The mesh of a box, with what it told the bus."""

    def __init__(self, database: Database, devices: DeviceStore, clock: FakeClock) -> None:
        self.clock = clock
        self.devices = devices
        self.policy = CommandPolicy()
        self.news: list[NodeNews] = []
        bus = Bus()
        bus.listen(NodeNews, self.news.append)
        self.bus = bus
        self.database = database
        self.mesh = Mesh(NodeStore(database), devices, bus=bus, clock=clock, policy=lambda: self.policy)
        self.invocations = Invocations(self.mesh, clock)
        self.pending = PendingWork(database)
        self._conns = 0

    async def pair(self, node_id: str, *roles: str) -> None:
        """Let the owner approve a device."""
        for role in roles or ("node",):
            claim = Claim(node_id, f"key of {node_id}", role, ("operator.read",) if role == "operator" else ())
            await self.devices.approve(claim, Approval.OWNER, self.clock.now_ms())

    async def join(self, node_id: str, *commands: str, trusted: bool = False, **more: Any) -> FakeLink:
        """Connect a node and wait until its surface was judged."""
        if await self.devices.get(node_id) is None:
            await self.pair(node_id)
        self._conns += 1
        link = FakeLink(node_id, surface(*commands), f"c{self._conns}", trusted, **more)
        self.mesh.joined(link)
        live = self.mesh.live(node_id)
        assert live is not None
        await live.settled.wait()
        return link

    def heard(self, event: str) -> list[Any]:
        return [one.payload for one in self.news if one.event == event]

    def commands(self, node_id: str) -> tuple[str, ...]:
        return self.mesh.effective(node_id).commands


@contextlib.asynccontextmanager
async def box(folder: Path, clock: FakeClock | None = None) -> AsyncIterator[Box]:
    """Open a box; the same folder again is the same box after a restart."""
    clock = clock or FakeClock()
    database = await Database.open(folder / "test.sqlite", (*IDENTITY, *MIGRATIONS), clock=clock)
    opened = Box(database, await DeviceStore.open(database), clock)
    await opened.mesh.load()
    await opened.pending.load()
    opened.mesh.on_forgotten(opened.pending.forget)
    try:
        yield opened
    finally:
        await opened.mesh.aclose()
        await database.aclose()
