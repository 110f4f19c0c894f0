from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.agenda.migrations import MIGRATIONS
from appliance.agenda.undoing import UNDOERS
from appliance.foundation.clock import SystemClock
from appliance.storage import Database
from appliance.tools import effects
from appliance.tools.builtin.undo_last import undo_tool
from appliance.tools.undo import KEEP_MS, MAX_PER_SESSION
from tests.unit.agenda.conftest import Box


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    migrations = (*effects.MIGRATIONS, *MIGRATIONS)
    database = await Database.open(tmp_path / "state.sqlite", migrations, clock=SystemClock(), readers=1)
    box = Box(database)
    box.register(undo_tool(box.store.write, UNDOERS))
    yield box
    await database.aclose()


async def test_a_timer_that_was_set_is_gone_after_undo(box: Box) -> None:
    await box.call("timer_set", duration_s=600, label="pasta")
    result = await box.call("undo_last")
    assert result.text == "Undone. Cancelled the timer: pasta, 10 minutes left (until 14:35)."
    assert await box.store.pending("agent:main:main") == []
    assert box.changes == 2  # the scheduler looks again


async def test_undo_goes_back_step_by_step_and_then_says_that_there_is_no_more(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    await box.call("alarm_set", time="07:00")
    assert "alarm" in (await box.call("undo_last")).text
    assert "timer" in (await box.call("undo_last")).text
    result = await box.call("undo_last")
    assert result.is_error
    assert "nothing" in result.text


async def test_what_was_cancelled_comes_back_at_its_old_moment(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    await box.call("timer_set", duration_s=1200)
    before = await box.store.pending("agent:main:main")
    await box.call("timer_cancel", all=True)
    assert (await box.call("undo_last")).text.startswith("Undone. 2 timers again:")
    assert await box.store.pending("agent:main:main") == before


async def test_a_cancelled_timer_whose_time_has_passed_does_not_ring_late(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    await box.call("timer_cancel")
    box.at("2026-11-21T15:00")
    result = await box.call("undo_last")
    assert result.is_error
    assert "too late" in result.text
    assert await box.store.pending("agent:main:main") == []


async def test_a_repeating_alarm_comes_back_with_its_next_time(box: Box) -> None:
    await box.call("alarm_set", time="15:00", repeat="daily")
    await box.call("alarm_cancel")
    box.at("2026-11-21T16:00")
    assert "tomorrow at 15:00" in (await box.call("undo_last")).text


async def test_a_timer_that_rang_cannot_be_undone(box: Box) -> None:
    await box.call("timer_set", duration_s=60)
    await box.speak("2026-11-21T14:27")
    result = await box.call("undo_last")
    assert result.is_error
    assert "over already" in result.text


async def test_the_same_undo_tried_again_takes_only_one_step_back(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    await box.call("timer_set", duration_s=1200)
    first = await box.call("undo_last", call_id="one")
    assert (await box.call("undo_last", call_id="one")).text == first.text
    assert len(await box.store.pending("agent:main:main")) == 1


async def test_another_session_cannot_undo_it(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    box.session("agent:main:guest")
    assert (await box.call("undo_last")).is_error


@pytest.mark.parametrize(("late_ms", "refused"), [(0, False), (1, True)])
async def test_a_change_can_be_undone_for_a_day(box: Box, late_ms: int, refused: bool) -> None:
    await box.call("reminder_set", text="call Ada", in_s=200_000)
    box.later(KEEP_MS + late_ms)
    assert (await box.call("undo_last")).is_error is refused


async def test_a_session_keeps_its_cap_of_changes_and_forgets_the_oldest(box: Box) -> None:
    for number in range(MAX_PER_SESSION + 1):
        await box.call("timer_set", duration_s=600 + number)
    for _ in range(MAX_PER_SESSION):
        assert not (await box.call("undo_last")).is_error
    assert (await box.call("undo_last")).is_error
    assert [one.duration_s for one in await box.store.pending("agent:main:main")] == [600]


async def test_what_is_over_is_said_once_and_the_next_undo_goes_further_back(box: Box) -> None:
    await box.call("alarm_set", time="18:00")
    await box.call("timer_set", duration_s=60)
    await box.speak("2026-11-21T14:27")
    assert "over already" in (await box.call("undo_last", call_id="one")).text
    again = await box.call("undo_last", call_id="one")  # the same call tried again goes no further
    assert (again.is_error, "over already" in again.text) == (True, True)
    assert "alarm" in (await box.call("undo_last", call_id="two")).text
    assert await box.store.pending("agent:main:main") == []
