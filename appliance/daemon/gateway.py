"""One gateway: brought up in order, run until it is asked to stop, taken down in the reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from appliance import __version__
from appliance.access.throttle import Throttle
from appliance.config.errors import Refused
from appliance.config.sections.gateway import GatewaySection
from appliance.config.sections.models import AgentsSection
from appliance.config.sections.updates import UpdatesSection
from appliance.daemon.access_rules import shared_auth, throttle
from appliance.daemon.answers.prewarm import Prewarm
from appliance.daemon.care.parts import Care, take_care
from appliance.daemon.core import Core, build_core, open_database
from appliance.daemon.housekeeping import rebuilt_condition, tidy
from appliance.daemon.live_config import LiveConfig
from appliance.daemon.local.building import build_local_models
from appliance.daemon.local.engines import Engines
from appliance.daemon.local.learning import Learning, build_lessons
from appliance.daemon.local.lessons import Lessons
from appliance.daemon.local.serving import LocalModels
from appliance.daemon.reach.discovery import announce
from appliance.daemon.reach.exposure import Exposed, expose
from appliance.daemon.reach.nodes import NodeParts, open_nodes
from appliance.daemon.reach.trust import TrustParts, open_trust, restored_condition
from appliance.daemon.surface import Surface, closed_settings
from appliance.daemon.updating.updates import Updates
from appliance.daemon.wire.parts import Parts
from appliance.events import Bus, ConfigChanged, HealthChanged, ModelsChanged, ReachChanged
from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths, admin_socket, engine_sockets
from appliance.foundation.tasks import TaskSet
from appliance.gateway.reach import Exposure
from appliance.gateway.server import Server
from appliance.generation import ModelInfo
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.systemd import Notifier
from appliance.identity.box_key import BoxKey
from appliance.mesh.tools import NodeTools
from appliance.sessions.idempotency import IdempotencyStore
from appliance.storage.backup import Backups
from appliance.storage.database import Database
from appliance.storage.errors import StorageError
from appliance.storage.lock import StateLock
from appliance.telemetry.log import FILE_NAME
from appliance.telemetry.redact import Redactor
from appliance.tools.selection import Kit

if TYPE_CHECKING:  # imported where the owner uses Tailscale
    from appliance.daemon.reach.tailnet import ServedByTailscale

_log = logging.getLogger(__name__)
_ANSWER_S = 0.2
_BACK_MS = 3000  # from the goodbye of a restart to the next hello, on a small box
_ALIVE_S = 60.0  # the pace of the loop where no watchdog asks for another


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
        self._bus = Bus()
        self._tracker = HealthTracker(lambda: self._bus.publish(HealthChanged()))
        self._tasks = TaskSet("services")
        self._stop = asyncio.Event()
        self.restarting = False
        self._notifier = Notifier(environ)
        self._closers = contextlib.AsyncExitStack()
        self._serving: tuple[Core, Server] | None = None
        self._tailscale: ServedByTailscale | None = None

    def stop(self) -> None:
        """Ask the gateway to end in good order."""
        self._stop.set()

    def restart(self) -> None:
        """Ask the gateway to end in good order and come back in the same process; `restarting` says so afterwards."""
        # The answer to whoever asked leaves first.
        asyncio.get_running_loop().call_later(_ANSWER_S, self._end_to_begin)

    def _end_to_begin(self) -> None:
        self.restarting = not self._stop.is_set()  # who wants it to end gets that
        self._stop.set()

    async def start(self, lock: StateLock) -> None:
        """Bring everything up; connects are answered when this returns. Raises ApplianceError."""
        paths, clock, bus, tracker = self._paths, self._clock, self._bus, self._tracker
        key = BoxKey.open(paths.root / "device.key")
        config = LiveConfig(
            paths.config,
            self._environ,
            hash_key=key.secret,
            tracker=tracker,
            bus=bus,
            clock=clock,
            learn=self._redact.learn,
        )
        database = await open_database(paths, clock)
        self._closers.push_async_callback(database.aclose)
        if database.recovered is not None:
            tracker.set(rebuilt_condition(database.recovered))
        trust = await open_trust(database, clock)
        if (told := restored_condition(trust.restored)) is not None:
            tracker.set(told)
        nodes = await self._nodes(database, trust, config)
        core = build_core(
            database,
            config,
            paths=paths,
            environ=self._environ,
            clock=clock,
            bus=bus,
            tracker=tracker,
            node_tools=NodeTools(nodes.mesh, nodes.invocations),
        )
        self._closers.push_async_callback(core.models.aclose)
        local = self._local_models(config, core)
        core.models.score_with(local.embedded.tool_scores)
        lessons = self._lessons(config, core, local)
        surface = await self._surface(config, core, key, local, lessons, trust, nodes)
        await core.keeper.load()
        resumed = await core.dispatcher.recover()
        surface.server.serve()
        if self._tailscale is not None:
            self._tasks.spawn(self._tailscale.run(surface.server.port), name="tailscale")
        self._serving = (core, surface.server)
        await local.serve()
        self._tasks.spawn(lessons.follow(), name="learning")
        self._background(config, core, local, lessons)
        self._announce(config, surface)
        self._tell(lock, surface.server, resumed)

    async def run(self) -> None:
        """Serve until `stop`."""
        while not self._stop.is_set():
            self._notifier.alive()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._notifier.watchdog_s or _ALIVE_S):
                    await self._stop.wait()

    async def aclose(self) -> None:
        """End in good order: let turns end, tell clients, then close what was opened, the last first."""
        if self.restarting:
            self._notifier.reloading(self._clock.monotonic())
        else:
            self._notifier.stopping()
        if self._serving is not None:
            core, server = self._serving
            await core.dispatcher.aclose()
            await server.drain(restart_expected_ms=_BACK_MS if self.restarting else None)
        await self._tasks.aclose()
        await self._closers.aclose()

    def _announce(self, config: LiveConfig, surface: Surface) -> None:
        told = announce(
            config,
            surface.reach,
            environ=self._environ,
            clock=self._clock,
            bus=self._bus,
            tracker=self._tracker,
            tasks=self._tasks,
        )
        self._closers.push_async_callback(told.aclose)

    def _local_models(self, config: LiveConfig, core: Core) -> LocalModels:
        engines = Engines(
            environ=self._environ,
            sockets=engine_sockets(self._environ, self._paths),
            clock=self._clock,
            tracker=self._tracker,
            tasks=self._tasks,
        )
        self._closers.push_async_callback(engines.aclose)
        return build_local_models(
            engines,
            core.models,
            config=lambda: config.config,
            zone=lambda: config.zone,
            paths=self._paths,
            environ=self._environ,
            tracker=self._tracker,
            bus=self._bus,
            clock=self._clock,
            tasks=self._tasks,
        )

    def _lessons(self, config: LiveConfig, core: Core, local: LocalModels) -> Lessons:
        return build_lessons(
            local.embedded,
            database=core.database,
            store=core.store,
            config=lambda: config.config,
            zone=lambda: config.zone,
            paths=self._paths,
            environ=self._environ,
            bus=self._bus,
            clock=self._clock,
            tasks=self._tasks,
        )

    async def _nodes(self, database: Database, trust: TrustParts, config: LiveConfig) -> NodeParts:
        nodes = await open_nodes(
            database, trust.devices, config=lambda: config.config, bus=self._bus, clock=self._clock
        )
        self._closers.push_async_callback(nodes.mesh.aclose)
        self._tasks.spawn(nodes.mesh.keep(), name="nodes")
        return nodes

    async def _surface(
        self,
        config: LiveConfig,
        core: Core,
        key: BoxKey,
        local: LocalModels,
        lessons: Lessons,
        trust: TrustParts,
        nodes: NodeParts,
    ) -> Surface:
        exposed, locks = self._exposed(config)
        parts = Parts(
            config=config,
            exposed=exposed,
            paths=self._paths,
            clock=self._clock,
            bus=self._bus,
            tracker=self._tracker,
            store=core.store,
            dispatcher=core.dispatcher,
            models=core.models,
            meter=core.meter,
            blobs=core.blobs,
            key=key,
            trust=trust,
            nodes=nodes,
            updates=Updates(
                settings=lambda: config.section(config.config.updates, UpdatesSection()),
                tracker=self._tracker,
                clock=self._clock,
            ),
            agenda=core.agenda,
            notes=core.notes,
            idempotency=IdempotencyStore(core.database),
            local=local,
            learning=Learning(lessons),
            log_file=self._paths.logs / FILE_NAME,
            restart=self.restart,
            care=self._care(core, trust),
        )
        surface = Surface(parts, exposed.settings, locks)
        self._closers.push_async_callback(surface.aclose)
        await surface.start()
        self._tasks.spawn(parts.updates.run(surface.server.broadcaster.send), name="updates")
        return surface

    def _exposed(self, config: LiveConfig) -> tuple[Exposed, Throttle | None]:
        gateway = config.config.gateway
        if isinstance(gateway, Refused):
            # Nobody may come in by rules that could not be read; the control socket still answers the owner.
            return Exposed(closed_settings(self._paths.control_socket), Exposure(hosts=())), None
        auth = shared_auth(gateway, self._paths.token, self._environ)
        for secret in (auth.token, auth.password):
            self._redact.learn(secret)
        exposed = expose(
            gateway,
            auth,
            port=self._port,
            control_socket=self._paths.control_socket,
            admin_socket=admin_socket(self._environ),
            tls_folder=self._paths.tls,
            clock=self._clock,
            tracker=self._tracker,
        )
        if exposed.tls is not None:
            exposed.tls.changed = self._reach_changed
        if exposed.box is not None:
            self._tasks.spawn(exposed.box.watch(), name="certificate")
        if gateway.tailscale.mode == "serve" or gateway.auth.allow_tailscale:
            self._join_tailnet(gateway, exposed)
        return exposed, throttle(gateway)

    def _care(self, core: Core, trust: TrustParts) -> Care:
        care = take_care(core.database, self._paths, self._tracker, self._clock, pairing=trust.setup.spendable)
        if care.light is not None:
            self._tasks.spawn(care.light.run(), name="light")
        self._tasks.spawn(asyncio.to_thread(care.taking.clear), name="taken")  # of a program that did not end well
        self._tasks.spawn(care.watch.run(), name="watch")
        self._tasks.spawn(care.rehearsals.run(), name="rehearsal")
        return care

    def _reach_changed(self) -> None:
        self._bus.publish(ReachChanged())

    def _join_tailnet(self, gateway: GatewaySection, exposed: Exposed) -> None:
        from appliance.daemon.reach.tailnet import ServedByTailscale, join_tailnet, local_api

        api = local_api(self._environ)
        join_tailnet(exposed, gateway, api)
        if gateway.tailscale.mode == "serve":
            self._tailscale = ServedByTailscale(
                api, exposed, clock=self._clock, tracker=self._tracker, changed=self._reach_changed
            )
            self._closers.push_async_callback(self._tailscale.aclose)

    def _background(self, config: LiveConfig, core: Core, local: LocalModels, lessons: Lessons) -> None:
        storage = config.config.storage
        chosen = {} if isinstance(storage, Refused) else {"keep": storage.keep_backups, "hour": storage.backup_hour}
        backups = Backups(self._paths.backups, config.zone, state=self._paths.root, **chosen)

        def follow(_: ConfigChanged) -> None:
            self._tasks.spawn(local.serve(), name="models")
            self._tasks.spawn(lessons.follow(), name="learning")

        self._bus.listen(ConfigChanged, follow)
        warm = self._prewarm(config, core)
        self._bus.listen(ModelsChanged, warm)
        self._bus.listen(ConfigChanged, warm)
        self._tasks.spawn(core.scheduler.run(), name="schedule")
        self._tasks.spawn(core.asker.run(), name="later")
        self._tasks.spawn(config.watch(), name="configuration")
        self._tasks.spawn(backups.serve(core.database, self._clock, self._backup_told), name="backup")
        self._tasks.spawn(tidy(core.store, core.blobs, self._clock, backups.all), name="tidy")

    def _prewarm(self, config: LiveConfig, core: Core) -> Callable[[ModelsChanged | ConfigChanged], None]:
        def kits(model: ModelInfo) -> Sequence[Kit]:
            entries = config.section(config.config.agents, AgentsSection()).entries
            default = next((name for name, entry in entries.items() if entry.default), "main")
            return core.toolbox.kits(default, model)

        prewarm = Prewarm(kits, lambda: config.owner)

        def warm(_: ModelsChanged | ConfigChanged) -> None:
            self._tasks.spawn(prewarm.run(core.models.local()), name="prewarm")

        return warm

    def _backup_told(self, error: StorageError | None) -> None:
        if error is None:
            self._tracker.clear("backup_failed", "storage")
        else:
            fix = "Free some space, or look at `homarus logs`."
            reason = str(error)
            self._tracker.set(Condition("backup_failed", "storage", Severity.DEGRADED, reason, fix, {"reason": reason}))

    def _tell(self, lock: StateLock, server: Server, resumed: int) -> None:
        """Say where this gateway is: in the lock, in a file for programs, to systemd and in the log."""
        port = server.port
        address = f"127.0.0.1:{port}" if port else str(self._paths.control_socket)
        lock.describe(address)
        facts = {"pid": os.getpid(), "port": port, "version": __version__}
        file = self._paths.runtime / "gateway.json"
        try:
            write_atomic(file, json.dumps(facts).encode())
        except OSError as error:  # a disk without a free block must not keep the box from saying that it is full
            _log.error("programs of this machine are not told where this gateway is: %s", error)
            with contextlib.suppress(OSError):  # the disk may be read-only: that was said
                file.unlink()  # one that was killed may have left it, and names a process that is gone
        else:
            # Who reads it afterwards would ask a process that is gone.
            self._closers.callback(file.unlink, missing_ok=True)
        _log.info("serving", extra={"address": address, "listens": " ".join(server.hosts), "resumedRuns": resumed})
        self._notifier.ready(address)
