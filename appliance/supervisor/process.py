"""A child process that is kept alive: ready line, backoff, crash-loop breaker, last words for the report."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import enum
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.supervisor.memory import oom_kills
from appliance.supervisor.spawning.base import EXIT_OS, EXIT_REFUSED, Order, Running, Spawner
from appliance.supervisor.spawning.forked import ForkSpawner

_log = logging.getLogger(__name__)

_TAIL_LINES = 20
_MAX_LINE_CHARS = 500
_CHUNK_BYTES = 4096
_SERIOUS = ("WARNING ", "ERROR ", "CRITICAL ")  # how a child of ours begins such a line of its log
_PIPE_TIMEOUT_S = 1.0  # a grandchild may hold the pipes open after the child is gone


class ChildState(enum.StrEnum):
    """FAILED is the open breaker: it crashed too often and is tried again only after a long wait."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    FAILED = "failed"


class ChildFailedError(ApplianceError):
    """A child process does not stay alive. The message holds its last words."""

    code = "child_failed"


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` ends within `window_s` stop the restarts for `pause_s`; after it one more failure is enough."""

    failures: int = 5
    window_s: float = 300.0
    pause_s: float = 300.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run and how. `env` comes on top of a few harmless variables: secrets are never inherited.

    The child is ready when it prints `ready_line` to stdout. An exit status in `final_exits` means that another
    start cannot help (for example a model file that cannot be loaded): the breaker opens at once.

    `pulse` asks a child that is ready whether it still answers; False `missed_pulses` times in a row and it is killed:
    alive but stuck (stopped, deadlocked, in endless swap) helps nobody. It must not raise.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready_line: str = "ready"
    ready_timeout_s: float = 120.0
    stop_timeout_s: float = 5.0
    nice: int = 10
    oom_score_adj: int = 500
    final_exits: frozenset[int] = frozenset({66, EXIT_REFUSED, 127})
    backoff: Backoff = field(default_factory=Backoff)
    breaker: Breaker = field(default_factory=Breaker)
    pulse: Callable[[], Awaitable[bool]] | None = None
    pulse_every_s: float = 10.0
    missed_pulses: int = 2


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """`reason` says why it is not READY: how it ended and the last lines of its stderr."""

    state: ChildState
    pid: int | None = None
    reason: str = ""
    starts: int = 0


class ChildProcess:
    """Runs one child and starts it again when it ends."""

    def __init__(
        self,
        spec: ChildSpec,
        *,
        environ: Mapping[str, str],
        clock: Clock,
        on_change: Callable[[ChildStatus], None] = lambda status: None,
        kills: Callable[[], int] = oom_kills,
        spawner: Spawner | None = None,
    ) -> None:
        """`kills` counts the processes that the kernel ended for want of memory; `spawner` None: they are ours."""
        self._kills = kills
        self._killed_before = 0
        self._spec = spec
        self._order = Order(spec.argv, spec.env, spec.nice, spec.oom_score_adj)
        self._spawner = spawner or ForkSpawner(environ)
        self._clock = clock
        self._on_change = on_change
        self._tasks = TaskSet(f"child {spec.name}")
        self._status = ChildStatus(ChildState.STOPPED)
        self._changed = asyncio.Event()
        self._tail: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)
        self._starts = 0

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def status(self) -> ChildStatus:
        return self._status

    async def start(self) -> None:
        """Begin to keep the child alive. Does not wait and does not fail: the state tells."""
        if not len(self._tasks):
            self._tasks.spawn(self._keep_alive(), name="keep alive")

    async def wait_ready(self) -> None:
        """Wait until the child is READY. Raises ChildFailedError when it is FAILED or STOPPED instead."""
        while (state := self._status.state) is not ChildState.READY:
            if state is ChildState.FAILED or not len(self._tasks):
                raise ChildFailedError(f"{self.name} does not run: {self._status.reason or state.value}")
            await self._changed.wait()

    async def stop(self) -> None:
        """Ask the child to end, kill it after a while, and stay stopped."""
        await self._tasks.aclose()
        self._set(ChildState.STOPPED)

    # ---- the life of the child

    async def _keep_alive(self) -> None:
        breaker = self._spec.breaker
        ends: collections.deque[float] = collections.deque(maxlen=breaker.failures)
        attempt, on_probation = 0, False
        while True:
            began = self._clock.monotonic()
            code = await self._one_life()
            now = self._clock.monotonic()
            ends.append(now)
            reason = self._last_words(code)
            _log.warning("%s ended: %s", self.name, reason)
            proven = now - began > breaker.window_s
            crash_loop = len(ends) == breaker.failures and now - ends[0] <= breaker.window_s
            if code in self._spec.final_exits or crash_loop or (on_probation and not proven):
                on_probation = True
                self._set(ChildState.FAILED, reason=reason)
                await self._clock.sleep(breaker.pause_s)
                continue
            on_probation = False
            attempt = 0 if proven else attempt + 1
            self._set(ChildState.BACKOFF, reason=reason)
            await self._clock.sleep(self._spec.backoff.delay_s(max(attempt - 1, 0)))

    async def _one_life(self) -> int:
        """Start the child and wait for its end; return its exit code, negative for a signal."""
        self._starts += 1
        self._tail.clear()
        self._killed_before = self._kills()
        self._set(ChildState.STARTING)
        try:
            child = await self._spawner.spawn(self._order)
        except OSError as error:
            self._tail.append(f"it cannot be started: {error}")
            return EXIT_OS
        try:
            return await self._accompany(child)
        finally:
            await child.aclose()

    async def _accompany(self, child: Running) -> int:
        ready = asyncio.Event()
        pipes = TaskSet(f"pipes of {self.name}")
        pipes.spawn(self._read_stdout(child, ready), name="stdout")
        errors = pipes.spawn(self._read_stderr(child), name="stderr")
        pipes.spawn(self._watch_start(child, ready), name="start")
        try:
            code = await child.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PIPE_TIMEOUT_S):
                    await asyncio.shield(errors)  # its last words
            return code
        except asyncio.CancelledError:
            await self._terminate(child)
            raise
        finally:
            await pipes.aclose()

    async def _terminate(self, child: Running) -> None:
        if child.returncode is not None:
            return
        child.terminate()
        # Not asyncio.timeout: in a task that is being cancelled, as this one is, that of Python 3.11.2 (Debian 12)
        # ends as a second cancellation, and nobody would wait for the killed child.
        end = TaskSet(f"end of {self.name}")
        end.spawn(child.wait(), name="wait")
        try:
            if not await end.wait(self._spec.stop_timeout_s):
                _log.warning("%s did not end within %s s: killed", self.name, self._spec.stop_timeout_s)
                child.kill()
                await child.wait()
        finally:
            await end.aclose()

    async def _watch_start(self, child: Running, ready: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._spec.ready_timeout_s):
                await ready.wait()
        except TimeoutError:
            self._tail.append(f"not ready within {self._spec.ready_timeout_s:g} s")
            child.kill()
        else:
            self._set(ChildState.READY, pid=child.pid)
            await self._watch_pulse(child)

    async def _watch_pulse(self, child: Running) -> None:
        spec, missed = self._spec, 0
        while spec.pulse is not None and missed < spec.missed_pulses:
            await self._clock.sleep(spec.pulse_every_s)
            missed = 0 if await spec.pulse() else missed + 1
        if missed:
            self._tail.append("it did not answer any more")
            child.kill()

    # ---- what it says

    async def _read_stdout(self, child: Running, ready: asyncio.Event) -> None:
        async for line in _lines(child.stdout):
            if line == self._spec.ready_line:
                ready.set()
            else:
                _log.debug("%s: %s", self.name, line)

    async def _read_stderr(self, child: Running) -> None:
        async for line in _lines(child.stderr):
            self._tail.append(line)
            _log.log(logging.WARNING if line.startswith(_SERIOUS) else logging.INFO, "%s: %s", self.name, line)

    def _last_words(self, code: int) -> str:
        how = f"exit status {code}" if code >= 0 else f"killed by {_signal_name(-code)}"
        if -code == signal.SIGKILL and self._kills() > self._killed_before:
            how += ", as it seems for want of memory: the kernel ended a process for that meanwhile"
        words = [line for line in self._tail if line.strip()]
        return f"{how}: {words[-1]}" if words else how

    def _set(self, state: ChildState, *, pid: int | None = None, reason: str = "") -> None:
        status = ChildStatus(state, pid, reason, self._starts)
        if status == self._status:
            return
        self._status = status
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._on_change(status)


async def _lines(stream: asyncio.StreamReader) -> collections.abc.AsyncIterator[str]:
    """Yield the lines of a pipe, long ones cut: a child must not fill our memory with one line."""
    pending = ""
    while chunk := await stream.read(_CHUNK_BYTES):
        *lines, pending = (pending + chunk.decode("utf-8", "replace")).split("\n")
        pending = pending[:_MAX_LINE_CHARS]
        for line in lines:
            yield line[:_MAX_LINE_CHARS].rstrip("\r")
    if pending:
        yield pending


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
