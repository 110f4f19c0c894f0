from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.storage import StateHeldError, StateLock, StorageError


def test_a_second_holder_reads_who_holds_the_state(tmp_path: Path) -> None:
    lock = StateLock.acquire(tmp_path / "gateway.lock", now_ms=1_795_000_000_000)
    lock.describe("127.0.0.1:18789")
    with pytest.raises(StateHeldError, match=f"process {os.getpid()} since 2026-11-18 .* at 127.0.0.1:18789") as held:
        StateLock.acquire(tmp_path / "gateway.lock", now_ms=0)
    assert held.value.code == "state_held"
    assert held.value.details["pid"] == os.getpid()
    lock.release()
    StateLock.acquire(tmp_path / "gateway.lock", now_ms=0).release()


def test_the_lock_ends_with_its_process_and_no_child_keeps_it(tmp_path: Path) -> None:
    program = """
import subprocess, sys
from pathlib import Path
from appliance.storage import StateLock
StateLock.acquire(Path(sys.argv[1]), now_ms=0)
child = subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""
    path = tmp_path / "gateway.lock"
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        try:
            with pytest.raises(StateHeldError, match=f"process {holder.pid}"):
                StateLock.acquire(path, now_ms=0)
            holder.kill()
            holder.wait()
            StateLock.acquire(path, now_ms=0).release()
        finally:
            os.kill(child, 9)


def test_a_lock_without_a_readable_text_still_holds(tmp_path: Path) -> None:
    path = tmp_path / "gateway.lock"
    lock = StateLock.acquire(path, now_ms=0)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StateHeldError, match="unknown"):
        StateLock.acquire(path, now_ms=0)
    lock.release()


def test_a_link_or_a_pipe_in_the_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "gateway.lock", tmp_path / "roots"
    other.write_text("of somebody else")
    path.symlink_to(other)
    with pytest.raises(StorageError, match="cannot open"):
        StateLock.acquire(path, now_ms=0)
    assert other.read_text() == "of somebody else"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StorageError, match="not a file"):
        StateLock.acquire(path, now_ms=0)
