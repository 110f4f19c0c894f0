"""The weekly rehearsal: a copy that opens is good, one that does not is told until the next is."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from appliance.daemon.care.rehearsals import Rehearsals, in_a_process, last_of
from appliance.daemon.core import MIGRATIONS
from appliance.foundation.paths import StatePaths
from appliance.health import HealthTracker
from appliance.storage.backup import Backups
from appliance.storage.database import Database
from tests.fakes.clock import FakeClock

_WEEK_S = 7 * 86_400.0


@pytest.fixture
async def paths(tmp_path: Path) -> StatePaths:
    """A state directory with one nightly copy that names an attachment."""
    paths = StatePaths(tmp_path / "state", tmp_path / "state/homarus.json5")
    paths.create()
    clock = FakeClock()
    database = await Database.open(
        paths.database, MIGRATIONS, clock=clock, journal=paths.journal, backups=paths.backups
    )
    await Backups(paths.backups, UTC, state=paths.root).run(database, clock.now_ms())
    await database.aclose()
    return paths


class _Answers:
    def __init__(self) -> None:
        self.answer: Mapping[str, Any] = {"ok": True, "messages": 3}
        self.seen: list[list[str]] = []

    async def rehearse(self, folder: Path, blobs: Path) -> Mapping[str, Any]:
        self.seen.append(sorted(path.name for path in folder.iterdir()))
        return self.answer


async def test_the_newest_copy_is_put_into_a_folder_of_its_own_that_goes_again(paths: StatePaths) -> None:
    answers, tracker = _Answers(), HealthTracker()
    told = await Rehearsals(paths, tracker, FakeClock(), answers.rehearse).once()
    assert answers.seen == [["homarus.sqlite"]]
    assert told is not None
    assert (told["ok"], told["messages"], tracker.conditions()) == (True, 3, ())
    assert last_of(paths.backups) == told
    assert not (paths.backups / ".rehearsal").exists()


async def test_a_failure_is_a_condition_until_a_rehearsal_succeeds(paths: StatePaths) -> None:
    answers, tracker, clock = _Answers(), HealthTracker(), FakeClock()
    rehearsals = Rehearsals(paths, tracker, clock, answers.rehearse)
    answers.answer = {"ok": False, "reason": "the disk is bad"}
    await rehearsals.once()
    (found,) = tracker.conditions()
    assert (found.code, "the disk is bad" in found.summary) == ("backup_rehearsal", True)
    answers.answer = {"ok": True}
    await rehearsals.once()
    assert tracker.conditions() == ()


async def test_it_is_due_after_a_week_and_after_a_day_when_it_failed(paths: StatePaths) -> None:
    answers, clock = _Answers(), FakeClock()
    running = asyncio.create_task(Rehearsals(paths, HealthTracker(), clock, answers.rehearse).run())
    try:
        for seconds, runs in ((3600.0, 1), (86_400.0, 1), (_WEEK_S, 2)):
            await _advance(clock, seconds)
            async with asyncio.timeout(10):
                while len(answers.seen) < runs or not clock.sleeping:
                    await asyncio.sleep(0.005)
            assert len(answers.seen) == runs
        answers.answer = {"ok": False, "reason": "no"}
        await _advance(clock, _WEEK_S)
        async with asyncio.timeout(10):
            while len(answers.seen) < 3 or not clock.sleeping:
                await asyncio.sleep(0.005)
        await _advance(clock, 86_400.0)
        async with asyncio.timeout(10):
            while len(answers.seen) < 4:
                await asyncio.sleep(0.005)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _advance(clock: FakeClock, seconds: float) -> None:
    async with asyncio.timeout(10):
        while not clock.sleeping:
            await asyncio.sleep(0.005)
    clock.advance(seconds)


async def test_a_failure_is_told_again_after_a_restart(paths: StatePaths) -> None:
    (paths.backups / "rehearsed.json").write_text(json.dumps({"ok": False, "atMs": 1, "copy": "x", "reason": "bad"}))
    tracker = HealthTracker()
    running = asyncio.create_task(Rehearsals(paths, tracker, FakeClock(), _Answers().rehearse).run())
    async with asyncio.timeout(10):
        while not tracker.conditions():
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_box_without_a_copy_has_nothing_to_rehearse(tmp_path: Path) -> None:
    paths = StatePaths(tmp_path, tmp_path / "homarus.json5")
    paths.create()
    assert await Rehearsals(paths, HealthTracker(), FakeClock(), _Answers().rehearse).once() is None


async def test_a_process_of_its_own_opens_a_good_copy_and_names_what_is_missing(paths: StatePaths) -> None:
    rehearsals = Rehearsals(paths, HealthTracker(), FakeClock(), in_a_process)
    told = await rehearsals.once()
    assert told is not None
    assert (told["ok"], told["messages"], told["attachments"]) == (True, 0, 0)

    (copy,) = paths.backups.glob("homarus-*.sqlite")
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(
            "INSERT INTO sessions (key, agent_id, session_id, kind, created_ms, updated_ms, last_activity_ms)"
            " VALUES ('k', 'main', 's', 'direct', 1, 1, 1)"
        )
        connection.execute("INSERT INTO blob_uses (sha256, session_key) VALUES (?, 'k')", ("ab" * 32,))
        connection.commit()
    told = await rehearsals.once()
    assert told is not None
    assert (told["ok"], told["reason"]) == (False, "1 attachments are missing or damaged")

    copy.write_bytes(b"no database" * 500)
    told = await rehearsals.once()
    assert told is not None
    assert told["ok"] is False
