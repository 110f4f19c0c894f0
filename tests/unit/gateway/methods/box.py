"""A whole gateway below its sockets: real store, real dispatcher, real handlers, a model that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from appliance.agenda.migrations import MIGRATIONS as AGENDA_MIGRATIONS
from appliance.agenda.store import AgendaStore
from appliance.dispatch.builtin_commands import CommandContext, builtin_commands
from appliance.dispatch.commands import CommandTable
from appliance.dispatch.dispatcher import Dispatcher
from appliance.dispatch.queue_modes import QueueMode, QueueSettings
from appliance.dispatch.running import Runner, RunSettings
from appliance.events import AgendaChanged, Bus, Event, ListsChanged
from appliance.foundation.clock import SystemClock
from appliance.foundation.tasks import TaskSet
from appliance.gateway.method import ConnectionView, MethodTable, Subscriptions
from appliance.gateway.methods import (
    agenda,
    agents,
    chat,
    commands,
    images,
    lists,
    logs,
    models,
    pictures,
    runs,
    session_changes,
    sessions,
    system,
    transfers,
    usage,
)
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.health import HealthReport
from appliance.gateway.methods.history import Histories
from appliance.gateway.methods.seams import AgentFacts, ListedModel
from appliance.gateway.methods.sending import Sender
from appliance.gateway.methods.session_rows import SessionRows
from appliance.gateway.rpc import Rpc
from appliance.generation import GenerateRequest, ModelInfo, TextDelta
from appliance.health import Condition, HealthTracker, Severity
from appliance.lanes import Lanes
from appliance.messages import JsonObject, ToolCall, ToolResult
from appliance.notes.migrations import MIGRATIONS as NOTES_MIGRATIONS
from appliance.notes.store import NotesStore
from appliance.protocol.connect import ClientInfo
from appliance.protocol.frames import Request
from appliance.protocol.hello import PresenceEntry
from appliance.protocol.methods.system import GatewayIdentity
from appliance.providers.cooldown import Cooldowns
from appliance.providers.failover import Candidate, ChainItem, Failover
from appliance.sessions.idempotency import IdempotencyStore
from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.model import Inbound, Session
from appliance.sessions.store import SessionStore
from appliance.storage import Blobs, Database
from tests.fakes.provider import ScriptedProvider

SCOPES = frozenset({"operator.admin", "operator.read", "operator.write"})
AGENTS = (
    AgentFacts("main", "Homarus", workspace="/ws/main", primary="fake/one", fallbacks=("fake/two",), emoji="🦞"),
    AgentFacts("helper", "Helper", named_by="config"),
)
MODELS = (
    ModelInfo("fake", "one", "One", context_window=8192, accepts_images=True, cost_input=1.0, cost_output=2.0),
    ModelInfo("fake", "two", "Two", reasoning=True, local=True),
)


class HeldProvider(ScriptedProvider):
    """Says "thinking", then waits until `go` is set; remembers whether it was broken off."""

    def __init__(self) -> None:
        super().__init__("fake", models=MODELS)
        self.go = asyncio.Event()
        self.started = asyncio.Event()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Any]:
        if not self.go.is_set():
            ended = False
            try:
                yield TextDelta("thinking")
                self.started.set()
                await self.go.wait()
                ended = True
            finally:
                self.broken_off += not ended
        async for item in super().generate(request):
            yield item


class _Failed(Exception):
    """A request was answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error


Refused = _Failed


class _Models:
    def listed(self) -> Sequence[ListedModel]:
        return [
            ListedModel(MODELS[0], alias="best", tags=("default",)),
            ListedModel(MODELS[1], available=False, reason="cooldown"),
        ]

    def primary(self, agent_id: str) -> ModelInfo | None:
        return MODELS[0]

    def find(self, wanted: str) -> ModelInfo | None:
        return next((one for one in MODELS if one.ref == wanted or (wanted == "best" and one.id == "one")), None)


class _Understanding:
    async def understand(self, text: str, lang: str | None) -> Any:
        return SimpleNamespace(tool="timer_set", arguments={"duration_s": 60}, confidence=0.9)


