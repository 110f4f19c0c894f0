"""The checks of the box become conditions, and go when what they told of has gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.daemon.care.watching import Watch
from appliance.health import Condition, HealthTracker, Severity
from appliance.health.checks import Check
from appliance.health.look import Look
from tests.fakes.clock import FakeClock


class _Wrong:
    """A check whose answer a test changes."""

    def __init__(self) -> None:
        self.now = ["one"]
        self.asked = 0

    def check(self, look: Look) -> Iterator[Condition]:
        self.asked += 1
        for subject in self.now:
            yield Condition("wrong", subject, Severity.DEGRADED, "It is wrong.")


def _watch(wrong: _Wrong, tracker: HealthTracker, clock: FakeClock, *, watched: bool = True) -> Watch:
    return Watch(lambda: Look(Path("/nowhere"), 0), tracker, clock, [Check("wrong", wrong.check, ("wrong",), watched)])


async def test_what_a_watched_check_finds_is_a_condition_until_it_is_mended() -> None:
    wrong, tracker = _Wrong(), HealthTracker()
    tracker.set(Condition("wrong", "of somebody else", Severity.NOTICE, "Stays."))
    watch = _watch(wrong, tracker, FakeClock())
    await watch.once()
    assert {one.subject for one in tracker.conditions()} == {"one", "of somebody else"}
    wrong.now = ["two"]
    await watch.once()
    assert {one.subject for one in tracker.conditions()} == {"two", "of somebody else"}


async def test_a_check_that_is_not_watched_is_asked_by_the_doctor_alone() -> None:
    wrong, tracker = _Wrong(), HealthTracker()
    watch = _watch(wrong, tracker, FakeClock(), watched=False)
    await watch.once()
    assert (wrong.asked, tracker.conditions()) == (0, ())
    assert [one.subject for one in await watch.examine()] == ["one"]


async def test_asking_again_at_once_gives_the_same_answer_without_looking() -> None:
    wrong, clock = _Wrong(), FakeClock()
    watch = _watch(wrong, HealthTracker(), clock)
    await watch.examine()
    clock.advance(5.0)
    await watch.examine()
    assert wrong.asked == 1
    clock.advance(0.1)
    await watch.examine()
    assert wrong.asked == 2
