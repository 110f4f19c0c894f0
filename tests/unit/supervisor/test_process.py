"""Child processes: real ones, small Python programs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import SystemClock
from appliance.supervisor.memory import oom_kills
from appliance.supervisor.process import (
    Breaker,
    ChildFailedError,
    ChildProcess,
    ChildSpec,
    ChildState,
    ChildStatus,
)
from tests.fakes.clock import FakeClock

_SERVES = "print('ready', flush=True); import time; time.sleep(600)"
_DIES = "import sys; print('no luck today', file=sys.stderr); sys.exit(3)"
_DEADLINE_S = 20.0


class Watched:
    """A child with the story of its states."""

    def __init__(self, code: str, clock: FakeClock | SystemClock, **options: object) -> None:
        self.story: list[ChildStatus] = []
        self.kills = 0  # by the kernel, for want of memory
        self._told = asyncio.Event()
        spec = ChildSpec(name="child", argv=(sys.executable, "-c", code), **options)  # type: ignore[arg-type]  # options of one test each
        environ = {**os.environ, "A_SECRET": "s3cret"}
        self.child = ChildProcess(spec, environ=environ, clock=clock, on_change=self._hear, kills=lambda: self.kills)

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


@asynccontextmanager
async def running(code: str, clock: FakeClock | SystemClock | None = None, **options: object) -> AsyncIterator[Watched]:
    watched = Watched(code, clock or SystemClock(), **options)
    await watched.child.start()
    try:
        yield watched
    finally:
        await watched.child.stop()


def _read(path: str) -> str:
    return Path(path).read_text()


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_child_is_ready_when_it_says_so_and_gone_after_stop() -> None:
    async with running(_SERVES) as watched:
        await watched.child.wait_ready()
        pid = watched.child.status.pid
        assert pid is not None
        assert not _gone(pid)
    assert _gone(pid)
    assert watched.states == [ChildState.STARTING, ChildState.READY, ChildState.STOPPED]


@pytest.mark.parametrize("killed", [0, 1])
async def test_a_child_that_the_kernel_may_have_ended_for_want_of_memory_is_reported_so(killed: int) -> None:
    async with running(_SERVES) as watched:
        await watched.child.wait_ready()
        watched.kills += killed
        os.kill(watched.child.status.pid or 0, signal.SIGKILL)
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        reason = next(one.reason for one in watched.story if one.state is ChildState.BACKOFF)
        assert reason.startswith("killed by SIGKILL")
        assert ("want of memory" in reason) is bool(killed)


async def test_another_end_is_not_blamed_on_memory() -> None:
    async with running(_SERVES) as watched:
        await watched.child.wait_ready()
        watched.kills += 1  # somebody else
        os.kill(watched.child.status.pid or 0, signal.SIGABRT)
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        assert not any("memory" in one.reason for one in watched.story)


def test_the_kernel_says_how_many_it_ended_for_want_of_memory(tmp_path: Path) -> None:
    assert oom_kills(tmp_path) == 0  # a kernel that does not say
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/vmstat").write_text("nr_free_pages 12\noom_kill 3\noom_kill_other 9\n")
    assert oom_kills(tmp_path) == 3


async def test_a_killed_child_is_noticed_and_started_again() -> None:
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


async def test_a_crash_loop_opens_the_breaker_with_the_last_words_and_it_is_tried_again_later() -> None:
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


async def test_ends_that_are_far_apart_are_no_crash_loop() -> None:
    clock = FakeClock()
    breaker = Breaker(failures=2, window_s=10, pause_s=60)
    async with running(_DIES, clock, breaker=breaker, backoff=Backoff(11, 11, jitter=0)) as watched:
        for count in range(1, 4):
            await watched.until(lambda count=count: watched.states.count(ChildState.BACKOFF) == count)
            await _wake(clock, 11)
        assert ChildState.FAILED not in watched.states


async def test_an_exit_that_no_restart_can_cure_opens_the_breaker_at_once() -> None:
    async with running("raise SystemExit(66)", FakeClock()) as watched:
        await watched.until(lambda: watched.child.status.state is ChildState.FAILED)
        assert watched.child.status.starts == 1


async def test_a_program_that_is_not_there_is_a_failure_that_says_so() -> None:
    spec = ChildSpec(name="ghost", argv=("/nonexistent/program",))
    child = ChildProcess(spec, environ=os.environ, clock=FakeClock())
    await child.start()
    try:
        async with asyncio.timeout(_DEADLINE_S):
            with pytest.raises(ChildFailedError, match="cannot run /nonexistent/program"):
                await child.wait_ready()
    finally:
        await child.stop()


async def test_a_child_that_never_gets_ready_is_killed() -> None:
    async with running("import time; time.sleep(600)", FakeClock(), ready_timeout_s=0.2) as watched:
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        assert "not ready within 0.2 s" in watched.story[-1].reason


async def test_a_child_that_ignores_the_request_to_end_is_killed() -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + _SERVES
    async with running(stubborn, stop_timeout_s=0.2) as watched:
        await watched.child.wait_ready()
        pid = watched.child.status.pid
    assert pid is not None
    assert _gone(pid)


async def test_secrets_of_the_environment_do_not_reach_the_child(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import os; open({str(seen)!r}, 'w').write(repr(sorted(os.environ)));" + _SERVES
    async with running(code, env={"GIVEN": "1"}) as watched:
        await watched.child.wait_ready()
    assert "A_SECRET" not in seen.read_text()
    assert "'GIVEN'" in seen.read_text()
    assert "'PATH'" in seen.read_text()


async def test_a_child_is_nice_and_first_to_die_for_memory() -> None:
    async with running(_SERVES, nice=10, oom_score_adj=500) as watched:
        await watched.child.wait_ready()
        pid = watched.child.status.pid
        assert pid is not None
        assert os.getpriority(os.PRIO_PROCESS, pid) >= min(10 + os.getpriority(os.PRIO_PROCESS, 0), 19)
        assert int(_read(f"/proc/{pid}/oom_score_adj")) == 500


async def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    parent = f"""
import asyncio, os, sys
from appliance.foundation.clock import SystemClock
from appliance.supervisor.process import ChildProcess, ChildSpec

