"""The model processes on this box: the embedded model and the local engine, started, watched and put in the catalog.

The gateway serves without them: what is missing is a health condition that names the fix.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineAbsent, EngineHome, locate
from appliance.foundation.clock import Clock
from appliance.foundation.tasks import TaskSet
from appliance.generation import ModelError
from appliance.health import Condition, HealthTracker, Severity
from appliance.providers.base import Provider
from appliance.supervisor.process import ChildFailedError, ChildProcess, ChildSpec, ChildState, ChildStatus

_log = logging.getLogger(__name__)
_PATIENCE_S = 15.0
_MAX_REASON = 200
_ABSENT, _DOWN = "engine_absent", "engine_down"


class EngineProcess:
    """One engine process and its condition. `ready` is called with a client each time it came up."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        *,
        home: EngineHome,
        socket: Path,
        environ: Mapping[str, str],
        clock: Clock,
        tracker: HealthTracker,
        ready: Callable[[EngineClient], object],
    ) -> None:
        self.client = EngineClient(socket, before=self._come_up)
        self.arguments = arguments
        self._name = name
        self._tracker = tracker
        self._ready = ready
        argv = [str(home.python), "-m", "appliance.engine", "--socket", str(socket), "--name", name, *arguments]
        spec = ChildSpec(f"engine-{name}", argv, home.variables())
        self.child = ChildProcess(spec, environ=environ, clock=clock, on_change=self._changed)

    async def _come_up(self) -> None:
        """Wait a little while the process starts: the first request after a start must not fail for being early."""
        if self.child.status.state is ChildState.STARTING:
            with contextlib.suppress(TimeoutError, ChildFailedError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self.child.wait_ready()

    def _changed(self, status: ChildStatus) -> None:
        if status.state is ChildState.READY:
            self._tracker.clear(_DOWN, self._name)
            self._ready(self.client)
        elif status.state in (ChildState.BACKOFF, ChildState.FAILED):
            again = "It is tried again later." if status.state is ChildState.FAILED else "It is started again."
            summary = f"The model process {self._name} ended ({_short(status.reason)}). {again}"
            fix = (
                "Look at `homarus logs`; another model: models.local.path. Smaller window: models.local.contextTokens."
            )
            self._tracker.set(Condition(_DOWN, self._name, Severity.DEGRADED, summary, fix))


def _short(reason: str) -> str:
    """Return the beginning of what llama.cpp says in many lines; the log has all of it."""
    return reason if len(reason) <= _MAX_REASON else f"{reason[: _MAX_REASON - 1].rstrip()}…"


class Engines:
    """Finds the engine's environment and runs what the configuration enables."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        sockets: Path,
        clock: Clock,
        tracker: HealthTracker,
        tasks: TaskSet,
    ) -> None:
        self._environ = environ
        self._sockets = sockets
        self._clock = clock
        self._tracker = tracker
        self._tasks = tasks
        self._running: dict[str, EngineProcess] = {}
        self.home = locate(environ)
        if isinstance(self.home, EngineAbsent):
            summary = f"No model can run on this box: {self.home.reason}."
            fix = "Until then only a cloud model can answer; scripts/engine sets the engine up."
            tracker.set(Condition(_ABSENT, "engine", Severity.DEGRADED, summary, fix))

    async def start(
        self, name: str, arguments: list[str], ready: Callable[[EngineClient], object]
    ) -> EngineProcess | None:
        """Start (or start anew with other arguments) the engine `name`; None when there is no engine here."""
        if isinstance(self.home, EngineAbsent):
            return None
        await self.stop(name)
        process = self._running[name] = EngineProcess(
            name,
            arguments,
            home=self.home,
            socket=self._sockets / f"engine-{name}.sock",
            environ=self._environ,
            clock=self._clock,
            tracker=self._tracker,
            ready=ready,
        )
        await process.child.start()
        return process

    def runs(self, name: str, arguments: list[str]) -> bool:
        """Return whether the engine `name` is kept alive with exactly these arguments."""
        process = self._running.get(name)
        return process is not None and process.arguments == arguments

    async def stop(self, name: str) -> None:
        """End the engine `name`, if it runs."""
        process = self._running.pop(name, None)
        if process is not None:
            await process.child.stop()
            self._tracker.clear(_DOWN, name)

    async def aclose(self) -> None:
        """End all of them."""
        for name in list(self._running):
            await self.stop(name)

    def describe(self, client: EngineClient, add: Callable[[Provider], object]) -> None:
        """Ask an engine that came up what it runs, and add the provider for it."""

        async def ask() -> None:
            from appliance.providers.local import LocalProvider, model_info

            try:
                info = await client.info()
            except ModelError as error:
                _log.warning("the engine does not say what it runs: %s", error)
                return
            add(LocalProvider(client, models=[model_info(info)]))

        self._tasks.spawn(ask(), name="describe engine")
