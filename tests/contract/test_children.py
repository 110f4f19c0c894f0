"""What holds for a child however it was started: as a process of ours, or by systemd's way through a socket."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import SystemClock
from appliance.foundation.tasks import start
from appliance.supervisor.process import (
    Breaker,
    ChildFailedError,
    ChildProcess,
    ChildSpec,
    ChildState,
    ChildStatus,
)
from appliance.supervisor.spawning.base import Order, Spawner
from appliance.supervisor.spawning.base import Running as RunningChild
from appliance.supervisor.spawning.collect import collect
from appliance.supervisor.spawning.connected import SocketSpawner
from appliance.supervisor.spawning.forked import ForkSpawner
from tests.fakes.clock import FakeClock
from tests.fakes.launching import CHILD, Accepting, environment

_SERVES = "print('ready', flush=True); import time; time.sleep(600)"
_DIES = "import sys; print('no luck today', file=sys.stderr); sys.exit(3)"
_DEADLINE_S = 20.0


class Watched:
    """A child with the story of its states."""

    def __init__(self, code: str, clock: FakeClock | SystemClock, spawner: Spawner, **options: object) -> None:
        self.story: list[ChildStatus] = []
        self.kills = 0  # by the kernel, for want of memory
        self._told = asyncio.Event()
        argv = (sys.executable, "-m", CHILD, code)
        env = {"PYTHONPATH": environment()["PYTHONPATH"]}
        spec = ChildSpec(name="child", argv=argv, env=env, **options)  # type: ignore[arg-type]  # options of one test each
        self.child = ChildProcess(
            spec, environ={}, clock=clock, on_change=self._hear, kills=lambda: self.kills, spawner=spawner
        )

    def _hear(self, status: ChildStatus) -> None:
        self.story.append(status)
        self._told.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for a state change that makes `true` true."""
        async with asyncio.timeout(_DEADLINE_S):
            while not true():
                self._told.clear()
                await self._told.wait()

    @property
    def states(self) -> list[ChildState]:
        return [status.state for status in self.story]


class Running(Protocol):
    """Runs code as a child that is kept alive."""

    def __call__(
        self, code: str, clock: FakeClock | SystemClock | None = None, **options: object
    ) -> AbstractAsyncContextManager[Watched]: ...


@pytest.fixture(params=["forked", "connected"])
def spawner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spawner]:
    """Both ways to start a child."""
    if request.param == "forked":
        yield ForkSpawner(os.environ)
        return
    accepting = Accepting(tmp_path / "spawn.sock")
    yield SocketSpawner(tmp_path / "spawn.sock")
    accepting.close()


@pytest.fixture
def running(spawner: Spawner) -> Running:
    @asynccontextmanager
    async def run(code: str, clock: FakeClock | SystemClock | None = None, **options: object) -> AsyncIterator[Watched]:
        watched = Watched(code, clock or SystemClock(), spawner, **options)
        await watched.child.start()
        try:
            yield watched
        finally:
            await watched.child.stop()

    return run


def _read(path: str) -> str:
    return Path(path).read_text()


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def _wake(clock: FakeClock, seconds: float) -> None:
    """Advance once the child's keeper sleeps."""
    async with asyncio.timeout(_DEADLINE_S):
        while not clock.sleeping:
            await asyncio.sleep(0)
    clock.advance(seconds)


async def test_a_child_is_ready_when_it_says_so_and_gone_after_stop(running: Running) -> None:
    async with running(_SERVES) as watched:
        await watched.child.wait_ready()
        pid = watched.child.status.pid
        assert pid is not None
        assert not _gone(pid)
    assert _gone(pid)
    assert watched.states == [ChildState.STARTING, ChildState.READY, ChildState.STOPPED]


async def test_another_end_is_not_blamed_on_memory(running: Running) -> None:
    async with running(_SERVES) as watched:
        await watched.child.wait_ready()
        watched.kills += 1  # somebody else
        os.kill(watched.child.status.pid or 0, signal.SIGABRT)
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        assert not any("memory" in one.reason for one in watched.story)


async def test_a_killed_child_is_noticed_and_started_again(running: Running) -> None:
    async with running(_SERVES, backoff=Backoff(0.01, 0.01)) as watched:
        await watched.child.wait_ready()
        first = watched.child.status.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        assert "SIGKILL" in watched.story[-1].reason or watched.story[-1].state is ChildState.STARTING
        await watched.child.wait_ready()
        assert watched.child.status.pid != first
        assert watched.child.status.starts == 2


async def test_a_crash_loop_opens_the_breaker_with_the_last_words_and_it_is_tried_again_later(running: Running) -> None:
    clock = FakeClock()
    breaker = Breaker(failures=3, window_s=300, pause_s=60)
    async with running(_DIES, clock, breaker=breaker, backoff=Backoff(1, 1, jitter=0)) as watched:
        for count in range(1, 3):
            await watched.until(lambda count=count: watched.states.count(ChildState.BACKOFF) == count)
            await _wake(clock, 1)
        await watched.until(lambda: watched.child.status.state is ChildState.FAILED)
        assert watched.story[-1].reason == "exit status 3: no luck today"
        with pytest.raises(ChildFailedError, match="no luck today"):
            await watched.child.wait_ready()
        assert watched.child.status.starts == 3
        await _wake(clock, 60)
        await watched.until(lambda: watched.states.count(ChildState.FAILED) == 2)
        assert watched.child.status.starts == 4, "after the pause one more failure is enough"


