"""The power goes off before any single call that changes a name or flushes a file; the next start goes on rightly.

What was not flushed at that moment is torn. A box that lost power once in the middle may lose it again while it mends
that, so every cut is followed by a second one at another place.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.updates.trial import record, report
from appliance.updates.trial.decide import Step
from appliance.updates.trial.model import Release
from tests.unit.updates.trial.box import NEW, OLD, Box, Disk, pair, say

_MOST_CALLS = 400


def _before_the_update(root: Path) -> Box:
    box = Box(root)
    box.boot(OLD)
    box.run(OLD, say(1, "hello", colour="red"), pair("phone"))
    (box.places.state / "device.key").write_bytes(b"k" * 32)
    return box


def _on_trial(root: Path) -> Box:
    box = _before_the_update(root)
    box.boot(NEW)
    box.run(NEW, say(2, "meanwhile"), "INSERT INTO dreams (text) VALUES ('sheep')")
    (box.places.state / "device.key").write_bytes(b"x")
    return box


def _committed(root: Path) -> Box:
    box = _on_trial(root)
    box.commit(NEW)
    return box


def _every_cut(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path], Box],
    act: Callable[[Box], object],
    then: Callable[[Box, int], None],
) -> int:
    """Run `act` with a cut before each of its calls in turn, and `then` after it; return how many cuts there were."""
    template = prepare(folder / "template")
    for cut in range(_MOST_CALLS):
        root = folder / "run"
        shutil.copytree(folder / "template", root, symlinks=True)
        box = Box(root, template.now_ms, template.clock)
        disk = Disk(root, monkeypatch)
        with disk.until(cut):
            act(box)
        whole = disk.calls <= cut
        then(box, cut)
        shutil.rmtree(root)
        if whole:
            return cut
    raise AssertionError(f"more than {_MOST_CALLS} calls")


def _cut_again(box: Box, release: Release, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start once more and lose the power at another place."""
    with Disk(box.root, monkeypatch).until(cut * 7 % 23):
        box.boot(release)


def test_a_beginning_that_is_cut_off_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def then(box: Box, cut: int) -> None:
        _cut_again(box, NEW, cut, monkeypatch)
        assert box.boot(NEW).refusal == ""
        kept = record.kept(box.places)
        assert kept is not None
        assert (kept.origin, kept.target, kept.mark) == (OLD, NEW, 2)
        assert report.trial_open(box.root)
        box.run(NEW, say(2, "meanwhile"))
        box.boot(OLD)
        box.run(OLD)
        assert box.rows("SELECT text, colour FROM entries ORDER BY id") == [("hello", "red"), ("meanwhile", None)]

    assert _every_cut(tmp_path, monkeypatch, _before_the_update, lambda box: box.boot(NEW), then) > 15


def test_a_beginning_that_is_cut_off_leaves_the_old_version_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def then(box: Box, cut: int) -> None:
        del cut
        done = box.boot(OLD)
        assert done.refusal == ""
        assert done.steps[-1] is Step.NOTHING
        box.run(OLD, say(2, "two"))
        assert box.texts() == ["hello", "two"]
        assert not report.trial_open(box.root)
        assert not box.places.before.exists()

    _every_cut(tmp_path, monkeypatch, _before_the_update, lambda box: box.boot(NEW), then)


def _is_back(box: Box) -> None:
    assert box.rows("SELECT text, colour FROM entries ORDER BY id") == [("hello", "red"), ("meanwhile", None)]
    assert box.rows("SELECT device_id FROM identity_devices") == [("phone",)]
    assert (box.places.state / "device.key").read_bytes() == b"k" * 32
    told = box.report()
    assert [(one.table, one.count) for one in told.lost] == [("dreams", 1)]
    assert told.files == ("device.key",)
    assert (Path(told.aside) / "homarus.sqlite").exists()
    assert not report.trial_open(box.root)
    own = record.committed(box.places)
    assert own is not None
    assert own.release == OLD
    box.run(OLD, say(3, "three"))
    assert box.texts() == ["hello", "meanwhile", "three"]


@pytest.mark.parametrize("prepare", [_on_trial, _committed], ids=["from a trial", "after a commit"])
def test_a_return_that_is_cut_off_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Path], Box]
) -> None:
    def then(box: Box, cut: int) -> None:
        _cut_again(box, OLD, cut, monkeypatch)
        assert box.boot(OLD).steps[-1] is Step.NOTHING
        _is_back(box)

    assert _every_cut(tmp_path, monkeypatch, prepare, lambda box: box.boot(OLD), then) > 40


def test_a_return_that_is_cut_off_may_be_finished_by_the_newer_version_which_then_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def then(box: Box, cut: int) -> None:
        del cut
        steps = box.boot(NEW).steps
        assert steps[-1] in (Step.BEGIN, Step.CONTINUE, Step.RESUME), steps
        box.run(NEW)
        assert [text.removeprefix("rewritten: ") for text in box.texts()] == ["hello", "meanwhile"]
        box.boot(OLD)
        box.run(OLD)
        assert box.texts() == ["hello", "meanwhile"]

    _every_cut(tmp_path, monkeypatch, _on_trial, lambda box: box.boot(OLD), then)


def test_a_commit_that_is_cut_off_is_finished_or_still_on_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def then(box: Box, cut: int) -> None:
        del cut
        steps = box.boot(NEW).steps
        if steps == (Step.CONTINUE,):
            assert box.commit(NEW)
        assert box.boot(NEW).steps == (Step.NOTHING,)
        assert record.kept(box.places) is not None
        box.boot(OLD)
        assert box.texts() == ["hello", "meanwhile"]

    assert _every_cut(tmp_path, monkeypatch, _on_trial, lambda box: box.commit(NEW), then) > 4


def test_a_refusal_that_is_cut_off_leaves_the_state_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))

    def then(box: Box, cut: int) -> None:
        _cut_again(box, OLD, cut, monkeypatch)
        assert box.boot(OLD).steps[-1] is Step.NOTHING
        box.run(OLD, say(2, "two"))
        assert box.texts() == ["hello", "two"]
        assert not report.trial_open(box.root)

    _every_cut(tmp_path, monkeypatch, _before_the_update, lambda box: box.boot(NEW), then)
