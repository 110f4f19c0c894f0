"""Builds one gateway out of all parts and runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Mapping

from appliance import __version__
from appliance.access.throttle import Throttle
from appliance.agenda.migrations import MIGRATIONS as AGENDA_MIGRATIONS
from appliance.agenda.store import AgendaStore
from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.models import AgentsSection, MiniSection, ModelsSection
from appliance.daemon.access_rules import server_settings, shared_auth, throttle
from appliance.daemon.downloads import Downloads
from appliance.daemon.embedded import Embedded
from appliance.daemon.engines import Engines
from appliance.daemon.housekeeping import rebuilt_condition, tidy
from appliance.daemon.live_config import LiveConfig
from appliance.daemon.models import EMBEDDED, Models
from appliance.daemon.surface import Parts, Surface, closed_settings
from appliance.daemon.toolbox import Toolbox
from appliance.daemon.tools import tools_of_the_box
from appliance.dispatch.builtin_commands import CommandContext, builtin_commands
from appliance.dispatch.commands import CommandTable
from appliance.dispatch.dispatcher import Dispatcher
from appliance.dispatch.queue_modes import DropPolicy, QueueMode, QueueSettings
from appliance.dispatch.running import Runner, RunSettings
from appliance.dispatch.schedule import Scheduler
from appliance.engine.client import EngineClient
from appliance.events import Bus, ConfigChanged, HealthChanged, ModelsChanged
from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import TaskSet
from appliance.gateway.server import Server, ServerSettings
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.systemd import Notifier
from appliance.identity import MIGRATIONS as IDENTITY_MIGRATIONS
from appliance.identity import DeviceStore
from appliance.identity.box_key import BoxKey
from appliance.lanes import Lanes
from appliance.notes.migrations import MIGRATIONS as NOTES_MIGRATIONS
from appliance.providers.base import Provider
from appliance.sessions.idempotency import IdempotencyStore
from appliance.sessions.migrations import MIGRATIONS as SESSION_MIGRATIONS
from appliance.sessions.store import SessionStore
from appliance.storage.backup import Backups
from appliance.storage.blobs import Blobs
from appliance.storage.database import Database
from appliance.storage.errors import StorageError
from appliance.storage.lock import StateLock
from appliance.telemetry.log import FILE_NAME
from appliance.telemetry.redact import Redactor
from appliance.tools.effects import MIGRATIONS as TOOL_MIGRATIONS
from appliance.understanding.ngram import WeightsError

_log = logging.getLogger(__name__)
_LANE_CAPS = {"main": 16, "subagent": 8, "cron": 4}
_MAX_WAITING_RUNS = 2000
_STORAGE = "storage"


def global_cap(agents: AgentsSection, cores: int) -> int:
    """Return how many runs go on at one time (behaviour.md 1: from the cores, 8 to 16)."""
    return agents.defaults.max_concurrent or min(16, max(8, cores))


class Gateway:
    """One gateway over one state directory. `start`, then `run` until `stop` is called, then `aclose`."""

    def __init__(
        self, paths: StatePaths, environ: Mapping[str, str], *, clock: Clock, redact: Redactor, port: int | None = None
    ) -> None:
        self._paths = paths
        self._environ = environ
        self._clock = clock
        self._redact = redact
        self._port = port
        self._tasks = TaskSet("gateway-services")
        self._stop = asyncio.Event()
        self._closers = contextlib.AsyncExitStack()
        self._notifier = Notifier(environ)
        self._server: Server | None = None
        self.bus = Bus()
        self.tracker = HealthTracker(lambda: self.bus.publish(HealthChanged()))

    def stop(self) -> None:
        """Ask the gateway to end in good order."""
        self._stop.set()

    async def start(self, lock: StateLock) -> None:
        """Bring everything up; connects are answered when this returns. Raises ApplianceError."""
        paths, clock = self._paths, self._clock
        key = BoxKey.open(paths.root / "device.key")
        self.config = config = LiveConfig(
            paths.config, self._environ, hash_key=key.secret, tracker=self.tracker, bus=self.bus, clock=clock
        )
        database = await self._open_database()
        devices = await DeviceStore.open(database)
        self._store = store = SessionStore(database, archive=paths.root / "archive")
        blobs = Blobs(paths.blobs)
        agents = config.section(config.config.agents, AgentsSection())
        lanes = Lanes(_LANE_CAPS, global_cap=global_cap(agents, os.cpu_count() or 1), max_waiting=_MAX_WAITING_RUNS)
        self._models = Models(
            lambda: config.config,
            environ=self._environ,
            clock=clock,
            tracker=self.tracker,
            version=lambda: config.loaded.hash,
        )
        self._closers.push_async_callback(self._models.aclose)
        agenda = AgendaStore(database, self._rearm)
        registry = tools_of_the_box(database, agenda, self.tracker, paths.root)
        self._scheduler = Scheduler(database=database, store=store, agenda=agenda, bus=self.bus, clock=clock)
        runner = Runner(
            store=store,
            bus=self.bus,
            clock=clock,
            lanes=lanes,
            chains=self._models,
            tools=Toolbox(registry, lambda: config.config, clock),
            blobs=blobs,
            settings=self._run_settings,
        )
        commands = CommandTable()
        self._dispatcher = dispatcher = Dispatcher(
            store=store,
            bus=self.bus,
            clock=clock,
            lanes=lanes,
            runner=runner,
            commands=commands,
            queue_settings=lambda: queue_settings(config.config),
        )
        for command in builtin_commands(self._command_context(commands)):
            commands.add(command)
        self._engines = Engines(
            environ=self._environ, sockets=paths.runtime, clock=clock, tracker=self.tracker, tasks=self._tasks
        )
        self._closers.push_async_callback(self._engines.aclose)
        downloads = Downloads(paths.models, clock, lambda: config.config.offline is not False)
        self._downloads = downloads
        self._embedded = Embedded(clock, lambda: config.zone)
        settings, locks = self._settings()
        surface = Surface(
            Parts(
                config=config,
                paths=paths,
                clock=clock,
                bus=self.bus,
                tracker=self.tracker,
                store=store,
                dispatcher=dispatcher,
                models=self._models,
                blobs=blobs,
                key=key,
                devices=devices,
                idempotency=IdempotencyStore(database),
                downloads=downloads,
                model_arrived=self._serve_models,
                understanding=self._embedded,
                log_file=paths.logs / FILE_NAME,
            ),
            settings,
            locks,
        )
        self._closers.push_async_callback(surface.aclose)
        await surface.start()
        server = surface.server
        resumed = await dispatcher.recover()
        server.serve()
        self._server = server
        await self._serve_models()
        self._background(database, store, blobs, config)
        address = f"127.0.0.1:{server.port}"
        lock.describe(address)
        facts = {"pid": os.getpid(), "port": server.port, "version": __version__}
        write_atomic(paths.runtime / "gateway.json", json.dumps(facts).encode())
        _log.info("serving", extra={"address": address, "resumedRuns": resumed})
        self._notifier.ready(address)

    async def run(self) -> None:
        """Serve until `stop`."""
        while not self._stop.is_set():
            self._notifier.alive()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._notifier.watchdog_s or 60.0):
                    await self._stop.wait()

    async def aclose(self) -> None:
        """End in good order: tell clients, let turns end, then close what was opened, the last first."""
        self._notifier.stopping()
        if self._server is not None:
            await self._dispatcher.aclose()
            await self._server.drain()
        await self._tasks.aclose()
        await self._closers.aclose()

    # ---- parts

    async def _open_database(self) -> Database:
        migrations = (
            *SESSION_MIGRATIONS,
            *IDENTITY_MIGRATIONS,
            *TOOL_MIGRATIONS,
            *AGENDA_MIGRATIONS,
            *NOTES_MIGRATIONS,
        )
        database = await Database.open(
            self._paths.database,
            migrations,
            clock=self._clock,
            journal=self._paths.journal,
            backups=self._paths.backups,
        )
        self._closers.push_async_callback(database.aclose)
        if database.recovered is not None:
            self.tracker.set(rebuilt_condition(database.recovered))
        return database

    def _settings(self) -> tuple[ServerSettings, Throttle | None]:
        gateway = self.config.config.gateway
        if isinstance(gateway, Refused):
            # Nobody may come in by rules that could not be read; the control socket still answers the owner.
            return closed_settings(self._paths.control_socket), None
        auth = shared_auth(gateway, self._paths.token, self._environ)
        for secret in (auth.token, auth.password):
            self._redact.learn(secret)
        settings = server_settings(gateway, auth, port=self._port, socket=self._paths.control_socket)
        return settings, throttle(gateway)

    def _background(self, database: Database, store: SessionStore, blobs: Blobs, config: LiveConfig) -> None:
        storage = config.config.storage
        backups = (
            Backups(self._paths.backups, config.zone)
            if isinstance(storage, Refused)
            else Backups(self._paths.backups, config.zone, keep=storage.keep_backups, hour=storage.backup_hour)
        )
        self._tasks.spawn(self._scheduler.run(), name="schedule")
        self._tasks.spawn(config.watch(), name="configuration")
        self._tasks.spawn(backups.serve(database, self._clock, self._backup_told), name="backup")
        self._tasks.spawn(tidy(store, blobs, self._clock), name="tidy")
        self.bus.listen(ConfigChanged, self._follow_config)

    def _follow_config(self, _: ConfigChanged) -> None:
        self._tasks.spawn(self._serve_models(), name="models")

    def _backup_told(self, error: StorageError | None) -> None:
        if error is None:
            self.tracker.clear("backup_failed", _STORAGE)
        else:
            fix = "Free some space, or look at `homarus logs`."
            self.tracker.set(Condition("backup_failed", _STORAGE, Severity.DEGRADED, str(error), fix))

    def _rearm(self) -> None:
        self._scheduler.rearm()

    def _run_settings(self) -> RunSettings:
        agents = self.config.section(self.config.config.agents, AgentsSection())
        return RunSettings(
            zone=self.config.zone,
            timeout_s=agents.defaults.timeout_seconds,
            bare_providers=frozenset({EMBEDDED}),
        )

    def _command_context(self, commands: CommandTable) -> CommandContext:
        return CommandContext(
            store=self._store,
            clock=self._clock,
            abort=lambda key: self._dispatcher.abort(key, reason="stop"),
            waiting=lambda key: self._dispatcher.waiting(key),
            models=self._models.refs,
            conditions=self.tracker.conditions,
            commands=commands.all,
            version=__version__,
        )

    # ---- models on this box

    async def _serve_models(self) -> None:
        """Start what the configuration enables and is not running as it should."""
        models = self.config.section(self.config.config.models, ModelsSection(mini=MiniSection(enabled=False)))
        await self._serve_mini(models)
        await self._serve_local(models)

    async def _serve_mini(self, models: ModelsSection) -> None:
        if not models.mini.enabled:
            await self._engines.stop("mini")
            self._models.remove(EMBEDDED)
            return
        arguments = self._embedded.arguments()
        if not self._engines.runs("mini", arguments):
            process = await self._engines.start("mini", arguments, self._told_models)
            if process is not None:
                self._add_embedded(process.client)

    def _add_embedded(self, client: EngineClient) -> None:
        try:
            self._models.add(self._embedded.provider(client))
        except WeightsError as error:
            self.tracker.set(Condition("embedded_model", "mini", Severity.DEGRADED, str(error), "Install again."))

    async def _serve_local(self, models: ModelsSection) -> None:
        path = models.local.path or self._downloads.newest()
        if not models.local.enabled or path is None:
            await self._engines.stop("local")
            self._models.remove("local")
            return
        arguments = ["--model", str(path), "--embeddings"]
        if models.local.context_tokens:
            arguments += ["--context", str(models.local.context_tokens)]
        if models.local.threads:
            arguments += ["--threads", str(models.local.threads)]
        if not self._engines.runs("local", arguments):
            await self._engines.start("local", arguments, lambda client: self._engines.describe(client, self._added))

    def _added(self, provider: Provider) -> None:
        self._models.add(provider)
        self.bus.publish(ModelsChanged())

    def _told_models(self, _: object) -> None:
        self.bus.publish(ModelsChanged())


def queue_settings(config: Config) -> QueueSettings:
    """Return the queue settings of the configuration; the defaults when that section is refused."""
    if isinstance(config.messages, Refused):
        return QueueSettings()
    queue = config.messages.queue
    return QueueSettings(QueueMode(queue.mode), queue.debounce_ms, queue.cap, DropPolicy(queue.drop))
