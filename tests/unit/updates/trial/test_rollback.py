"""The way back by hand on a Raspberry Pi, whose firmware starts the version that was left after any power cut."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.host.rauc import RaucError, Slot
from appliance.updates.gate.giving_up import Evidence, give_up
from appliance.updates.gate.watching import Gate
from appliance.updates.trial import record, report
from appliance.updates.trial.commit import request_rollback
from appliance.updates.trial.decide import MAX_LEAVES, Step
from appliance.updates.trial.model import Release
from appliance.updates.trial.prepare import prepare_state
from tests.unit.host.test_tryboot import Pi
from tests.unit.updates.gate.test_watching import Scene
from tests.unit.updates.trial.box import NEW, OLD, Box, Disk, pair, say

_MOST_CALLS = 400


@dataclass
class Board:
    """A box on a Pi: its firmware, and the slots as RAUC's backend marks them."""

    box: Box
    pi: Pi

    def mark(self, state: str, slot: str) -> str:
        running = self.pi.firmware.current()
        name = {"booted": running, "other": "B" if running == "A" else "A"}[slot]
        arguments = ("set-primary", name) if state == "active" else ("set-state", name, state)
        if self.pi.rauc(*arguments) != 0:
            raise RaucError("Failed to run custom backend")
        return name

    def slots(self) -> Sequence[Slot]:
        return ()

    @property
    def runs(self) -> Release:
        return OLD if self.pi.firmware.current() == "A" else NEW

    def gate(self) -> Gate:
        return Scene(self.box, slots=self).gate()  # type: ignore[arg-type]  # these slots are of a Pi

    def deadline(self) -> list[str]:
        """Return the restarts that it asked for."""
        reboots: list[str] = []
        evidence = Evidence(lambda: (), lambda _: (), lambda: (), str)
        give_up(self.box.places, self.runs, evidence, self, lambda: reboots.append("now"), self.box.now_ms)
        return reboots


def _leaving(root: Path) -> Board:
    """A box that was updated, whose owner asked to go back; it has restarted into the version of before."""
    box = Box(root / "box")
    board = Board(box, Pi(root / "pi"))
    box.boot(OLD)
    box.run(OLD, say(1, "hello"), pair("phone"))
    board.mark("active", "other")
    assert board.pi.restart() == "B"
    box.boot(NEW)
    box.run(NEW, say(2, "meanwhile"))
    assert board.gate().pass_through(NEW)
    request_rollback(box.places, NEW, box.now_ms, note="Too slow.")
    board.mark("active", "other")
    assert board.pi.restart() == "A"
    return board


def _went_back(board: Board) -> None:
    assert board.runs == OLD
    assert board.box.boot(OLD).steps[-1] is Step.NOTHING
    assert board.gate().pass_through(OLD)
    assert record.rollback(board.box.places) is None
    assert board.pi.restart(power_cut=True) == "A", "it is the box's own version for the firmware too"
    assert board.box.boot(OLD).steps == (Step.NOTHING,)
    board.box.run(OLD, say(3, "three"))
    assert [text.removeprefix("rewritten: ") for text in board.box.texts()] == ["hello", "meanwhile", "three"]


def test_a_power_cut_before_the_slot_is_marked_does_not_undo_the_way_back(tmp_path: Path) -> None:
    board = _leaving(tmp_path)
    assert board.box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert board.pi.restart(power_cut=True) == "B"
    done = board.box.boot(NEW)
    assert done.steps == (Step.LEAVE,)
    assert "went back from version 1.1.0 to 1.0.0" in done.refusal
    assert not board.gate().pass_through(NEW)
    assert board.deadline() == ["now"]
    assert board.pi.restart() == "A"
    _went_back(board)
    assert board.box.report().kind == "rolled_back"


def test_a_power_cut_anywhere_in_the_way_back_does_not_undo_it_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = _leaving(tmp_path / "template")
    undone = finished = 0
    for cut in range(_MOST_CALLS):
        shutil.copytree(tmp_path / "template", tmp_path / "run", symlinks=True)
        box = Box(tmp_path / "run/box", template.box.now_ms, template.box.clock)
        disk = Disk(box.root, monkeypatch)
        with disk.until(cut):
            box.boot(OLD)
        board = Board(box, _kept(tmp_path / "run/pi"))
        assert board.pi.restart(power_cut=True) == "B"
        if (done := box.boot(NEW)).refusal:
            assert done.steps[-1] is Step.LEAVE
            assert board.deadline() == ["now"]
            assert board.pi.restart() == "A"
            _went_back(board)
            assert box.report().reason == "Somebody asked for it. Too slow."
            finished += 1
        else:  # before anything was written down
            assert done.steps == (Step.STAY, Step.NOTHING)
            assert "was not started: Somebody asked for it" in report.text(box.report())
            undone += 1
        shutil.rmtree(tmp_path / "run")
        if disk.calls <= cut:
            break
    assert finished > 30
    assert undone < 20


def _kept(root: Path) -> Pi:
    """Return the board in a folder as it is, not a new one."""
    pi = object.__new__(Pi)
    pi.root = root
    return pi


def test_a_version_of_before_that_does_not_start_any_more_keeps_nobody_from_the_one_that_does(tmp_path: Path) -> None:
    board = _leaving(tmp_path)
    board.box.boot(OLD)
    for _ in range(MAX_LEAVES):
        assert board.pi.restart(power_cut=True) == "B"
        assert board.box.boot(NEW).steps == (Step.LEAVE,)
        assert board.deadline() == ["now"]
        assert board.pi.restart() == "A"
    assert board.pi.restart(power_cut=True) == "B"
    done = board.box.boot(NEW)
    assert (done.steps, done.refusal) == ((Step.STAY, Step.BEGIN), "")
    assert [one.kind for one in report.reports(board.box.root)] == ["refused", "rolled_back"]
    assert board.gate().pass_through(NEW)
    assert board.deadline() == []


def test_a_restart_that_does_not_come_is_no_start_of_the_version_that_was_left(tmp_path: Path) -> None:
    """Its state is prepared again every few minutes then, and that must not undo the way back."""
    board = _leaving(tmp_path)
    box = board.box
    box.boot(OLD)
    for boot in map(str, range(MAX_LEAVES)):
        for _ in range(MAX_LEAVES + 1):
            assert prepare_state(box.places, NEW, box.now_ms, boot).steps == (Step.LEAVE,)
        found = record.rollback(box.places)
        assert found is not None
        assert found.tries == int(boot) + 1
    assert prepare_state(box.places, NEW, box.now_ms, "another").steps[0] is Step.STAY


def test_another_version_in_the_slot_that_was_left_begins_as_any_other(tmp_path: Path) -> None:
    board = _leaving(tmp_path)
    board.box.boot(OLD)
    assert board.box.boot(Release("B", "1.3.0", "four")).steps == (Step.BEGIN,)
    assert record.rollback(board.box.places) is None
