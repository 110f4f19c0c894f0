"""What answers, below every surface: storage, sessions, tools, models, turns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from appliance import __version__
from appliance.agenda.migrations import MIGRATIONS as AGENDA_MIGRATIONS
from appliance.agenda.store import AgendaStore
from appliance.channels.migrations import MIGRATIONS as CHANNEL_MIGRATIONS
from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.models import AgentsSection
from appliance.daemon.answers.meter import Meter
from appliance.daemon.live_config import LiveConfig
from appliance.daemon.models import EMBEDDED, Models
from appliance.daemon.toolbox import Toolbox
from appliance.daemon.tools import tools_of_the_box
from appliance.dispatch.builtin_commands import CommandContext, builtin_commands
from appliance.dispatch.commands import CommandTable
from appliance.dispatch.dispatcher import Dispatcher
from appliance.dispatch.later.asking import Asker
from appliance.dispatch.later.command import forgetting, later_command
from appliance.dispatch.later.keeper import Keeper
from appliance.dispatch.later.migrations import MIGRATIONS as LATER_MIGRATIONS
from appliance.dispatch.queue_modes import DropPolicy, QueueMode, QueueSettings
from appliance.dispatch.running import Runner, RunSettings
from appliance.dispatch.schedule import Scheduler
from appliance.events import AgendaChanged, Bus, ListsChanged
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.health import HealthTracker
from appliance.host.network import RouteReader
from appliance.identity import MIGRATIONS as IDENTITY_MIGRATIONS
from appliance.lanes import Lanes
from appliance.mesh.migrations import MIGRATIONS as MESH_MIGRATIONS
from appliance.mesh.tools import NodeTools
from appliance.notes.migrations import MIGRATIONS as NOTES_MIGRATIONS
from appliance.notes.store import NotesStore
from appliance.sessions.migrations import MIGRATIONS as SESSION_MIGRATIONS
from appliance.sessions.store import SessionStore
from appliance.storage.blobs import Blobs
from appliance.storage.database import Database
from appliance.tools.effects import MIGRATIONS as TOOL_MIGRATIONS
from appliance.tools.registry import Registry
from appliance.understanding.learning.migrations import MIGRATIONS as LEARNING_MIGRATIONS

_LANE_CAPS = {"main": 16, "subagent": 8, "cron": 4}
_MAX_WAITING_RUNS = 2000
MIGRATIONS = (
    *SESSION_MIGRATIONS,
    *IDENTITY_MIGRATIONS,
    *TOOL_MIGRATIONS,
    *AGENDA_MIGRATIONS,
    *NOTES_MIGRATIONS,
    *LEARNING_MIGRATIONS,
    *LATER_MIGRATIONS,
    *MESH_MIGRATIONS,
    *CHANNEL_MIGRATIONS,
)
"""Append only, in the order in which the units came to be."""


@dataclass(frozen=True, slots=True)
class Core:
    """The parts that surfaces and background services stand on."""

    database: Database
    store: SessionStore
    blobs: Blobs
    models: Models
    dispatcher: Dispatcher
    scheduler: Scheduler
    keeper: Keeper
    asker: Asker
    toolbox: Toolbox
    meter: Meter
    agenda: AgendaStore
    notes: NotesStore


async def open_database(paths: StatePaths, clock: Clock) -> Database:
    """Open the one database, rebuilt first where it is damaged. Raises StorageError."""
    return await Database.open(paths.database, MIGRATIONS, clock=clock, journal=paths.journal, backups=paths.backups)


def build_core(
    database: Database,
    config: LiveConfig,
    *,
    paths: StatePaths,
    environ: Mapping[str, str],
    clock: Clock,
    bus: Bus,
    tracker: HealthTracker,
    node_tools: NodeTools,
) -> Core:
    """Wire sessions, tools, models and turns over an open database."""
    store, blobs = SessionStore(database, archive=paths.root / "archive"), Blobs(paths.blobs)
    models = Models(
        lambda: config.config, environ=environ, clock=clock, tracker=tracker, version=lambda: config.loaded.hash
    )

    def agenda_changed() -> None:
        scheduler.rearm()
        bus.publish(AgendaChanged())

    agenda = AgendaStore(database, agenda_changed)
    notes = NotesStore(database, lambda: bus.publish(ListsChanged()))
    scheduler = Scheduler(database=database, store=store, agenda=agenda, bus=bus, clock=clock)
    registry = tools_of_the_box(notes, agenda, tracker, paths.root, node_tools)
    toolbox = _toolbox(registry, config, clock, models, node_tools)
    lanes = Lanes(_LANE_CAPS, global_cap=_global_cap(config.config), max_waiting=_MAX_WAITING_RUNS)
    keeper = Keeper(database=database, store=store, clock=clock, tracker=tracker)
    runner = Runner(
        store=store,
        bus=bus,
        clock=clock,
        lanes=lanes,
        chains=models,
        tools=toolbox,
        blobs=blobs,
        settings=lambda: _run_settings(config),
        kits=toolbox.choose,
        hears=toolbox.locale,
        keeper=keeper,
    )
    commands = CommandTable()
    dispatcher = Dispatcher(
        store=store,
        bus=bus,
        clock=clock,
        lanes=lanes,
        runner=runner,
        commands=commands,
        queue_settings=lambda: _queue_settings(config.config),
    )
    context = _command_context(store, clock, dispatcher, models, runner, tracker, commands)
    for command in (*builtin_commands(context), later_command(keeper, clock, lambda: config.zone)):
        commands.add(command)
    commands.hear(forgetting(keeper))
    asker = Asker(keeper, dispatcher, models, bus=bus, clock=clock, has_route=RouteReader().has_default_route)
    return Core(
        database, store, blobs, models, dispatcher, scheduler, keeper, asker, toolbox, Meter(bus), agenda, notes
    )


def _toolbox(registry: Registry, config: LiveConfig, clock: Clock, models: Models, nodes: NodeTools) -> Toolbox:
    return Toolbox(
        registry,
        lambda: config.config,
        clock,
        scores=models.tool_scores,
        hears=models.hears,
        hidden=nodes.hidden,
        hints=nodes.hints,
        probed_size=models.probed_tools,
    )


def _command_context(
    store: SessionStore,
    clock: Clock,
    dispatcher: Dispatcher,
    models: Models,
    runner: Runner,
    tracker: HealthTracker,
    commands: CommandTable,
) -> CommandContext:
    return CommandContext(
        store=store,
        clock=clock,
        abort=lambda key: dispatcher.abort(key, reason="stop"),
        waiting=dispatcher.waiting,
        models=models.refs,
        conditions=tracker.conditions,
        commands=commands.all,
        version=__version__,
        context=runner.context,
        model=lambda agent_id, wanted: models.find(wanted) if wanted else models.primary(agent_id),
    )


def _agents(config: Config) -> AgentsSection:
    return AgentsSection() if isinstance(config.agents, Refused) else config.agents


def _global_cap(config: Config) -> int:
    """Return how many runs go on at one time (behaviour.md 1: from the cores, 8 to 16)."""
    return _agents(config).defaults.max_concurrent or min(16, max(8, os.cpu_count() or 1))


def _run_settings(config: LiveConfig) -> RunSettings:
    defaults = _agents(config.config).defaults
    return RunSettings(
        zone=config.zone,
        timeout_s=defaults.timeout_seconds,
        bare_providers=frozenset({EMBEDDED}),
        max_context=defaults.context_tokens,
        owner=config.owner,
    )


def _queue_settings(config: Config) -> QueueSettings:
    if isinstance(config.messages, Refused):
        return QueueSettings()
    queue = config.messages.queue
    return QueueSettings(QueueMode(queue.mode), queue.debounce_ms, queue.cap, DropPolicy(queue.drop))
