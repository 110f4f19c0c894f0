from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.host.rauc import RaucError
from appliance.updates.gate.giving_up import MAX_FAILURES, MAX_LINES, Evidence, give_up
from appliance.updates.gate.model import Finding, Look
from appliance.updates.gate.watching import Gate
from appliance.updates.trial import record, report
from appliance.updates.trial.commit import request_rollback
from appliance.updates.trial.decide import Step
from appliance.updates.trial.model import Answered, Release, Rollback, Trial, TrialState
from appliance.updates.trial.returning import begin_return
from tests.fakes.slots import FakeSlots
from tests.unit.updates.trial.box import NEW, OLD, Box, say

GOOD = Look((Finding("gateway", True), Finding("mini", True)))
BAD = Look((Finding("gateway", False, "config_gateway"),))


@dataclass
class Scene:
    """A gate with a clock of its own; `looks` are what it sees, the last one for ever."""

    box: Box
    looks: list[Look] = field(default_factory=lambda: [GOOD])
    slots: FakeSlots = field(default_factory=FakeSlots)
    answers: Callable[[], bool] = lambda: True
    loads: bool = True
    seconds: float = 0.0
    seen: list[tuple[str, ...]] = field(default_factory=list)

    def gate(self, patience_s: float = 60.0) -> Gate:
        return Gate(
            places=self.box.places,
            slots=self.slots,
            now_ms=lambda: self.box.now_ms,
            monotonic=lambda: self.seconds,
            sleep=self._sleep,
            answers=self.answers,
            looker=lambda _, __: self,
            loads=lambda: self.loads,
            tell=self.seen.append,
            patience_s=patience_s,
        )

    def look(self) -> Look:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    box = Box(tmp_path)
    box.boot(OLD)
    box.run(OLD, say(1, "hello"))
    return Scene(box)


@pytest.fixture
def trial(scene: Scene) -> Scene:
    scene.box.boot(NEW)
    scene.slots.booted = "B"
    scene.slots.ok["B"] = True
    scene.slots.tries["B"] = 1
    return scene


def committed(scene: Scene) -> Release:
    found = record.committed(scene.box.places)
    assert found is not None
    return found.release


def test_three_good_looks_in_a_row_make_the_version_the_boxes_own(trial: Scene) -> None:
    trial.looks = [BAD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD]
    assert trial.gate().pass_through(NEW)
    assert len(trial.seen) == 7
    assert trial.slots.marks == [("good", "booted")]
    assert trial.slots.tries["B"] == 0
    assert committed(trial) == NEW
    assert not report.trial_open(trial.box.root)
    assert record.answered(trial.box.places) == Answered(mini=True)


def test_a_version_that_never_works_is_left_to_the_deadline(trial: Scene) -> None:
    trial.looks = [BAD]
    assert not trial.gate(patience_s=30).pass_through(NEW)
    assert trial.slots.marks == []
    assert committed(trial) == OLD
    assert trial.seen[-1] == ("gateway: does not work (config_gateway)",)


def test_a_mark_that_fails_leaves_the_version_on_trial(trial: Scene) -> None:
    trial.slots.fails = "no such bus"
    with pytest.raises(RaucError):
        trial.gate().pass_through(NEW)
    assert report.trial_open(trial.box.root)
    assert committed(trial) == OLD
    assert trial.seen[-1][-1] == "slot: does not work (it cannot be marked good: no such bus)"


def test_the_boxes_own_slot_is_good_as_soon_as_the_gateway_answers(scene: Scene) -> None:
    answers = iter([False, False, True])
    scene.answers = lambda: next(answers)
    scene.looks = [BAD]
    assert scene.gate().pass_through(OLD)
    assert scene.slots.marks == [("good", "booted")]


def test_a_configuration_that_keeps_the_gateway_down_does_not_lead_to_the_other_slot(scene: Scene) -> None:
    scene.answers = lambda: False
    for _ in range(5):
        assert scene.slots.start() == "A"
        assert scene.gate().pass_through(OLD)
    assert scene.slots.tries["A"] == 0


def test_a_slot_whose_program_cannot_be_read_is_left_to_the_count(scene: Scene) -> None:
    scene.answers, scene.loads = (lambda: False), False
    scene.slots.ok["B"] = True
    started = []
    for _ in range(4):
        started.append(scene.slots.start())
        assert not scene.gate().pass_through(OLD)
    assert started == ["A", "A", "A", "B"]


