"""Children that are processes of ours: what only they have."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.foundation.clock import SystemClock
from appliance.supervisor.memory import oom_kills
from appliance.supervisor.process import ChildFailedError, ChildProcess, ChildSpec
from tests.fakes.clock import FakeClock

_SERVES = "print('ready', flush=True); import time; time.sleep(600)"
_DEADLINE_S = 20.0


@asynccontextmanager
async def running(code: str, **options: object) -> AsyncIterator[ChildProcess]:
    spec = ChildSpec(name="child", argv=(sys.executable, "-c", code), **options)  # type: ignore[arg-type]  # options of one test each
    child = ChildProcess(spec, environ={**os.environ, "A_SECRET": "s3cret"}, clock=SystemClock())
    await child.start()
    try:
        yield child
    finally:
        await child.stop()


def _read(path: str) -> str:
    return Path(path).read_text()


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_kernel_says_how_many_it_ended_for_want_of_memory(tmp_path: Path) -> None:
    assert oom_kills(tmp_path) == 0  # a kernel that does not say
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/vmstat").write_text("nr_free_pages 12\noom_kill 3\noom_kill_other 9\n")
    assert oom_kills(tmp_path) == 3


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


async def test_secrets_of_the_environment_do_not_reach_the_child(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import os; open({str(seen)!r}, 'w').write(repr(sorted(os.environ)));" + _SERVES
    async with running(code, env={"GIVEN": "1"}) as child:
        await child.wait_ready()
    assert "A_SECRET" not in seen.read_text()
    assert "'GIVEN'" in seen.read_text()
    assert "'PATH'" in seen.read_text()


async def test_a_child_is_nice_and_first_to_die_for_memory() -> None:
    async with running(_SERVES, nice=10, oom_score_adj=500) as child:
        await child.wait_ready()
        pid = child.status.pid
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
