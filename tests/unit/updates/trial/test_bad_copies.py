"""A return whose copy of before cannot be used, and one that cannot be written: only the second one waits."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.storage.backup import copy
from appliance.storage.errors import StorageError
from appliance.updates.trial import keepsakes, report
from appliance.updates.trial.decide import Step
from tests.unit.updates.trial.box import NEW, OLD, Box, say


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box with a nightly copy, whose new version was talked to."""
    box = Box(tmp_path)
    box.boot(OLD)
    box.run(OLD, say(1, "hello"))
    copy(box.places.paths.database, box.places.paths.backups / "homarus-20261101T030000.sqlite")
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    return box


def _bad_block(path: Path) -> None:
    path.unlink()
    path.symlink_to("/proc/self/mem")  # its first page is never mapped: it opens, and reading it is an EIO


@pytest.mark.parametrize(
    ("spoil", "why"), [(_bad_block, "Input/output error"), (Path.unlink, "No such file")], ids=["bad block", "gone"]
)
def test_a_copy_that_cannot_be_read_leaves_the_rebuild_to_the_gateway(
    box: Box, spoil: Callable[[Path], None], why: str
) -> None:
    spoil(box.places.before / "homarus.sqlite")
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert "cannot be used" in box.report().note
    assert why in box.report().note
    box.run(OLD)
    assert box.texts() == ["hello", "two"]


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _cut(path: Path) -> None:
    os.truncate(path, 1550)  # in the content of the first one, after its headers


def _one_bit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"k" * 32, b"k" * 31 + b"j"))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_bad_block, "Input/output error"),
        (Path.unlink, "No such file or directory"),
        (_zeros, "it ends too early"),
        (_cut, "unexpected end of data"),
        (_one_bit, "device.key"),
    ],
)
def test_small_files_that_cannot_be_used_stay_away_and_the_report_says_it(
    tmp_path: Path, spoil: Callable[[Path], None], why: str
) -> None:
    box = Box(tmp_path)
    box.boot(OLD)
    box.run(OLD, say(1, "hello"))
    key = box.places.state / "device.key"
    key.write_bytes(b"k" * 32)
    box.boot(NEW)
    key.write_bytes(b"l" * 32)
    spoil(box.places.before / keepsakes.ARCHIVE)
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert f"cannot be used ({why}" in box.report().note
    assert "those of now stay" in report.text(box.report())
    assert key.read_bytes() == b"l" * 32
    assert box.texts() == ["hello"]


@pytest.mark.parametrize(
    ("number", "fix"),
    [(errno.EDQUOT, "free some space"), (errno.EROFS, "check the disk"), (errno.EIO, "check the disk")],
)
def test_a_disk_that_cannot_be_written_keeps_the_copy_for_the_next_start(
    box: Box, monkeypatch: pytest.MonkeyPatch, number: int, fix: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", fails)
        with pytest.raises(StorageError, match=fix):
            box.boot(OLD)
    assert box.boot(OLD).steps == (Step.FINISH_RETURN, Step.NOTHING)
    assert box.texts() == ["hello", "two"]


def test_too_many_open_files_say_nothing_of_the_copy(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def opened(path: Path, *arguments: str, **more: str) -> object:
        if path == box.places.before / "homarus.sqlite":
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return real(path, *arguments, **more)  # type: ignore[call-overload]  # the words of any call

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        with pytest.raises(StorageError, match="Too many open files"):
            box.boot(OLD)
    assert box.boot(OLD).steps == (Step.FINISH_RETURN, Step.NOTHING)
    assert box.texts() == ["hello", "two"]


def test_without_the_copy_of_before_no_nightly_copy_of_the_newer_version_is_taken(box: Box) -> None:
    copy(box.places.paths.database, box.places.paths.backups / "homarus-20261102T030000.sqlite")
    (box.places.before / "homarus.sqlite").write_bytes(b"no database" * 1000)
    box.boot(OLD)
    assert "cannot be used" in box.report().note
    box.run(OLD, say(3, "three"))
    assert box.texts() == ["hello", "two", "three"]
