"""The updates of a machine: watched on a box of ours, there on demand elsewhere."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.config.sections.updates import UpdatesSection
from appliance.daemon.updating.updates import Updates
from appliance.foundation.tasks import TaskSet
from appliance.health import HealthTracker
from tests.fakes.clock import FakeClock


def _updates(root: Path) -> Updates:
    return Updates(settings=UpdatesSection, tracker=HealthTracker(), clock=FakeClock(), root=root)


async def test_elsewhere_nothing_is_watched_and_the_desk_still_answers(tmp_path: Path) -> None:
    updates = _updates(tmp_path)
    await updates.run(lambda event, payload: pytest.fail(event))  # ends at once
    assert updates.snapshot == (msgspec.UNSET, msgspec.UNSET)
    assert "desk" not in vars(updates)
    assert await updates.desk.standing() is None
    assert updates.desk is updates.desk


async def test_a_box_of_ours_is_watched_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/homarus").mkdir(parents=True)
    about = '{"board": "test", "version": "1.0.0", "compatible": "homarus-test", "keys": "release"}'
    (tmp_path / "usr/lib/homarus/box.json").write_text(about)
    updates, tasks = _updates(tmp_path), TaskSet("test")
    task = tasks.spawn(updates.run(lambda event, payload: None), name="updates")
    assert updates.snapshot == updates.desk.hello
    await tasks.aclose()
    assert task.cancelled()
