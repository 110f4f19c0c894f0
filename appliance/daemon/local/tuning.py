"""When and how the tuner runs: in the background while nobody talks, or because the owner asks for it.

The tuner is a process of its own. It is ended within a second when a request comes, and goes on later from what it
had settled; the engine takes the result when it is idle.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from appliance.config.sections.models import LocalModelSection
from appliance.daemon.local.arguments import EngineFolders
from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineAbsent, EngineHome
from appliance.engine.profile import EngineProfile
from appliance.engine.tuning.record import Tuning, partial_of
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.foundation.tasks import TaskSet
from appliance.generation import ModelError
from appliance.supervisor.spawning.base import Order, Place, Running
from appliance.supervisor.spawning.box import BoxSpawner

_log = logging.getLogger(__name__)
_MODULE = "appliance.engine.tuning"
SECONDS = 60.0
_CALM_S = 60.0  # nobody has talked for so long: then the background may begin
_ASKED_CALM_S = 1.0
_WAITING_POLL_S = 1.0
_WATCH_POLL_S = 0.2  # while it measures: somebody who begins to talk waits no longer than that
_TERM_S = 0.4
_PATIENCE_S = 180.0  # beside the seconds of measuring: loading from a slow card
_BUSY_AGAIN_MS = 6 * 3600 * 1000
_MOST_STOPS = 50
_MAX_REASON = 200
EXIT_STOPPED = 75  # of engine.tuning.__main__: it ended because it was told to

State = Literal["none", "waiting", "measuring", "done", "failed"]


class TuningError(ApplianceError):
    """The tuner cannot run or did not end well; the message says why."""

    code = "tuning"


class Tunable(Protocol):
    """The engine that is tuned (daemon.local.engine)."""

    folders: EngineFolders

    @property
    def path(self) -> Path | None:
        """The file that answers."""
        ...

    @property
    def client(self) -> EngineClient | None: ...

    def fits_beside(self, path: Path) -> bool:
        """Tell whether the model fits into memory a second time."""
        ...

    async def retune(self, section: LocalModelSection, path: Path, *, changed: bool) -> None:
        """Run with the profile that holds by now. Raises ApplianceError, OSError."""
        ...


class _Step(msgspec.Struct, frozen=True):
    done: int
    of: int
    doing: str


@dataclass(slots=True)
class Standing:
    """Where a tuning stands. `states_kept`: what the engine keeps of conversations can still be used."""

    file: str = ""
    state: State = "none"
    doing: str = ""
    done: int = 0
    of: int = 0
    stops: int = 0
    error: str = ""
    states_kept: bool = True


class Tuner:
    """Tunes the model that answers, one at a time."""

    def __init__(
        self,
        engine: Tunable,
        home: EngineHome | EngineAbsent,
        section: Callable[[], LocalModelSection],
        environ: Mapping[str, str],
        clock: Clock,
        tasks: TaskSet,
        *,
        calm_s: float = _CALM_S,
    ) -> None:
        self._engine = engine
        self._home = home
        self._section = section
        self._environ = environ
        self._clock = clock
        self._tasks = tasks
        self._calm_s = calm_s
        self._task: asyncio.Task[None] | None = None
        self._path: Path | None = None
        self.standing = Standing()

    # ---- who asks

    def consider(self, path: Path) -> None:
        """Tune a model that just came up, in the background, unless that was done."""
        if not self._section().tune or isinstance(self._home, EngineAbsent) or (self._running and path == self._path):
            return
        self._begin(path, lambda: self._background(path))

    def start(self, seconds: float | None) -> Standing:
        """Tune the model that answers from the beginning, now. Raises TuningError, OverloadedError."""
        path = self._checked()
        if self._running and self.standing.state == "measuring":
            raise OverloadedError(f"{self.standing.file} is being tuned; wait for its end.", retry_after_s=10)
        self._begin(path, lambda: self._asked(path, seconds or SECONDS))
        return self.standing

    async def stored(self) -> Tuning | None:
        """Return what holds for the model that answers. Raises TuningError."""
        path = self._engine.path
        return None if path is None else await asyncio.to_thread(self._engine.folders.profiles.valid, path)

    @property
    def file(self) -> str:
        """The file that answers, "" while none does."""
        return self._engine.path.name if self._engine.path else ""

    def _checked(self) -> Path:
        if isinstance(self._home, EngineAbsent):
            raise TuningError(f"This box cannot be tuned: {self._home.reason}.")
        if self._engine.path is None or self._engine.client is None:
            raise TuningError("No larger model runs on this box; fetch one with `homarus models pull NAME`.")
        return self._engine.path

    @property
    def _running(self) -> bool:
        return self._task is not None and not self._task.done()

    def _begin(self, path: Path, work: Callable[[], Awaitable[None]]) -> None:
        before = self._task
        if before is not None:
            before.cancel()
        self._path = path
        standing = self.standing = Standing(path.name, "waiting")

        async def run() -> None:
            if before is not None:
                await asyncio.wait([before])  # it ends its process first
            try:
                await work()
            except (ApplianceError, OSError) as error:
                _log.warning("%s could not be tuned: %s", path.name, error)
                standing.state, standing.error = "failed", str(error)

        self._task = self._tasks.spawn(run(), name="tuner")

    # ---- what is done

    async def _background(self, path: Path) -> None:
        """Tune unless that was done; of a box that was too busy then, look again after some hours."""
        tuning = await self._valid(path)
        if tuning is not None and not tuning.busy:
            self.standing.state = "done"
            return
        if tuning is not None:
            await self._clock.sleep(max(0, tuning.at_ms + _BUSY_AGAIN_MS - self._clock.now_ms()) / 1000)
        await self._tune(path, SECONDS, self._calm_s)

    async def _asked(self, path: Path, seconds: float) -> None:
        shelf = self._engine.folders.profiles
        await asyncio.to_thread(partial_of(shelf.path(path)).unlink, missing_ok=True)
        await self._tune(path, seconds, _ASKED_CALM_S)

    async def _tune(self, path: Path, seconds: float, calm_s: float) -> None:
        """Measure whenever nobody talks until the tuner is through, then let the engine use it.

        Raises ApplianceError, OSError.
        """
        standing = self.standing
        before = await self._profile(path)
        if not self._engine.fits_beside(path):
            raise TuningError("There is not enough memory to measure beside the engine that runs.")
        while self._engine.path == path:
            standing.state = "waiting"
            await self._calm(calm_s)
            if self._engine.path != path:
                break
            standing.state = "measuring"
            if await self._measured(path, seconds):
                await self._use(path, before, calm_s)
                return
            standing.stops += 1
            if standing.stops >= _MOST_STOPS:
                raise TuningError("It was interrupted too often; `homarus models tune` tries again.")
        raise TuningError("Another model answers by now.")

    async def _use(self, path: Path, before: EngineProfile, calm_s: float) -> None:
        after = await self._profile(path)
        self.standing.states_kept = _state_facts(before) == _state_facts(after)
        self.standing.state = "waiting"
        self.standing.doing = "the engine takes it when it is idle"
        await self._calm(min(calm_s, _ASKED_CALM_S))
        changed = replace(before, name="") != replace(after, name="")
        await self._engine.retune(self._section(), path, changed=changed)
        _log.info("%s is tuned: %s", path.name, after.name)
        self.standing.state = "done"

    async def _profile(self, path: Path) -> EngineProfile:
        tuning = await self._valid(path)
        return EngineProfile() if tuning is None else tuning.profile

    async def _valid(self, path: Path) -> Tuning | None:
        return await asyncio.to_thread(self._engine.folders.profiles.valid, path)

    # ---- whether somebody talks

    async def _calm(self, calm_s: float) -> None:
        """Wait until the engine has had nothing to do for so long."""
        since = self._clock.monotonic()
        while self._clock.monotonic() - since < calm_s:
            await self._clock.sleep(min(_WAITING_POLL_S, calm_s / 2))
            if await self._talks():
                since = self._clock.monotonic()

    async def _talks(self) -> bool:
        """Tell whether the engine answers somebody; one that does not say so starts, or is in trouble."""
        client = self._engine.client
        try:
            info = await client.info() if client is not None else None
        except ModelError:
            return True
        return info is None or bool(info.active or info.waiting)

    # ---- the process

    async def _measured(self, path: Path, seconds: float) -> bool:
        """Run the tuner; False: it was ended because somebody talks. Raises TuningError."""
        if isinstance(self._home, EngineAbsent):
            raise TuningError(f"This box cannot be tuned: {self._home.reason}.")
        out = self._engine.folders.profiles.path(path)
        what = ["--model", str(path), "--out", str(out), "--seconds", f"{seconds:g}"]
        order = Order((str(self._home.python), "-m", _MODULE, *what), self._home.variables(), nice=0)  # it sees to that
        process = await BoxSpawner(Place.WORKER, self._environ).spawn(order)
        try:
            async with asyncio.timeout(seconds + _PATIENCE_S), asyncio.TaskGroup() as group:
                errors = group.create_task(_tail(process))
                group.create_task(self._follow(process))
                stopped = group.create_task(self._watch(process))
                await process.wait()
        except TimeoutError as error:
            raise TuningError("The tuner did not come to an end; the box may be too busy.") from error
        finally:
            await process.aclose()
        if stopped.result() or process.returncode == EXIT_STOPPED:
            return False
        if process.returncode:
            raise TuningError(errors.result() or f"The tuner ended with status {process.returncode}.")
        return True

    async def _follow(self, process: Running) -> None:
        """Read how far the tuner is."""
        while line := await process.stdout.readline():
            with contextlib.suppress(msgspec.MsgspecError):
                step = msgspec.json.decode(line, type=_Step)
                self.standing.done, self.standing.of, self.standing.doing = step.done, step.of, step.doing

    async def _watch(self, process: Running) -> bool:
        """End the tuner as soon as somebody talks; return whether that happened."""
        while process.returncode is None:
            await self._clock.sleep(_WATCH_POLL_S)
            if process.returncode is None and await self._talks():
                await _end(process)
                return True
        return False


async def _end(process: Running) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(_TERM_S):
            await process.wait()
    except TimeoutError:  # what was settled is in its file already
        process.kill()


async def _tail(process: Running) -> str:
    """Return the last line that the tuner wrote as an error."""
    last = b""
    while line := await process.stderr.readline():
        last = line if line.strip() else last
    return last.decode("utf-8", "replace").strip()[-_MAX_REASON:]


def _state_facts(profile: EngineProfile) -> tuple[bool, str, str]:
    """Return the part of a profile that attention states depend on."""
    return profile.flash_attention, profile.type_k, profile.type_v
