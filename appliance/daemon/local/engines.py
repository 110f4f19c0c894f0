"""The model processes on this box: the embedded model and the local engine, started, watched and put in the catalog.

The gateway serves without them: what is missing is a health condition that names the fix.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineAbsent, EngineHome, locate
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.generation import FailureKind, ModelError
from appliance.health import Condition, HealthTracker, Severity
from appliance.supervisor.process import ChildFailedError, ChildProcess, ChildSpec, ChildState, ChildStatus
from appliance.supervisor.spawning.base import Place
from appliance.supervisor.spawning.box import BoxSpawner

Ready: TypeAlias = Callable[[EngineClient], Awaitable[None]]
"""What is done each time an engine came up; a ModelError from it is logged."""

_log = logging.getLogger(__name__)
_PATIENCE_S = 15.0
# a new start after an end takes a moment; somebody else is asked when it takes longer
_PATIENCE = {ChildState.STARTING: _PATIENCE_S, ChildState.BACKOFF: 5.0}
_STILL_STARTING = "The local model is still starting. Ask again in a moment."
_DRAIN_S = 15.0
_DRAIN_POLL_S = 0.25
_MAX_REASON = 200
_ABSENT, _DOWN = "engine_absent", "engine_down"
_STATES = {
    ChildState.STARTING: "loading",
    ChildState.READY: "ready",
    ChildState.BACKOFF: "restarting",
    ChildState.FAILED: "failed",
}
_TOLD = ("restarting", "failed")


class EngineUnusableError(ApplianceError):
    """An engine did not come up with what it was given; what answered before still does."""

    code = "model_unusable"


@dataclass(frozen=True, slots=True)
class Standing:
    """`state`: none, absent, loading, ready, restarting or failed; `reason`: why, where it is not as it should be."""

    state: str = "none"
    file: str = ""
    reason: str = ""


def standing(home: EngineHome | EngineAbsent, file: str, status: ChildStatus | None) -> Standing:
    """Return how the model `file` stands; `status` None: nothing was started for it."""
    if isinstance(home, EngineAbsent):
        return Standing("absent", file, home.reason)
    state = "none" if status is None or not file else _STATES.get(status.state, "none")
    return Standing(state, file if state != "none" else "", status.reason if status and state in _TOLD else "")


class EngineProcess:
    """One engine process and its condition. `ready` is called with a client each time it came up.

    A process on `trial` says nothing to anybody until it is adopted.
    """

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
        trial: bool,
    ) -> None:
        self.client = EngineClient(socket, before=self._come_up)
        self.socket = socket
        self.arguments = arguments
        self.successor: EngineProcess | None = None  # comes up at the same socket
        self._trial = trial
        self._first = asyncio.Event()  # it came up, or did not, for the first time
        self._failure = ""
        self._name = name
        self._tracker = tracker
        self._ready = ready
        argv = [str(home.python), "-m", "appliance.engine", "--socket", str(socket), "--name", name, *arguments]
        spec = ChildSpec(f"engine-{name}", argv, home.variables(), pulse=self._answers)
        spawner = BoxSpawner(Place.ENGINE, environ)
        self.child = ChildProcess(spec, environ=environ, clock=clock, on_change=self._changed, spawner=spawner)

    async def _come_up(self) -> None:
        """Wait a little while the process starts: the first request after a start must not fail for being early.

        Raises ModelError where it takes longer; what is known of a process that failed is said by who connects to it.
        """
        if self.successor is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self.successor._first.wait()
        patience = _PATIENCE.get(self.child.status.state)
        if patience is None:
            return
        try:
            with contextlib.suppress(ChildFailedError):
                async with asyncio.timeout(patience):
                    await self.child.wait_ready()
        except TimeoutError as error:
            if self.child.status.state is ChildState.STARTING:
                raise ModelError(FailureKind.UNAVAILABLE, _STILL_STARTING) from error

    async def _answers(self) -> bool:
        """Return whether it says what it is, which it does beside all work."""
        try:
            await self.client.info()
        except ModelError as error:
            return error.kind not in (FailureKind.TIMEOUT, FailureKind.UNAVAILABLE)
        return True

    async def came_up(self) -> None:
        """Wait until it came up for the first time. Raises EngineUnusableError when it does not."""
        await self._first.wait()
        if self._failure:
            raise EngineUnusableError(f"The engine does not start with it: {_short(self._failure)}.")

    def adopt(self) -> None:
        """End the trial: from now on it is the engine of this name."""
        self._trial = False
        self._tracker.clear(_DOWN, self._name)

    def _changed(self, status: ChildStatus) -> None:
        # One crash may be bad luck: only who is merely tried has to come up at once.
        settled = status.state in (ChildState.READY, ChildState.FAILED)
        if not self._first.is_set() and (settled or (self._trial and status.state is ChildState.BACKOFF)):
            self._failure = "" if status.state is ChildState.READY else status.reason or "no reason given"
            self._first.set()
        if self._trial:
            return
        if status.state is ChildState.READY:
            self._tracker.clear(_DOWN, self._name)
            self._ready(self.client)
        elif status.state in (ChildState.BACKOFF, ChildState.FAILED):
            again = "It is tried again later." if status.state is ChildState.FAILED else "It is started again."
            summary = f"The model process {self._name} ended ({_short(status.reason)}). {again}"
            fix = (
                "Look at `homarus logs`. Another model: `homarus models use`. Less memory: models.local.contextTokens."
            )
            form = "later" if status.state is ChildState.FAILED else "again"
            details = {"form": form, "name": self._name, "reason": _short(status.reason)}
            self._tracker.set(Condition(_DOWN, self._name, Severity.DEGRADED, summary, fix, details))


async def _tell(ready: Ready, client: EngineClient) -> None:
    try:
        await ready(client)
    except ModelError as error:
        _log.warning("the engine does not say what it runs: %s", error)


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
            details = {"reason": self.home.reason}
            tracker.set(Condition(_ABSENT, "engine", Severity.DEGRADED, summary, fix, details))

    async def start(self, name: str, arguments: list[str], ready: Ready) -> EngineProcess | None:
        """Start (or start anew with other arguments) the engine `name`; None when there is no engine here."""
        if isinstance(self.home, EngineAbsent):
            return None
        await self.stop(name)
        process = self._running[name] = self._process(self.home, name, arguments, ready)
        await process.child.start()
        return process

    async def replace(self, name: str, arguments: list[str], ready: Ready, *, beside: bool = True) -> EngineProcess:
        """Bring up a new engine, and only then let it take the place of the one that runs under `name`.

        The old one first ends what it is saying. With `beside` false there is no memory for two: the old one is ended
        first, and started again when the new one fails. Raises EngineUnusableError; the old one then runs on.
        """
        if isinstance(self.home, EngineAbsent):
            raise EngineUnusableError(f"No model can run on this box: {self.home.reason}.")
        old = self._running.get(name)
        new = self._process(self.home, name, arguments, ready, trial=True, old=old, beside=beside)
        if old is not None and not beside:
            await self._drain(old)
            old.successor = new  # who asks the old one from now on waits for the new one
            await old.child.stop()
        await new.child.start()
        try:
            await new.came_up()
        except BaseException:
            await new.child.stop()
            if old is not None and not beside:
                old.successor = None
                await old.child.start()
                await asyncio.sleep(0)  # from here on its state says that it starts, and who asks waits
            raise
        self._running[name] = new
        new.adopt()
        await _tell(ready, new.client)
        if old is not None and beside:
            await self._drain(old)
            await old.child.stop()
        return new

    def _process(
        self,
        home: EngineHome,
        name: str,
        arguments: list[str],
        ready: Ready,
        *,
        trial: bool = False,
        old: EngineProcess | None = None,
        beside: bool = False,
    ) -> EngineProcess:
        """Make a process, at a socket of its own `beside` the old one, else at that of the old one."""
        sockets = [self._sockets / f"engine-{name}.sock", self._sockets / f"engine-{name}-2.sock"]
        if old is not None:
            sockets.sort(key=lambda one: (one == old.socket) is beside)
        return EngineProcess(
            name,
            arguments,
            home=home,
            socket=sockets[0],
            environ=self._environ,
            clock=self._clock,
            tracker=self._tracker,
            ready=lambda client: self._tasks.spawn(_tell(ready, client), name=f"engine {name} came up"),
            trial=trial,
        )

    async def _drain(self, process: EngineProcess) -> None:
        """Wait until an engine has nothing to say any more, at most a quarter of a minute."""
        ends = self._clock.monotonic() + _DRAIN_S
        while self._clock.monotonic() < ends:
            try:
                info = await process.client.info()
            except ModelError:
                return
            if not info.active and not info.waiting:
                return
            await self._clock.sleep(_DRAIN_POLL_S)

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

    def status(self, name: str) -> ChildStatus | None:
        """Return how the process of the engine `name` is, None while none is wanted."""
        process = self._running.get(name)
        return process.child.status if process else None

    def client(self, name: str) -> EngineClient | None:
        """Return the client of the engine `name`, None while there is none."""
        process = self._running.get(name)
        return process.client if process else None