async def test_ends_that_are_far_apart_are_no_crash_loop(running: Running) -> None:
    clock = FakeClock()
    breaker = Breaker(failures=2, window_s=10, pause_s=60)
    async with running(_DIES, clock, breaker=breaker, backoff=Backoff(11, 11, jitter=0)) as watched:
        for count in range(1, 4):
            await watched.until(lambda count=count: watched.states.count(ChildState.BACKOFF) == count)
            await _wake(clock, 11)
        assert ChildState.FAILED not in watched.states


async def test_an_exit_that_no_restart_can_cure_opens_the_breaker_at_once(running: Running) -> None:
    async with running("raise SystemExit(66)", FakeClock()) as watched:
        await watched.until(lambda: watched.child.status.state is ChildState.FAILED)
        assert watched.child.status.starts == 1


async def test_a_child_that_never_gets_ready_is_killed(running: Running) -> None:
    async with running("import time; time.sleep(600)", FakeClock(), ready_timeout_s=0.2) as watched:
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        assert "not ready within 0.2 s" in watched.story[-1].reason


async def test_a_child_that_ignores_the_request_to_end_is_killed(running: Running) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + _SERVES
    async with running(stubborn, stop_timeout_s=0.2) as watched:
        await watched.child.wait_ready()
        pid = watched.child.status.pid
    assert pid is not None
    assert _gone(pid)


async def test_a_flood_without_line_ends_stays_small(running: Running) -> None:
    code = "import sys; sys.stderr.write('x' * 5_000_000); sys.exit(1)"
    async with running(code, FakeClock()) as watched:
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        assert len(watched.story[-1].reason) < 600


async def test_what_a_child_warns_of_is_a_warning_here_too(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    code = (
        "import logging; logging.basicConfig(format='%(levelname)s %(name)s: %(message)s'); "
        "logging.warning('the card is full'); import sys; print('chatter', file=sys.stderr); " + _SERVES
    )
    with caplog.at_level("INFO"):
        async with running(code) as watched:
            async with asyncio.timeout(_DEADLINE_S):
                while "chatter" not in caplog.text:
                    await asyncio.sleep(0.01)
            assert watched.states
    said = {record.getMessage(): record.levelname for record in caplog.records}
    assert said["child: WARNING root: the card is full"] == "WARNING"
    assert said["child: chatter"] == "INFO"


async def test_a_child_that_is_stuck_is_ended_and_started_again(running: Running) -> None:
    answers = [True, False, True, False, False]

    async def pulse() -> bool:
        return answers.pop(0) if answers else True

    options = {"pulse": pulse, "pulse_every_s": 0.01, "backoff": Backoff(first_s=0.01)}
    async with running(_SERVES, **options) as watched:
        await watched.until(lambda: watched.states.count(ChildState.READY) == 2)
        assert not answers, "one that was missed is forgiven"
        ended = next(status for status in watched.story if status.state is ChildState.BACKOFF)
        assert "did not answer any more" in ended.reason


@pytest.mark.parametrize("killed", [0, 1])
async def test_a_child_that_the_kernel_may_have_ended_for_want_of_memory_is_reported_so(
    running: Running, killed: int
) -> None:
    async with running(_SERVES) as watched:
        await watched.child.wait_ready()
        watched.kills += killed
        os.kill(watched.child.status.pid or 0, signal.SIGKILL)
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        reason = next(one.reason for one in watched.story if one.state is ChildState.BACKOFF)
        assert reason.startswith("killed by SIGKILL")
        assert ("want of memory" in reason) is bool(killed)


async def test_a_child_that_cannot_be_started_is_tried_again(spawner: Spawner) -> None:
    class Fails:
        tries = 0

        async def spawn(self, order: Order) -> RunningChild:
            Fails.tries += 1
            if Fails.tries == 1:
                raise OSError("no more processes")
            return await spawner.spawn(order)

    watched = Watched(_SERVES, SystemClock(), Fails(), backoff=Backoff(0.01, 0.01))
    await watched.child.start()
    try:
        await watched.until(lambda: ChildState.READY in watched.states)
    finally:
        await watched.child.stop()
    reasons = [one.reason for one in watched.story if one.state is ChildState.BACKOFF]
    assert reasons == ["exit status 71: it cannot be started: no more processes"]


async def test_what_a_child_reads_and_says_is_whole(spawner: Spawner) -> None:
    code = "import sys; text = sys.stdin.read(); print(text, end=''); print(len(text), file=sys.stderr); sys.exit(5)"
    sent = "ü" * 300_000  # more than any buffer between
    async with asyncio.timeout(_DEADLINE_S):
        done = await collect(spawner, _order(code), sent.encode())
    assert (done.returncode, done.stdout.decode() == sent, done.stderr) == (5, True, b"300000\n")


async def test_a_child_that_is_given_nothing_reads_the_end(spawner: Spawner) -> None:
    async with asyncio.timeout(_DEADLINE_S):
        done = await collect(spawner, _order("import sys; print(repr(sys.stdin.read()))"))
    assert (done.returncode, done.stdout) == (0, b"''\n")


async def test_who_stops_waiting_for_a_child_ends_it_and_what_it_started(spawner: Spawner, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time;"
        "one = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{one.pid}}');"
        f"os.rename({str(pids)!r} + '.new', {str(pids)!r}); time.sleep(600)"
    )
    async with asyncio.timeout(_DEADLINE_S):
        task = start(collect(spawner, _order(code)), name="collect")
        while not pids.exists():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        for pid in map(int, pids.read_text().split()):
            while not _gone(pid) and _read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] != "Z":
                await asyncio.sleep(0.01)


def _order(code: str) -> Order:
    return Order((sys.executable, "-m", CHILD, code), {"PYTHONPATH": environment()["PYTHONPATH"]})