@dataclass(eq=False)
class Caller:
    """One connection (gateway.rpc.Caller)."""

    view: ConnectionView
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    in_flight: int = 0
    violations: int = 0
    answers: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    @property
    def actor(self) -> str:
        return f"{self.view.client.id}/{self.view.client.mode}"

    def respond(self, data: bytes) -> None:
        self.answers.put_nowait(data)

    def violated_role(self) -> None:
        self.violations += 1


def caller(scopes: frozenset[str] = SCOPES) -> Caller:
    """Return a connection with these scopes."""
    client = ClientInfo(id="cli", mode="cli", version="1", platform="linux")
    return Caller(ConnectionView("c1", "operator", scopes, frozenset(), client))


class Box:
    """Everything that handlers need, on one state directory."""

    def __init__(self, root: Path, database: Database, provider: ScriptedProvider) -> None:
        self.root = root
        self.clock = SystemClock()
        self.bus = Bus()
        self.events: list[Event] = []
        self.provider = provider
        self.agenda = AgendaStore(database, lambda: self.bus.publish(AgendaChanged()))
        self.notes = NotesStore(database, lambda: self.bus.publish(ListsChanged()))
        self.store = SessionStore(database, archive=root / "archive")
        self.blobs = Blobs(root / "blobs")
        self.tracker = HealthTracker()
        self.found: list[Condition] = []
        self.log_file = root / "gateway.log"
        self.tasks = TaskSet("rpc")
        self._cooldowns = Cooldowns()
        self.dispatcher = self._dispatcher()
        self.addressing = Addressing(lambda: AGENTS)
        self.rows = SessionRows(dispatcher=self.dispatcher, models=_Models())
        self.sender = Sender(store=self.store, dispatcher=self.dispatcher, blobs=self.blobs, clock=self.clock)
        self.models = _Models()
        self.table = MethodTable(self._methods())
        self.rpc = Rpc(self.table, self.clock, self.tasks, IdempotencyStore(database))
        self._number = 0

    def _dispatcher(self) -> Dispatcher:
        lanes = Lanes({"main": 4, "subagent": 2, "cron": 1}, global_cap=4, max_waiting=64)
        runner = Runner(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            lanes=lanes,
            chains=self,
            tools=self,
            blobs=self.blobs,
            settings=lambda: RunSettings(ZoneInfo("UTC"), timeout_s=20),
        )
        held: list[Dispatcher] = []
        context = CommandContext(
            store=self.store,
            clock=self.clock,
            abort=lambda key: held[0].abort(key),
            waiting=lambda key: held[0].waiting(key),
            models=lambda: ["fake/one", "fake/two"],
            conditions=self.tracker.conditions,
            commands=lambda: held[0].commands(),
            version="test",
            context=runner.context,
            model=lambda _, wanted: self.find(wanted) if wanted else self.primary("main"),
        )
        settings = QueueSettings(mode=QueueMode.FOLLOWUP, debounce_ms=0)
        held.append(
            Dispatcher(
                store=self.store,
                bus=self.bus,
                clock=self.clock,
                lanes=lanes,
                runner=runner,
                commands=CommandTable(builtin_commands(context)),
                queue_settings=lambda: settings,
            )
        )
        return held[0]

    # What the runner asks for.

    def _failover(self) -> Failover:
        candidates = [Candidate(self.provider, model) for model in MODELS]
        return Failover(candidates, cooldowns=self._cooldowns, clock=self.clock)

    def chain(self, session: Session, inbound: Inbound) -> Any:
        return self._failover()

    def generate(
        self, agent_id: str, model: str | None, build: Callable[[ModelInfo], GenerateRequest]
    ) -> AsyncGenerator[ChainItem]:
        return self._failover().generate(build)

    def specs(self, inbound: Inbound, model: ModelInfo) -> Sequence[Any]:
        return ()

    async def execute(self, call: ToolCall, inbound: Inbound, model: ModelInfo | None, zone: ZoneInfo) -> ToolResult:
        return ToolResult(call.id, call.name, "done")

    def _methods(self) -> list[Any]:
        path = str(self.root / "state.sqlite")
        health = HealthReport(store=self.store, agents=lambda: AGENTS, clock=self.clock, database_path=path)
        status = system.Status(
            store=self.store,
            rows=self.rows,
            agents=lambda: AGENTS,
            tracker=self.tracker,
            clock=self.clock,
            version="1.0",
            database_path=path,
        )
        histories = Histories(store=self.store, dispatcher=self.dispatcher, rows=self.rows)
        changes = session_changes.SessionChanges(
            store=self.store,
            dispatcher=self.dispatcher,
            sender=self.sender,
            rows=self.rows,
            addressing=self.addressing,
            models=self.models,
            bus=self.bus,
            clock=self.clock,
            database_path=path,
        )
        return [
            *chat.methods(
                store=self.store,
                dispatcher=self.dispatcher,
                sender=self.sender,
                histories=histories,
                addressing=self.addressing,
                models=self.models,
                clock=self.clock,
            ),
            *changes.methods(),
            *sessions.methods(
                store=self.store,
                rows=self.rows,
                addressing=self.addressing,
                agent_ids=lambda: {one.id for one in AGENTS},
                database_path=path,
            ),
            *usage.methods(
                store=self.store, models=self.models, addressing=self.addressing, zone=lambda: ZoneInfo("UTC")
            ),
            *transfers.methods(store=self.store, addressing=self.addressing, bus=self.bus),
            *agents.methods(agents=lambda: AGENTS, addressing=self.addressing),
            *runs.methods(
                dispatcher=self.dispatcher, sender=self.sender, addressing=self.addressing, sessions=self.store
            ),
            *commands.methods(dispatcher=self.dispatcher),
            *models.methods(
                models=self.models, addressing=self.addressing, understanding=_Understanding(), clock=self.clock
            ),
            *agenda.methods(agenda=self.agenda, addressing=self.addressing),
            *lists.methods(notes=self.notes, addressing=self.addressing),
            *pictures.methods(),
            *images.methods(store=self.store, blobs=self.blobs, addressing=self.addressing),
            *logs.methods(log_file=self.log_file),
            *system.methods(
                health=health,
                status=status,
                tracker=self.tracker,
                dispatcher=self.dispatcher,
                presence=lambda: [PresenceEntry(ts=1, text="gateway", mode="gateway", reason="self")],
                identity=lambda: GatewayIdentity(device_id="ab" * 32, public_key="key"),
                examine=self._examine,
            ),
        ]

    async def _examine(self) -> list[Condition]:
        return list(self.found)

    # What tests ask for.

    async def answers(self, method: str, params: JsonObject | None = None, *, by: Caller | None = None) -> Any:
        """Send a request; return the caller, whose `answers` will have the responses."""
        by = by or caller()
        self._number += 1
        raw = msgspec.Raw(msgspec.json.encode(params)) if params is not None else msgspec.Raw()
        self.rpc.handle(by, Request("req", str(self._number), method, raw))
        return by

    async def call(self, method: str, params: JsonObject | None = None, *, by: Caller | None = None) -> Any:
        """Return the payload of the first response. Raises Refused."""
        by = await self.answers(method, params, by=by)
        return await payload(by)

    async def say(self, text: str, key: str = "main", run_id: str | None = None) -> str:
        """Send a message, wait for the end of its run and return its id."""
        self._number += 1
        run_id = run_id or f"run-{self._number}"
        await self.call("chat.send", {"sessionKey": key, "message": text, "idempotencyKey": run_id})
        assert await self.dispatcher.wait(run_id, 10) is not None
        return run_id

    def warn(self) -> None:
        """Declare something that is wrong."""
        self.tracker.set(Condition("engine_absent", "engine", Severity.DEGRADED, "No local model.", "Pull one."))


async def payload(by: Caller) -> Any:
    """Return the payload of the next response. Raises Refused."""
    async with asyncio.timeout(15):
        answer = msgspec.json.decode(await by.answers.get())
    if not answer["ok"]:
        raise Refused(answer["error"])
    return answer.get("payload")


@asynccontextmanager
async def open_box(root: Path, provider: ScriptedProvider | None = None) -> AsyncIterator[Box]:
    """Open a box on `root` and close it without a trace."""
    migrations = (*MIGRATIONS, *AGENDA_MIGRATIONS, *NOTES_MIGRATIONS)
    database = await Database.open(root / "state.sqlite", migrations, clock=SystemClock())
    box = Box(root, database, provider or ScriptedProvider("fake", models=MODELS))
    try:
        yield box
    finally:
        await box.dispatcher.aclose(grace_s=0)
        await box.tasks.aclose()
        await database.aclose()