def test_what_answers_is_noted_at_every_start_of_the_boxes_own_version(scene: Scene) -> None:
    scene.looks = [Look((Finding("mini", True), Finding("engine", True)))]
    scene.gate().pass_through(OLD)
    assert record.answered(scene.box.places) == Answered(mini=True, engine=True)
    scene.looks = [Look((Finding("mini", True),))]
    scene.gate().pass_through(OLD)
    assert record.answered(scene.box.places) == Answered(mini=True)


def test_models_that_come_up_after_the_gateway_are_waited_for(scene: Scene) -> None:
    late = Look((Finding("mini", False),))
    scene.looks = [late, late, Look((Finding("mini", True), Finding("engine", False, expected=False)))]
    scene.gate().pass_through(OLD)
    assert record.answered(scene.box.places) == Answered(mini=True)
    assert scene.seconds == 5 + 10
    scene.looks = [late]
    scene.gate().pass_through(OLD)
    assert record.answered(scene.box.places) == Answered()
    assert scene.slots.marks == [("good", "booted")] * 2


def evidence(units: tuple[str, ...] = (), seen: tuple[str, ...] = (), lines: int = 3) -> Evidence:
    return Evidence(
        lambda: units,
        lambda _: [f"line {number} token=secret1234 {'x' * 1000}" for number in range(lines)],
        lambda: seen,
        lambda text: text.replace("secret1234", "[redacted]"),
    )


def given_up(scene: Scene, found: Evidence, booted: Release = NEW) -> tuple[bool, list[str]]:
    reboots: list[str] = []
    done = give_up(scene.box.places, booted, found, scene.slots, lambda: reboots.append("now"), scene.box.now_ms)
    return done, reboots


def test_the_reason_of_a_start_that_failed_is_there_after_the_return(trial: Scene) -> None:
    seen = ("gateway: works", "mini: does not work (it answered nothing)")
    assert given_up(trial, evidence(("avahi-daemon.service",), seen)) == (True, ["now"])
    assert trial.slots.marks == []
    assert trial.box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    (told,) = report.reports(trial.box.root)
    assert told.reason == "It did not pass its tests: mini: does not work (it answered nothing)."
    assert told.units == ("avahi-daemon.service",)
    assert told.gate == seen
    assert len(told.journal) == 3
    assert "secret1234" not in str(told)


def test_a_gateway_that_did_not_start_is_the_reason_before_all_others(trial: Scene) -> None:
    given_up(trial, evidence(("homarus-gateway.service", "x.service"), ("gateway: does not work (No answer)",)))
    found = report.open_trial(trial.box.root)
    assert found is not None
    assert found.failures[-1].reason == "The gateway did not start."


def test_a_tail_is_bounded_in_lines_and_in_their_length(trial: Scene) -> None:
    given_up(trial, evidence(lines=MAX_LINES + 1))
    found = report.open_trial(trial.box.root)
    assert found is not None
    assert len(found.failures[-1].journal) == MAX_LINES
    assert found.failures[-1].journal[0].startswith("line 1 ")
    assert {len(line) for line in found.failures[-1].journal} == {400}


def test_what_a_version_says_at_any_length_leaves_a_record_that_can_be_read(trial: Scene) -> None:
    seen = tuple(f"gateway: does not work ({'x' * 1_000_000})" for _ in range(MAX_LINES + 1))
    given_up(trial, evidence(tuple("u" * 1000 for _ in range(MAX_LINES + 1)), seen))
    found = report.open_trial(trial.box.root)
    assert found is not None
    failure = found.failures[-1]
    assert (len(failure.units), len(failure.gate), len(failure.reason)) == (MAX_LINES, MAX_LINES, 400)
    trial.box.boot(OLD)
    assert trial.box.report().reason == failure.reason


def test_of_many_failed_starts_the_last_ones_are_kept(trial: Scene) -> None:
    for _ in range(MAX_FAILURES + 1):
        given_up(trial, evidence())
    found = report.open_trial(trial.box.root)
    assert found is not None
    assert len(found.failures) == MAX_FAILURES


def test_nothing_is_given_up_where_the_boxes_own_version_runs(scene: Scene) -> None:
    assert given_up(scene, evidence(), OLD) == (False, [])
    scene.box.boot(NEW)
    assert given_up(scene, evidence(), OLD) == (False, [])
    scene.box.commit(NEW)
    assert given_up(scene, evidence(), NEW) == (False, [])


