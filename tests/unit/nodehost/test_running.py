"""Programs are run without a shell, within bounds, and nothing of them is left."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from appliance.nodehost.running import MAX_OUTPUT_BYTES, environment, run

_ENV = {"PATH": os.environ["PATH"]}


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_output_and_status_come_back() -> None:
    outcome = await run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], cwd="/", env=_ENV, timeout_s=20)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr, outcome.timed_out) == (3, "out\n", "err\n", False)


async def test_a_word_never_becomes_a_second_command(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    outcome = await run(["/bin/echo", f"; touch {marker}"], cwd=None, env=_ENV, timeout_s=20)
    assert outcome.stdout == f"; touch {marker}\n"
    assert not marker.exists()


@pytest.mark.parametrize(("size", "whole"), [(MAX_OUTPUT_BYTES, True), (MAX_OUTPUT_BYTES + 1, False)])
async def test_of_much_output_the_end_is_kept(size: int, whole: bool) -> None:
    outcome = await run(["/usr/bin/head", "-c", str(size), "/dev/zero"], cwd=None, env=_ENV, timeout_s=20)
    assert outcome.stdout.startswith("…") != whole
    assert outcome.stdout.endswith("\0" * MAX_OUTPUT_BYTES)


async def test_at_the_end_of_its_time_the_whole_family_is_ended(tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! > {tmp_path}/child; echo begun; wait"
    outcome = await run(["/bin/sh", "-c", script], cwd=None, env=_ENV, timeout_s=0.5)
    assert (outcome.exit_code, outcome.timed_out, outcome.stdout) == (None, True, "begun\n")
    assert not _alive(int((tmp_path / "child").read_text()))


async def test_a_cancelled_program_is_ended(tmp_path: Path) -> None:
    task = asyncio.ensure_future(
        run(["/bin/sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 300"], cwd=None, env=_ENV, timeout_s=300)
    )
    async with asyncio.timeout(10):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _alive(int((tmp_path / "pid").read_text()))


async def test_words_are_told_while_it_runs() -> None:
    told: list[str] = []

    async def hear(text: str) -> None:
        told.append(text)

    await run(["/bin/echo", "hello"], cwd=None, env=_ENV, timeout_s=20, told=hear)
    assert told == ["hello\n"]


def test_secrets_and_loader_tricks_are_not_handed_on() -> None:
    given = {"PATH": "/bin", "HOME": "/root", "ANTHROPIC_API_KEY": "x", "HOMARUS_GATEWAY_TOKEN": "y"}
    wanted = {"LD_PRELOAD": "evil.so", "PYTHONPATH": "/evil", "BASH_ENV": "/evil", "PATH": "/evil", "GREETING": "hi"}
    assert environment(given, wanted) == {"PATH": "/bin", "HOME": "/root", "GREETING": "hi"}
