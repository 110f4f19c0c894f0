import asyncio
from pathlib import Path

import pytest

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.backoff import Backoff
from appliance.foundation.paths import StatePaths
from appliance.foundation.tasks import TaskSet, to_the_end


def test_an_atomic_write_replaces_the_file_and_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "token"
    write_atomic(path, b"old")
    write_atomic(path, b"new", mode=0o640)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_atomic_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "place"
    path.mkdir()
    with pytest.raises(OSError):
        write_atomic(path, b"a file cannot replace a directory")
    assert path.is_dir()
    assert list(tmp_path.iterdir()) == [path]


def test_backoff_grows_to_its_limit_and_never_overflows() -> None:
    backoff = Backoff(first_s=1, limit_s=10, factor=2, jitter=0.5)
    assert [backoff.delay_s(n, lambda: 0.0) for n in range(5)] == [1, 2, 4, 8, 10]
    assert backoff.delay_s(10_000, lambda: 1.0) == 5


def test_state_paths_follow_the_environment(tmp_path: Path) -> None:
    paths = StatePaths.from_environment({"HOME": str(tmp_path), "HOMARUS_CONFIG": str(tmp_path / "c.json5")})
    assert paths.root == tmp_path / ".homarus"
    assert paths.config == tmp_path / "c.json5"
    paths.create()
    assert paths.root.stat().st_mode & 0o777 == 0o700


async def test_a_task_set_logs_failures_and_waits_for_all_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = TaskSet("test")

    async def fail() -> None:
        raise ValueError("told in the log")

    failing = tasks.spawn(fail(), name="fail")
    waiting = tasks.spawn(asyncio.Event().wait(), name="wait")
    await asyncio.wait([failing])
    await tasks.aclose()
    assert waiting.cancelled()
    assert len(tasks) == 0
    assert "test:fail" in caplog.text


async def test_to_the_end_lets_a_cancelled_caller_finish_what_it_began() -> None:
    go = asyncio.Event()
    done: list[str] = []

    async def write() -> str:
        await go.wait()
        done.append("written")
        return "ok"

    caller = asyncio.ensure_future(to_the_end(write(), name="write"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["written"]


async def test_to_the_end_returns_and_raises_what_it_ran() -> None:
    async def right() -> int:
        return 1

    async def wrong() -> None:
        raise ValueError("no")

    assert await to_the_end(right(), name="right") == 1
    with pytest.raises(ValueError, match="no"):
        await to_the_end(wrong(), name="wrong")