async def main():
    spec = ChildSpec(name="child", argv=(sys.executable, "-c", {_SERVES!r}))
    child = ChildProcess(spec, environ=os.environ, clock=SystemClock())
    await child.start()
    await child.wait_ready()
    print(child.status.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert process.stdout is not None
    async with asyncio.timeout(_DEADLINE_S):
        pid = int(await process.stdout.readline())
        process.kill()
        await process.wait()
        # the child is reaped by init: it is gone or a zombie
        while not _gone(pid) and _read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] != "Z":
            await asyncio.sleep(0.01)


async def test_a_flood_without_line_ends_stays_small() -> None:
    code = "import sys; sys.stderr.write('x' * 5_000_000); sys.exit(1)"
    async with running(code, FakeClock()) as watched:
        await watched.until(lambda: ChildState.BACKOFF in watched.states)
        assert len(watched.story[-1].reason) < 600


async def _wake(clock: FakeClock, seconds: float) -> None:
    """Advance once the child's keeper sleeps."""
    async with asyncio.timeout(_DEADLINE_S):
        while not clock.sleeping:
            await asyncio.sleep(0)
    clock.advance(seconds)


async def test_what_a_child_warns_of_is_a_warning_here_too(caplog: pytest.LogCaptureFixture) -> None:
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


async def test_a_child_that_is_stuck_is_ended_and_started_again() -> None:
    answers = [True, False, True, False, False]

    async def pulse() -> bool:
        return answers.pop(0) if answers else True

    options = {"pulse": pulse, "pulse_every_s": 0.01, "backoff": Backoff(first_s=0.01)}
    async with running(_SERVES, **options) as watched:
        await watched.until(lambda: watched.states.count(ChildState.READY) == 2)
        assert not answers, "one that was missed is forgiven"
        ended = next(status for status in watched.story if status.state is ChildState.BACKOFF)
        assert "did not answer any more" in ended.reason
