"""Everything of this gateway that clients can see: the method table, HTTP routes, events, health, snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from appliance import __version__
from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.agenda.store import AgendaStore
from appliance.config.describe import json_schema
from appliance.config.document.edit import remove_value, set_value
from appliance.config.errors import Refused
from appliance.config.schema import MessagesSection
from appliance.daemon.answers.agents import AgentList
from appliance.daemon.answers.meter import Meter, engine_samples
from appliance.daemon.care.parts import Care
from appliance.daemon.live_config import LiveConfig
from appliance.daemon.local.learning import Learning
from appliance.daemon.local.serving import LocalModels
from appliance.daemon.models import Models
from appliance.daemon.onboarding.box_facts import BoxFacts
from appliance.daemon.onboarding.pairing_code import PairingCode
from appliance.daemon.onboarding.set_up import Around, Onboarding
from appliance.daemon.reach.audit import Audit
from appliance.daemon.reach.devices import DeviceDoors
from appliance.daemon.reach.exposure import Exposed
from appliance.daemon.reach.nodes import NodeParts, attach_nodes, node_methods
from appliance.daemon.reach.trust import TrustParts
from appliance.daemon.reach.web import app_routes
from appliance.daemon.updating.desk import UpdateDesk
from appliance.dispatch.dispatcher import Dispatcher
from appliance.events import Bus
from appliance.foundation.clock import Clock
from appliance.foundation.ids import new_token
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import TaskSet
from appliance.gateway.admission.credential import Rules
from appliance.gateway.bridge import Bridge
from appliance.gateway.hello import SnapshotSources
from appliance.gateway.http import chat_completions, embeddings, health, metrics, models, responses
from appliance.gateway.http import rpc as rpc_route
from appliance.gateway.http.exchange import Exchanges
from appliance.gateway.http.run_streams import RunStreams
from appliance.gateway.method import Method, MethodTable
from appliance.gateway.methods import (
    agenda,
    answers,
    chat,
    commands,
    images,
    learning,
    lists,
    local_models,
    logs,
    pictures,
    pulls,
    runs,
    sessions,
    system,
    transfers,
    tuning,
    usage,
    wizard,
)
from appliance.gateway.methods import agents as agent_methods
from appliance.gateway.methods import models as model_methods
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.config import ConfigMethods, ConfigTools
from appliance.gateway.methods.health import HealthReport
from appliance.gateway.methods.history import Histories
from appliance.gateway.methods.sending import Sender
from appliance.gateway.methods.session_changes import SessionChanges
from appliance.gateway.methods.session_rows import SessionRows
from appliance.gateway.methods.updates import UpdateMethods
from appliance.gateway.rpc import Rpc
from appliance.gateway.server import Server, ServerSettings
from appliance.health import HealthTracker
from appliance.identity.box_key import BoxKey
from appliance.notes.store import NotesStore
from appliance.protocol.hello import AttachmentPolicy
from appliance.protocol.methods.system import GatewayIdentity
from appliance.sessions.idempotency import IdempotencyStore
from appliance.sessions.keys import DEFAULT_MAIN_KEY, main_key
from appliance.sessions.store import SessionStore
from appliance.storage.blobs import Blobs
from appliance.telemetry.metrics import Sample

# As base64 inside one frame of 25 MiB, with room for the rest of the request.
_ATTACHMENT_BYTES = 19_464_192


@dataclass(frozen=True, slots=True)
class Parts:
    """What the surface shows and asks."""

    config: LiveConfig
    exposed: Exposed
    paths: StatePaths
    clock: Clock
    bus: Bus
    tracker: HealthTracker
    store: SessionStore
    dispatcher: Dispatcher
    models: Models
    meter: Meter
    blobs: Blobs
    key: BoxKey
    trust: TrustParts
    nodes: NodeParts
    updates: UpdateDesk
    agenda: AgendaStore
    notes: NotesStore
    idempotency: IdempotencyStore
    local: LocalModels
    learning: Learning
    log_file: Path
    restart: Callable[[], None]
    care: Care


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
        self._pulls = pulls.Pulls(parts.local.downloads, parts.local.use, parts.local.probes)
        self.reach = parts.exposed.reachable(lambda: self.server.port)
        doors = DeviceDoors(parts.trust, self.server, parts.clock, self.reach)
        self._config_methods = ConfigMethods(
            file=parts.config,
            tools=ConfigTools(set_value, remove_value, json_schema),
            clock=parts.clock,
            version=__version__,
        )
        self._onboarding = self._set_up(doors)
        audit = self._audit()
        own = (method for part in (doors, audit, parts.care) for method in part.methods())
        for method in (*self._methods(addressing, sender, database_path), *own):
            self._table.register(method)
        self._streams = RunStreams(parts.bus)
        self._rpc = Rpc(self._table, parts.clock, self._tasks, parts.idempotency)
        self.server.add_routes(self._routes(addressing, sender))
        self.server.add_routes([*doors.routes(), *audit.routes()])
        self.server.add_routes(app_routes(self.server.bearer, parts.config.config.gateway, self._assistant))
        parts.updates.tell_with(self.server.broadcaster.send)
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
        await self._onboarding.aclose()
        await self._pulls.aclose()
        await self.server.aclose()
        await self._tasks.aclose()

    def _audit(self) -> Audit:
        parts = self._parts
        return Audit(
            config=lambda: parts.config.config,
            environ=parts.config.environ,
            paths=parts.paths,
            exposed=parts.exposed,
            reach=self.reach,
            trust=parts.trust,
            clock=parts.clock,
        )

    def _methods(self, addressing: Addressing, sender: Sender, database_path: str) -> list[Method]:
        parts, store = self._parts, self._parts.store
        dispatcher, models = parts.dispatcher, parts.models
        return [
            *self._system_methods(database_path),
            *self._conversation_methods(addressing, sender, database_path),
            *usage.methods(store=store, models=models, addressing=addressing, zone=lambda: parts.config.zone),
            *transfers.methods(store=store, addressing=addressing, bus=parts.bus),
            *agent_methods.methods(agents=self._agents, addressing=addressing),
            *model_methods.methods(
                models=models, addressing=addressing, understanding=parts.local.embedded, clock=parts.clock
            ),
            *pulls.methods(pulls=self._pulls),
            *local_models.methods(files=parts.local, adviser=parts.local.advice),
            *tuning.methods(tuner=parts.local.tuner),
            *learning.methods(learning=parts.learning),
            *commands.methods(dispatcher=dispatcher),
            *answers.methods(answers=parts.meter, engine=models.local_info, standing=parts.local.engine.standing),
            *logs.methods(log_file=parts.log_file),
            *agenda.methods(agenda=parts.agenda, addressing=addressing),
            *lists.methods(notes=parts.notes, addressing=addressing),
            *pictures.methods(),
            *images.methods(store=store, blobs=parts.blobs, addressing=addressing),
            *node_methods(parts.nodes, self.server.broadcaster),
            *self._config_methods.methods(),
            *wizard.Wizard(self._onboarding, parts.restart).methods(),
            *UpdateMethods(parts.updates).methods(),
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
        identity = GatewayIdentity(device_id=parts.key.device_id, public_key=parts.key.public_key)
        return system.methods(
            health=self._health,
            status=status,
            tracker=parts.tracker,
            dispatcher=parts.dispatcher,
            presence=self.server.presence.entries,
            identity=lambda: identity,
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

    def _set_up(self, doors: DeviceDoors) -> Onboarding:
        parts, codes = self._parts, PairingCode(doors.setup, self._parts.trust, self.reach)
        return Onboarding(
            Around(
                box=BoxFacts(parts.config, parts.local, self._pulls, codes, parts.exposed.exposure.bind),
                paths=parts.paths,
                change=self._config_methods.merge,
                restart=parts.restart,
            )
        )

    def _routes(self, addressing: Addressing, sender: Sender) -> list[web.RouteDef]:
        parts, bearer = self._parts, self.server.bearer
        routes = [
            *health.routes(tracker=parts.tracker, bearer=bearer, uptime_ms=self._uptime_ms),
            *models.routes(bearer=bearer, agents=self._agents),
            *embeddings.routes(bearer=bearer, embedder=parts.models),
            *rpc_route.routes(bearer=bearer, rpc=self._rpc),
            *metrics.routes(bearer=bearer, metrics=parts.meter.metrics, samples=self._samples),
        ]
        gateway = parts.config.config.gateway
        if isinstance(gateway, Refused):
            return routes
        exchanges = Exchanges(
            store=parts.store,
            dispatcher=parts.dispatcher,
            sender=sender,
            streams=self._streams,
            blobs=parts.blobs,
            addressing=addressing,
            models=parts.models,
            direct=parts.models,
            clock=parts.clock,
        )
        endpoints = gateway.http.endpoints
        if endpoints.chat_completions.enabled:
            routes += chat_completions.routes(bearer=bearer, exchanges=exchanges, clock=parts.clock)
        if endpoints.responses.enabled:
            routes += responses.routes(bearer=bearer, exchanges=exchanges, clock=parts.clock)
        return routes

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
            updates=lambda: parts.updates.hello,
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
