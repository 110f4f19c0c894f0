"""Everything of this gateway that clients can see: the method table, HTTP routes, events, health, snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from appliance import __version__
from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.config.schema import MessagesSection
from appliance.daemon.answers.agents import AgentList
from appliance.daemon.answers.meter import engine_samples
from appliance.daemon.reach.devices import DeviceDoors
from appliance.daemon.reach.nodes import attach_nodes
from appliance.daemon.reach.web import app_routes
from appliance.daemon.wire.on_demand import OnDemand
from appliance.daemon.wire.openai import OpenAiRoutes
from appliance.daemon.wire.parts import Parts
from appliance.foundation.ids import new_token
from appliance.foundation.tasks import TaskSet
from appliance.gateway.admission.credential import Rules
from appliance.gateway.bearer import Bearer
from appliance.gateway.bridge import Bridge
from appliance.gateway.hello import SnapshotSources
from appliance.gateway.http import embeddings, health, metrics, models, trust
from appliance.gateway.http import rpc as rpc_route
from appliance.gateway.method import Method, MethodTable
from appliance.gateway.methods import agents as agent_methods
from appliance.gateway.methods import (
    chat,
    commands,
    runs,
    sessions,
    system,
)
from appliance.gateway.methods import models as model_methods
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.health import HealthReport
from appliance.gateway.methods.history import Histories
from appliance.gateway.methods.sending import Sender
from appliance.gateway.methods.session_changes import SessionChanges
from appliance.gateway.methods.session_rows import SessionRows
from appliance.gateway.rpc import Rpc
from appliance.gateway.server import Server, ServerSettings
from appliance.protocol.hello import AttachmentPolicy
from appliance.protocol.methods.system import GatewayIdentity
from appliance.sessions.keys import DEFAULT_MAIN_KEY, main_key
from appliance.telemetry.metrics import Sample

# As base64 inside one frame of 25 MiB, with room for the rest of the request.
_ATTACHMENT_BYTES = 19_464_192


class Surface:
    """The server of this gateway with all that it offers. `start`, `serve`, `drain`, `aclose`."""

    def __init__(self, parts: Parts, settings: ServerSettings, throttle: Throttle | None = None) -> None:
        self._parts = parts
        self._tasks = TaskSet("surface")
        self._agents = AgentList(parts.config, parts.paths)
        database_path = str(parts.paths.database)
        self._health = HealthReport(
            store=parts.store, agents=self._agents, clock=parts.clock, database_path=database_path
        )
        self._rows = SessionRows(dispatcher=parts.dispatcher, models=parts.models, queue_mode=self._queue_mode)
        self._table = MethodTable()
        self.server = Server(
            settings,
            table=self._table,
            devices=parts.trust.devices,
            sources=self._sources(),
            clock=parts.clock,
            idempotency=parts.idempotency,
            throttle=throttle,
            codes=parts.trust.setup,
        )
        addressing = Addressing(self._agents)
        sender = Sender(store=parts.store, dispatcher=parts.dispatcher, blobs=parts.blobs, clock=parts.clock)
        self.reach = parts.exposed.reachable(lambda: self.server.port)
        doors = DeviceDoors(parts.trust, self.server, parts.clock, self.reach)
        self._on_demand = OnDemand(parts, self.server, addressing, doors, self.reach)
        for method in (*self._methods(addressing, sender, database_path), *doors.methods()):
            self._table.register(method)
        for group in self._on_demand.groups():
            self._table.promise(group)
        self._rpc = Rpc(self._table, parts.clock, self._tasks, parts.idempotency)
        bearer = self.server.bearer
        self.server.add_routes([*self._routes(bearer), *doors.routes()])
        self.server.add_routes(OpenAiRoutes(parts, bearer, addressing, sender).routes())
        self.server.add_routes(app_routes(bearer, parts.config.config.gateway, self._assistant))
        attach_nodes(parts.nodes, self.server, lambda: parts.config.config, self._tasks)
        self._bridge = Bridge(
            parts.bus,
            self.server.broadcaster,
            self._tasks,
            session_row=self._session_row,
            health_changed=self._refresh_health,
        )

    async def start(self) -> None:
        """Listen; connects are told that the gateway starts. Raises BindError."""
        await self._health.refresh()
        await self.server.start()

    async def aclose(self) -> None:
        """Close every socket and end what runs here."""
        self._bridge.stop()
        await self._on_demand.aclose()
        await self.server.aclose()
        await self._tasks.aclose()

    def _methods(self, addressing: Addressing, sender: Sender, database_path: str) -> list[Method]:
        parts, models = self._parts, self._parts.models
        return [
            *self._system_methods(database_path),
            *self._conversation_methods(addressing, sender, database_path),
            *agent_methods.methods(agents=self._agents, addressing=addressing),
            *model_methods.methods(
                models=models, addressing=addressing, understanding=parts.local.embedded, clock=parts.clock
            ),
            *commands.methods(dispatcher=parts.dispatcher),
        ]

    def _system_methods(self, database_path: str) -> tuple[Method, ...]:
        parts = self._parts
        status = system.Status(
            store=parts.store,
            rows=self._rows,
            agents=self._agents,
            tracker=parts.tracker,
            clock=parts.clock,
            version=__version__,
            database_path=database_path,
        )
        self._uptime_ms = lambda: status.uptime_ms
        return system.methods(
            health=self._health,
            status=status,
            tracker=parts.tracker,
            dispatcher=parts.dispatcher,
            presence=self.server.presence.entries,
            identity=lambda: GatewayIdentity(device_id=parts.key.device_id, public_key=parts.key.public_key),
            examine=parts.care.watch.examine,
        )

    def _conversation_methods(self, addressing: Addressing, sender: Sender, database_path: str) -> list[Method]:
        parts, rows, store = self._parts, self._rows, self._parts.store
        dispatcher, models, clock = parts.dispatcher, parts.models, parts.clock
        changes = SessionChanges(
            store=store,
            dispatcher=dispatcher,
            sender=sender,
            rows=rows,
            addressing=addressing,
            models=models,
            bus=parts.bus,
            clock=clock,
            database_path=database_path,
        )
        return [
            *chat.methods(
                store=store,
                dispatcher=dispatcher,
                sender=sender,
                histories=Histories(store=store, dispatcher=dispatcher, rows=rows),
                addressing=addressing,
                models=models,
                clock=clock,
            ),
            *runs.methods(dispatcher=dispatcher, sender=sender, addressing=addressing, sessions=store),
            *sessions.methods(
                store=store,
                rows=rows,
                addressing=addressing,
                agent_ids=lambda: {agent.id for agent in self._agents()},
                database_path=database_path,
            ),
            *changes.methods(),
        ]

    def _routes(self, bearer: Bearer) -> list[web.RouteDef]:
        parts, box = self._parts, self._parts.exposed.box
        return [
            *health.routes(tracker=parts.tracker, bearer=bearer, uptime_ms=self._uptime_ms),
            *models.routes(bearer=bearer, agents=self._agents),
            *embeddings.routes(bearer=bearer, embedder=parts.models),
            *rpc_route.routes(bearer=bearer, rpc=self._rpc),
            *metrics.routes(bearer=bearer, metrics=parts.meter.metrics, samples=self._samples),
            # Where browsers learn to trust a box that has an authority of its own.
            *(trust.routes(box.authority_der) if box is not None else ()),
        ]

    async def _samples(self) -> Sequence[Sample]:
        # Without an engine on this box there is nothing to say of one; one that starts would let the caller wait.
        standing, models = self._parts.local.engine.standing(), self._parts.models
        if not models.local():
            return ()
        return engine_samples(await models.local_info() if standing.state == "ready" else None)

    def _queue_mode(self) -> str:
        return self._parts.config.section(self._parts.config.config.messages, MessagesSection()).queue.mode

    def _sources(self) -> SnapshotSources:
        parts = self._parts
        return SnapshotSources(
            health=self._health.snapshot,
            session_defaults=self._session_defaults,
            updates=lambda: parts.updates.snapshot,
            config_hash=lambda: parts.config.loaded.hash,
            config_path=str(parts.paths.config),
            state_dir=str(parts.paths.root),
            attachments=AttachmentPolicy(max_bytes=_ATTACHMENT_BYTES),
        )

    def _assistant(self) -> dict[str, Any]:
        known = self._agents()
        return {"assistantName": known[0].name, "assistantAgentId": known[0].id}

    def _session_defaults(self) -> dict[str, Any]:
        known = self._agents()
        return {
            "defaultAgentId": known[0].id,
            "modelConfigured": self._parts.models.primary(known[0].id) is not None,
            "ownership": "sole" if len(known) == 1 else "explicit",
            "selectionRequired": False,
            "mainKey": DEFAULT_MAIN_KEY,
            "mainSessionKey": main_key(known[0].id),
            "scope": "per-sender",
        }

    async def _session_row(self, session_key: str) -> Any:
        session = await self._parts.store.get(session_key)
        return None if session is None else self._rows.row(session)

    def _refresh_health(self) -> None:
        async def refresh() -> None:
            await self._health.refresh()
            self.server.health_changed()

        self._tasks.spawn(refresh(), name="health")


def closed_settings(control_socket: Path) -> ServerSettings:
    """Return settings for a gateway whose rules cannot be read: the control socket alone, for its owner."""
    nobody = SharedAuth(AuthMode.TOKEN, token=new_token())
    return ServerSettings(rules=Rules(nobody), hosts=(), control_socket=control_socket)
