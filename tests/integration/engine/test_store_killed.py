"""Stored states after the process that wrote them was killed at any moment, and two processes on one folder."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.engine import store_side

_SIZE = 1 << 20
_ENDLESS = 40


@contextmanager
def _writing(folder: Path, first: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.integration.engine.store_side", str(folder), str(_SIZE), str(first)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def _killed(folder: Path, first: int, moment: float) -> list[int]:
    """Let a process write, kill it `moment` seconds after its first file; return what it said is written."""
    with _writing(folder, first) as process:
        assert _line(process) == "open"
        told = [int(_line(process))]
        timer = threading.Timer(moment, process.kill)
        timer.start()
        while line := _line(process):
            told.append(int(line))
        timer.join()
    return told


def _check(folder: Path, told: list[int]) -> None:
    """Every file that was told to be written is whole, every other one is whole or not there, nothing is left over."""
    store = store_side.opened(folder)
    assert store.problem == ""
    for number in range(max(told) + _ENDLESS):
        found = store.longest([*store_side.text(number), 7])
        if found is None:
            assert number not in told
            continue
        ((_, blob),) = store.load(found)
        assert blob == store_side.blob(number, _SIZE)
    assert store.info().rejected == 0
    assert store.info().written_bytes >= max(store.info().disk_bytes, len(told) * _SIZE)
    store.close()
    names = {path.suffix for path in (folder / "prefixes").iterdir()}
    assert names <= {".state", ""}


def _killed_again_and_again(folder: Path, times: int) -> None:
    chance = random.Random(3)
    told: list[int] = []
    for _ in range(times):
        told += _killed(folder, max(told, default=-1) + 1, chance.uniform(0, 0.03))
        _check(folder, told[-20:])


def test_a_process_killed_while_it_writes_leaves_whole_states_only(tmp_path: Path) -> None:
    _killed_again_and_again(tmp_path, times=4)


@pytest.mark.long
def test_a_process_killed_a_hundred_times_leaves_whole_states_only(tmp_path: Path) -> None:
    _killed_again_and_again(tmp_path, times=100)


def test_the_second_of_two_processes_runs_without_files_and_the_next_gets_them(tmp_path: Path) -> None:
    with _writing(tmp_path, 0) as first:
        assert _line(first) == "open"
        assert _line(first) == "0"
        with _writing(tmp_path, 5000) as second:
            assert "in use by another engine" in _line(second)
        assert int(_line(first)) > 0
    with _writing(tmp_path, 9000) as third:
        assert _line(third) == "open"