def test_a_version_that_could_not_prepare_the_state_is_neither_kept_nor_left_running(scene: Scene) -> None:
    scene.answers = lambda: False
    assert not scene.gate().pass_through(NEW)
    assert scene.slots.marks == []
    assert given_up(scene, evidence(("homarus-state.service",))) == (True, ["now"])
    assert scene.box.boot(OLD).steps == (Step.CLOSE_REFUSED, Step.NOTHING)
    (told,) = report.reports(scene.box.root)
    assert told.kind == "refused"
    assert told.reason.startswith("The state could not be prepared for it, so its gateway was not started. line 2 ")
    assert scene.box.texts() == ["hello"]


def test_a_return_that_another_version_cannot_finish_is_left_to_the_version_before(trial: Scene) -> None:
    found = record.trial(trial.box.places)
    assert found is not None
    begin_return(trial.box.places, found, record.kept(trial.box.places), 0)
    assert given_up(trial, evidence()) == (True, ["now"])
    assert not trial.gate().pass_through(NEW)
    assert trial.box.boot(OLD).steps == (Step.FINISH_RETURN, Step.NOTHING)


def test_the_version_before_that_waits_for_its_state_is_not_restarted_over_and_over(trial: Scene) -> None:
    places = trial.box.places
    trial.box.commit(NEW)
    request_rollback(places, NEW, 0)
    begin_return(places, None, record.kept(places), 0)
    assert not trial.gate().pass_through(OLD)
    assert given_up(trial, evidence(("homarus-state.service",)), OLD) == (False, [])
    assert trial.box.boot(OLD).steps == (Step.FINISH_RETURN, Step.NOTHING)
    assert record.rollback(places) is not None
    assert trial.gate().pass_through(OLD)
    assert trial.slots.marks == [("good", "booted")]
    assert record.rollback(places) is None, "it is over when a power cut does not start the other version any more"


def test_a_way_back_that_is_asked_for_while_the_gate_waits_is_not_forgotten(trial: Scene) -> None:
    places = trial.box.places
    trial.box.commit(NEW)
    trial.box.boot(NEW)

    def asks() -> bool:
        request_rollback(places, NEW, 0, note="It hangs.")
        return True

    trial.answers = asks
    assert trial.gate().pass_through(NEW)
    assert trial.slots.marks == [("good", "booted")]
    assert record.rollback(places) == Rollback(OLD, NEW, "It hangs.")
    trial.box.boot(OLD)
    assert trial.box.report().reason == "Somebody asked for it. It hangs."


def test_a_version_that_got_no_copy_is_forbidden_at_once(trial: Scene) -> None:
    found = record.trial(trial.box.places)
    assert isinstance(found, Trial)
    record.write_trial(trial.box.places, Trial("0001", TrialState.REFUSED, OLD, NEW, 0, refusal="no room"))
    assert given_up(trial, evidence()) == (True, ["now"])
    assert trial.slots.marks == [("bad", "booted")]
    assert trial.slots.start() == "A"


def test_a_box_whose_disk_takes_no_reason_restarts_all_the_same(trial: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "write_trial", full)
    reboots: list[str] = []
    with pytest.raises(OSError, match="No space"):
        give_up(trial.box.places, NEW, evidence(), trial.slots, lambda: reboots.append("now"), 0)
    assert reboots == ["now"]


def test_three_starts_then_the_old_version_with_its_state(trial: Scene) -> None:
    """The whole story, with a boot loader that counts."""
    box, slots = trial.box, FakeSlots(booted="A")
    slots.mark("active", "other")
    started = []
    while (name := slots.start()) == "B":
        started.append(box.boot(NEW).steps[-1])
        box.run(NEW, say(10 + len(started), f"start {len(started)}"))
        scene = Scene(box, [BAD], slots)
        assert not scene.gate(patience_s=10).pass_through(NEW)
        given_up(scene, evidence(seen=scene.seen[-1]))
    assert name == "A"
    assert started == [Step.CONTINUE] * 3
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    box.run(OLD)
    assert box.texts() == ["hello", "start 1", "start 2", "start 3"]
    assert Scene(box, [GOOD], slots).gate().pass_through(OLD)
    (told,) = report.reports(box.root)
    assert told.reason == "It did not pass its tests: gateway: does not work (config_gateway)."
