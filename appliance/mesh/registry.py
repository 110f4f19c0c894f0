"""The nodes that are there, and the owner's decisions about what they may do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from appliance.events import Bus, NodeNews
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.identity.model import Device
from appliance.mesh.errors import NodeMissingError, ScopesMissingError
from appliance.mesh.link import NodeLink
from appliance.mesh.model import Declared, NodeRecord, SurfaceRequest
from appliance.mesh.requests import SurfaceRequests
from appliance.mesh.store import NodeStore
from appliance.mesh.surface import CommandPolicy, Verdict, common, cut, judge, platform_of, refused
from appliance.protocol.roles import NODE

_log = logging.getLogger(__name__)
_MAX_LINKS: Final = 4
"""Sockets of one node at a time: after a lost network the old ones linger. One more closes the oldest."""
_SAVE_S: Final = 60.0
_NOTHING: Final = Declared()


class Devices(Protocol):
    """The paired devices (identity.DeviceStore)."""

    async def get(self, device_id: str) -> Device | None: ...
    async def devices(self) -> list[Device]: ...


@dataclass(slots=True)
class Live:
    """A node that is connected. `settled` is set when its surface was judged."""

    link: NodeLink
    connected_ms: int
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = ""
    """What the owner or the node calls it, as it was at the connect."""
    told: dict[str, Any] = field(default_factory=dict)
    """What the node published of itself in this connection: pluginTools, skills."""


class Mesh:
    """Every node by its id. Runs in the event loop's thread; decisions of the owner are made one after the other."""

    def __init__(
        self,
        store: NodeStore,
        devices: Devices,
        *,
        bus: Bus,
        clock: Clock,
        policy: Callable[[], CommandPolicy],
    ) -> None:
        self._store = store
        self._devices = devices
        self._bus = bus
        self._clock = clock
        self._policy = policy
        self._live: dict[str, list[Live]] = {}
        self._present: set[str] = set()
        """Nodes of whose coming clients were told; of no other do they hear that it left."""
        self._tasks = TaskSet("mesh")
        self._deciding = asyncio.Lock()
        self._gone: list[Callable[[str], None]] = []
        self._forgotten: list[Callable[[str], Awaitable[None]]] = []
        self.requests = SurfaceRequests(lambda node_id: node_id in self._live)

    async def load(self) -> None:
        """Read what was approved. Call before the first node comes."""
        await self._store.load()

    async def keep(self) -> None:
        """Write signs of life every minute; run it as a task of the gateway."""
        while True:
            await self._clock.sleep(_SAVE_S)
            await self._save()

    async def aclose(self) -> None:
        """End what runs here and write what was noted."""
        await self._tasks.aclose()
        await self._save()

    async def settled(self) -> None:
        """Wait until every decision that is under way has been made."""
        async with self._deciding:
            pass

    async def _save(self) -> None:
        try:
            await self._store.save()
        except ApplianceError as error:
            _log.warning("signs of life of nodes were not saved: %s", error)

    # Coming and going

    def on_gone(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the connection id when a connection of a node ends."""
        self._gone.append(listener)

    def on_forgotten(self, listener: Callable[[str], Awaitable[None]]) -> None:
        """Call `listener` with the id of a node of which nothing is known any more."""
        self._forgotten.append(listener)

    def joined(self, link: NodeLink) -> None:
        """Note a connection of a node, in the step in which it said hello. Its surface is judged at once after it."""
        live = Live(link, self._clock.now_ms())
        links = self._live.setdefault(link.node_id, [])
        links.append(live)
        if len(links) > _MAX_LINKS:
            links[0].link.close(1008, "too many connections of this node")
        self._tasks.spawn(self._settle(live), name="surface")

    def left(self, conn_id: str, node_id: str) -> None:
        """Note that a connection ended. Nothing is asked of it any more."""
        links = self._live.get(node_id, [])
        kept = [one for one in links if one.link.conn_id != conn_id]
        for listener in self._gone:
            listener(conn_id)
        if kept:
            self._live[node_id] = kept
            return
        if self._live.pop(node_id, None) is None:
            return
        now_ms = self._clock.now_ms()
        self.requests.left(node_id, now_ms)
        if (record := self._store.get(node_id)) is not None:
            self._store.note(msgspec.structs.replace(record, last_disconnected_ms=now_ms))
        if node_id in self._present:
            self._present.discard(node_id)
            self._presence(node_id, connected=False, reason="disconnect", ts=now_ms)

    def expel(self, node_id: str) -> None:
        """Let a node leave in the step in which its rights shrank: nothing is asked of it any more, nothing waited for.

        Of a device that was removed everything is forgotten.
        """
        for live in list(self._live.get(node_id, ())):
            self.left(live.link.conn_id, node_id)
        self._tasks.spawn(self._forget_removed(node_id), name="forget")

    async def _forget_removed(self, node_id: str) -> None:
        async with self._deciding:
            if await self._devices.get(node_id) is None:
                self.requests.drop(node_id)
                await self._forget(node_id)

    def live(self, node_id: str) -> Live | None:
        """Return the newest connection of a node."""
        links = self._live.get(node_id)
        return links[-1] if links else None

    def connected(self) -> list[str]:
        """Return the ids of the nodes that are connected."""
        return list(self._live)

    def names(self) -> list[str]:
        """Return what the connected nodes are called."""
        return [links[-1].name for links in self._live.values()]

    async def _settle(self, live: Live) -> None:
        try:
            async with self._deciding:
                await self._judge(live)
        finally:
            live.settled.set()

    async def _judge(self, live: Live) -> None:
        """Compare what a node declares with what was approved; approve it, or let it wait for the owner."""
        link, now_ms = live.link, self._clock.now_ms()
        device = await self._devices.get(link.node_id)
        if device is None or not self._is_live(live):
            return  # it was removed in this moment; its socket is being closed
        live.name = device.operator_label or link.facts.display_name or ""
        before = await self._known(device)
        fresh = before.last_connected_ms != live.connected_ms
        record = msgspec.structs.replace(
            before,
            facts=link.facts,
            last_connected_ms=live.connected_ms,
            last_seen_ms=now_ms,
            last_seen_reason="connect" if fresh else before.last_seen_reason,
        )
        wanted = self._wanted(link)
        verdict = judge(wanted, record.approved, trusted=link.trusted)
        if verdict is Verdict.APPROVE:
            record = msgspec.structs.replace(record, approved=wanted, approved_at_ms=now_ms)
            await self._store.put(record)
            _log.info("the surface of node %s was approved: its owner vouched for it", link.node_id)
        else:
            self._store.note(record)
        if (stats := live.told.get("hostStats")) is not None:
            # It reported while we waited for the disk, or before there was a record to keep it.
            self._store.note(msgspec.structs.replace(record, host_stats=stats))
        if verdict is Verdict.ASK:
            self._ask(link, wanted, now_ms)
        else:
            self.requests.drop(link.node_id)
        if fresh and self._is_live(live):
            self._present.add(link.node_id)
            self._presence(link.node_id, connected=True, reason="connect", ts=now_ms)

    def _ask(self, link: NodeLink, wanted: Declared, now_ms: int) -> None:
        request, new = self.requests.ask(link.node_id, link.facts, wanted, now_ms)
        if request is None:
            _log.warning("node %s asks for approval, but too many nodes wait already", link.node_id)
        elif new:
            _log.info("node %s asks for approval (%s)", link.node_id, request.request_id)
            self._tell("node.pair.requested", request.row())

    async def _known(self, device: Device) -> NodeRecord:
        """Return the record of a device; one of an earlier pairing of it counts for nothing."""
        record = self._store.get(device.device_id)
        if record is not None and record.device_created_ms == device.created_at_ms:
            return record
        if record is not None:
            await self._forget(device.device_id)
        return NodeRecord(device.device_id, device.created_at_ms, created_at_ms=self._clock.now_ms())

    def _is_live(self, live: Live) -> bool:
        return live in self._live.get(live.link.node_id, ())

    async def reconsider(self) -> None:
        """Judge every connected node anew: the configuration may allow more or less now."""
        for node_id in self.connected():
            if (live := self.live(node_id)) is not None:
                async with self._deciding:
                    await self._judge(live)

    # Rights

    def _wanted(self, link: NodeLink) -> Declared:
        return cut(link.declared, platform_of(link.facts.platform, link.facts.device_family), self._policy())

    def effective(self, node_id: str) -> Declared:
        """Return what may be asked of a node now: approved, declared and allowed. Resolved anew each time."""
        live, record = self.live(node_id), self._store.get(node_id)
        if live is None or record is None or record.approved is None:
            return _NOTHING
        return common(self._wanted(live.link), record.approved)

    def check(self, node_id: str, command: str) -> None:
        """Raises CommandRefusedError unless `command` is effective on this node now."""
        if command in self.effective(node_id).commands:
            return
        live, record = self.live(node_id), self._store.get(node_id)
        link = live.link if live is not None else None
        offered = link.declared if link is not None else _NOTHING
        platform = platform_of(link.facts.platform, link.facts.device_family) if link is not None else "unknown"
        approved = record.approved if record is not None else None
        raise refused(command, offered, approved, platform, self._policy())

    async def reach(self, node_id: str) -> Live | None:
        """Return the connection of a node whose rights still stand, after its surface was judged."""
        live = self.live(node_id)
        if live is None:
            return None
        await live.settled.wait()
        device = await self._devices.get(node_id)
        if device is None or device.token(NODE) is None or not self._is_live(live):
            return None
        return live

    # Decisions of the owner

    async def approve(self, request_id: str, scopes: Iterable[str]) -> tuple[SurfaceRequest, NodeRecord]:
        """Approve exactly what was asked for. Raises RequestMissingError, ScopesMissingError."""
        async with self._deciding:
            now_ms = self._clock.now_ms()
            request = self._decidable(request_id, scopes, now_ms)
            device = await self._devices.get(request.node_id)
            if device is None or device.token(NODE) is None:
                self.requests.drop(request.node_id)
                raise NodeMissingError("unknown nodeId", details={"nodeId": request.node_id})
            record = msgspec.structs.replace(
                await self._known(device), facts=request.facts, approved=request.surface, approved_at_ms=now_ms
            )
            await self._store.put(record)
            current = self.requests.of(request.node_id, now_ms)
            if current is not None and current.request_id == request_id:
                self.requests.drop(request.node_id)
        _log.info("the owner approved node %s", request.node_id, extra={"commands": list(request.surface.commands)})
        self._resolved(request, "approved", now_ms)
        return request, record

    async def reject(self, request_id: str, scopes: Iterable[str]) -> SurfaceRequest:
        """Refuse what was asked for; the node asks again when it connects again. Raises RequestMissingError."""
        async with self._deciding:
            now_ms = self._clock.now_ms()
            request = self._decidable(request_id, scopes, now_ms)
            self.requests.drop(request.node_id)
        _log.info("the owner refused node %s", request.node_id, extra={"commands": list(request.surface.commands)})
        self._resolved(request, "rejected", now_ms)
        return request

    def _decidable(self, request_id: str, scopes: Iterable[str], now_ms: int) -> SurfaceRequest:
        request = self.requests.find(request_id, now_ms)
        missing = [scope for scope in request.required_scopes if scope not in set(scopes)]
        if missing:
            raise ScopesMissingError(missing[0], request.required_scopes)
        return request

    async def forget(self, node_id: str) -> bool:
        """Take back everything that was approved for a node; False when nothing was known of it."""
        async with self._deciding:
            known = await self._forget(node_id)
            waited = self.requests.of(node_id, self._clock.now_ms()) is not None
            self.requests.drop(node_id)
        return known or waited

    async def _forget(self, node_id: str) -> bool:
        known = await self._store.forget(node_id)
        for listener in self._forgotten:
            await listener(node_id)
        return known

    # What others may know

    def record(self, node_id: str) -> NodeRecord | None:
        return self._store.get(node_id)

    def note(self, record: NodeRecord) -> None:
        """Keep a sign of life."""
        self._store.note(record)

    async def devices(self) -> list[Device]:
        """Return the paired devices that may come as a node."""
        return [device for device in await self._devices.devices() if device.token(NODE) is not None]

    def _presence(self, node_id: str, *, connected: bool, reason: str, ts: int) -> None:
        payload = {"nodeId": node_id, "connected": connected, "reason": reason, "ts": ts}
        self._tell("node.presence", payload)

    def _resolved(self, request: SurfaceRequest, decision: str, now_ms: int) -> None:
        payload = {"requestId": request.request_id, "nodeId": request.node_id, "decision": decision, "ts": now_ms}
        self._tell("node.pair.resolved", payload)

    def _tell(self, event: str, payload: dict[str, Any]) -> None:
        self._bus.publish(NodeNews(event, payload))
