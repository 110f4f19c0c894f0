"""The way back by hand: what root does and refuses, with RAUC as a double on a real bus."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import msgspec
import pytest

from appliance.updates.records.model import Action, Request, Result
from appliance.updates.trial import copying, keepsakes, record
from appliance.updates.trial.commit import KEPT_MS
from appliance.updates.trial.model import Committed, Kept, Rollback, Trial, TrialState
from appliance.updates.trial.model import Release as Tried
from appliance.updates.trial.places import Places
from tests.fakes.update_channel import NOW_MS
from tests.fakes.update_site import TestBox
from tests.unit.updates.install.told import code, receipt


def test_a_way_back_that_rauc_refuses_leaves_no_mark(here: TestBox) -> None:
    places = updated(here)
    here.rauc.refuses_marks = ["Failed marking slot rootfs.1 as active: Failed to run custom backend '/usr/lib/x'"]
    assert not here.service().run(Action.ROLLBACK)
    assert (code(here), record.rollback(places), here.reboots) == ("boot_loader", None, 0)


def test_an_installation_ends_the_way_back_whose_slot_it_writes_over(here: TestBox) -> None:
    places = updated(here)
    record.write_rollback(places, Rollback(Tried("A", "1.0.0", "1"), Tried("B", "0.9.0")))
    assert here.service().run(Action.APPLY)
    assert record.rollback(places) is None


def test_an_installation_that_cannot_forget_the_way_back_is_none_that_failed(
    here: TestBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slot is written and starts next; the next start forgets it (prepare._open)."""

    def fails(_: Places) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(record, "close_rollback", fails)
    updated(here)
    assert here.service().run(Action.APPLY)
    assert (receipt(here).result, here.reboots) == (Result.INSTALLED, 1)


def updated(here: TestBox, *, at_ms: int = NOW_MS) -> Places:
    """Make it a box that was updated from 0.9.0 in slot B, with the copy of before."""
    places, old, own = here.service().machine.places, Tried("B", "0.9.0"), Tried("A", "1.0.0", "1")
    record.write_committed(places, Committed(own, at_ms))
    places.before.mkdir(parents=True)
    for name in (copying.DATABASE, keepsakes.ARCHIVE):
        (places.before / name).touch()
    (places.before / record.ABOUT).write_bytes(msgspec.json.encode(Kept("0001", old, own, at_ms, True)))
    return places


@pytest.mark.parametrize("known", [{}, {"bundle.version": "0.9.0", "bundle.hash": "d" * 64}])
def test_rollback_starts_the_earlier_version_next_and_leaves_a_mark_for_the_state(
    here: TestBox, known: dict[str, str]
) -> None:
    """Also the version that was flashed, of which RAUC knows nothing."""
    places = updated(here)
    here.records.write_request(Request("run-1", "cli", note="too slow"))
    here.rauc.other = known
    assert here.service().run(Action.ROLLBACK)
    assert here.rauc.marks == [("active", "rootfs.1")]
    own, old = Tried("A", "1.0.0", "1"), Tried("B", "0.9.0")
    assert record.rollback(places) == Rollback(old, own, "too slow")
    assert (receipt(here).result, receipt(here).target) == (Result.LEAVING, "0.9.0")
    assert here.reboots == 1


def test_rollback_without_an_earlier_version_is_refused(here: TestBox) -> None:
    assert not here.service().run(Action.ROLLBACK)
    assert code(here) == "no_other_slot"
    assert not here.service().machine.places.rollback.exists()
    assert (here.rauc.marks, here.reboots) == ([], 0)


def _too_old(here: TestBox) -> None:
    updated(here, at_ms=NOW_MS - KEPT_MS)


def _damaged_copy(here: TestBox) -> None:
    (updated(here).before / copying.DATABASE).unlink()


def _written_over(here: TestBox) -> None:
    updated(here)
    here.rauc.other = {"bundle.version": "1.1.0"}


def _on_trial(here: TestBox) -> None:
    places = updated(here)
    record.write_trial(places, Trial("0002", TrialState.RUNNING, Tried("B", "0.9.0"), Tried("A", "1.0.0"), NOW_MS))


def _bad_slot(here: TestBox) -> None:
    updated(here)
    here.rauc.other = {"boot_status": "bad"}


@pytest.mark.parametrize(
    ("spoil", "expected", "said"),
    [
        (_too_old, "no_other_slot", "0.9.0 was replaced over 14 days ago"),
        (_damaged_copy, "no_other_slot", "copy of the state of version 0.9.0 is damaged"),
        (_written_over, "no_other_slot", "1.1.0 was installed over it"),
        (_bad_slot, "no_other_slot", "its slot B is empty or damaged"),
        (_on_trial, "trial_running", "1.0.0 is still being tested"),
    ],
)
def test_rollback_says_why_there_is_no_way_back(
    here: TestBox, spoil: Callable[[TestBox], None], expected: str, said: str
) -> None:
    spoil(here)
    assert not here.service().run(Action.ROLLBACK)
    status = here.records.status()
    assert status is not None
    assert status.fault is not None
    assert code(here) == expected
    assert said in status.fault.message
    assert not here.service().machine.places.rollback.exists()
    assert (here.rauc.marks, here.reboots) == ([], 0)


@pytest.mark.parametrize(("spare", "rc"), [(0, True), (-1, False)])
def test_a_way_back_without_room_for_the_old_database_is_not_begun(
    here: TestBox, spare: int, rc: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (updated(here).before / copying.DATABASE).write_bytes(bytes(1 << 20))
    usage = shutil.disk_usage(here.root)._replace(free=(33 << 20) + spare)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert here.service().run(Action.ROLLBACK) is rc
    assert here.rauc.marks == ([("active", "rootfs.1")] if rc else [])
    if not rc:
        assert code(here) == "no_space"


@pytest.mark.parametrize(("spare", "rc"), [(0, True), (-1, False)])
def test_without_room_for_the_copy_nothing_is_fetched(
    here: TestBox, spare: int, rc: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy of the last update goes first, so its room counts as free."""
    kept = updated(here).before / copying.DATABASE
    kept.write_bytes(bytes(1 << 20))
    freed = sum(path.stat().st_blocks * 512 for path in kept.parent.iterdir())
    usage = shutil.disk_usage(here.root)._replace(free=(128 << 20) - freed + spare)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert here.service().run(Action.APPLY) is rc
    if not rc:
        status = here.records.status()
        assert status is not None
        assert status.fault is not None
        assert (code(here), status.fault.message.split()[:2]) == ("no_space", ["1", "MiB"])
        assert "homarus models list" in status.fault.fix
        assert here.rauc.installed == []
