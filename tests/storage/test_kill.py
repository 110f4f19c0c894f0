"""SIGKILL at random points of conversations: nothing acknowledged is missing or doubled, every run has one end."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from datetime import UTC
from pathlib import Path

import pytest

from appliance.foundation.clock import SystemClock
from appliance.sessions.model import RunStatus
from appliance.sessions.store import SessionStore
from appliance.storage import Backups, Database
from tests.storage.kill_child import SESSIONS, open_state

_KILLS = 200 if os.environ.get("HOMARUS_LONG") == "1" else 20
_ENDS = {status.value for status in RunStatus if status.ended}
# A kill takes about a quarter of a second, most of it the start of Python.
pytestmark = pytest.mark.timeout(30 + 3 * _KILLS)


def run_and_kill(root: Path, first: int, chance: random.Random) -> dict[str, set[str]]:
    """Let a child talk, kill it after a random number of its lines; return what it acknowledged, by kind."""
    told: dict[str, set[str]] = defaultdict(set)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.kill_child", str(root), str(first)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        wanted = chance.randrange(1, 200)
        for seen, line in enumerate(child.stdout):
            if seen == wanted:
                # Nothing waits for us: the child goes on until the signal arrives, inside of whatever it does then.
                os.kill(child.pid, signal.SIGKILL)
            if line.endswith("\n"):
                kind, _, run_id = line.split()
                told[kind].add(run_id)
        assert child.wait() == -signal.SIGKILL, "the child ended by itself"
    return told


def check(connection: sqlite3.Connection, told: dict[str, set[str]]) -> None:
    runs = dict(connection.execute("SELECT run_id, status FROM runs").fetchall())
    assert told["accepted"] <= runs.keys()
    entries = connection.execute(
        "SELECT session_key, seq, role, run_id, idempotency_key, message FROM entries"
    ).fetchall()
    users = [key for _, _, role, _, key, _ in entries if role == "user"]
    assert len(users) == len(set(users)), "a message is there twice"
    assert {f"{run_id}:user" for run_id in told["begun"]} <= set(users)
    tools = [key for _, _, role, _, key, _ in entries if role == "toolResult"]
    assert len(tools) == len(set(tools))
    assert {f"{run_id}:tool" for run_id in told["tool"]} <= set(tools)
    answers = [run_id for _, _, role, run_id, _, _ in entries if role == "assistant"]
    assert len(answers) == len(set(answers)), "a run answered twice"
    assert told["ended"] <= set(answers)
    assert {run_id for run_id, status in runs.items() if status == "ok"} == set(answers)
    spoken = dict(connection.execute("SELECT id, spoken FROM timers").fetchall())
    assert told["timer"] <= spoken.keys()
    assert told["spoken"] <= {run_id for run_id, times in spoken.items() if times}
    assert set(spoken.values()) <= {0, 1}, "a timer spoke twice"
    said = sorted(message for _, _, role, run_id, _, message in entries if role == "note" and run_id is None)
    assert said == sorted(f'{{"role":"assistant","content":"{run_id}"}}' for run_id, times in spoken.items() if times)
    for number in range(SESSIONS):
        key = f"agent:main:s{number}"
        seqs = sorted(seq for session_key, seq, *_ in entries if session_key == key)
        assert seqs == list(range(1, len(seqs) + 1)), "the numbers of entries have a gap"


async def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    chance = random.Random(17)
    told: dict[str, set[str]] = defaultdict(set)
    for kill in range(_KILLS):
        for kind, run_ids in run_and_kill(tmp_path, kill * 10_000, chance).items():
            told[kind] |= run_ids
        if kill % 4 == 3:
            # Every fourth time the file is gone too, and comes back from the journal (and a backup, once there is one).
            for path in tmp_path.glob("s.sqlite*"):
                path.unlink()
        database = await open_state(tmp_path)
        assert (database.recovered is not None) == (kill % 4 == 3)
        await database.read(lambda connection: check(connection, told))
        if kill % 8 == 7:
            assert await database.integrity_check() == []
            await Backups(tmp_path / "backups", UTC).run(database, SystemClock().now_ms())
        await database.aclose()
    await recovered(tmp_path, told)


async def recovered(root: Path, told: dict[str, set[str]]) -> None:
    """After one more start every run has exactly one end, and none is both answered and interrupted."""
    database: Database = await open_state(root)
    store = SessionStore(database)
    for waiting in (await store.recover(8)).queued:
        await store.cancel_queued(waiting.run_id, 8)
    statuses = await database.read(
        lambda connection: dict(connection.execute("SELECT run_id, status FROM runs").fetchall())
    )
    assert set(statuses.values()) <= _ENDS
    assert all(statuses[run_id] == "ok" for run_id in told["ended"])
    assert all(statuses[run_id] == "error" for run_id in told["interrupted"])
    notes = await database.read(
        lambda connection: connection.execute(
            "SELECT run_id, count(*) FROM entries WHERE role = 'note' AND run_id IS NOT NULL GROUP BY run_id"
        ).fetchall()
    )
    assert dict(notes) == {run_id: 1 for run_id, status in statuses.items() if status == "error"}
    await database.aclose()
