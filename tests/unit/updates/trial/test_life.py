"""Whole lives of an update on one small box, with a real database and a real journal."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from appliance.storage.backup import copy
from appliance.storage.errors import SchemaError, StateHeldError, StorageFullError
from appliance.storage.journal import held
from appliance.storage.lock import StateLock
from appliance.updates.errors import UpdateError
from appliance.updates.trial import keepsakes, record, report
from appliance.updates.trial.commit import KEPT_MS, forget_old, request_rollback
from appliance.updates.trial.decide import Step
from appliance.updates.trial.model import TrialState
from appliance.updates.trial.prepare import prepare_state
from tests.unit.updates.trial.box import NEW, OLD, THIRD, Box, pair, say


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box that was set up with the old version and was talked to."""
    box = Box(tmp_path)
    assert box.boot(OLD).steps == (Step.FIRST,)
    box.run(OLD, say(1, "hello", colour="red"), pair("phone"))
    return box


def test_the_second_start_of_a_version_does_nothing(box: Box) -> None:
    assert box.boot(OLD).steps == (Step.NOTHING,)
    assert box.texts() == ["hello"]
    assert not report.trial_open(box.root)


def test_a_version_that_proves_itself_keeps_its_state(box: Box) -> None:
    assert box.boot(NEW).steps == (Step.BEGIN,)
    assert report.trial_open(box.root)
    box.run(NEW, say(2, "from the new one"))
    assert box.boot(NEW).steps == (Step.CONTINUE,)
    assert box.commit(NEW)
    assert not box.commit(NEW)
    assert box.boot(NEW).steps == (Step.NOTHING,)
    assert box.texts() == ["rewritten: hello", "from the new one"]
    assert report.reports(box.root) == ()


def test_a_return_brings_the_old_rows_back_and_what_was_said_meanwhile(box: Box) -> None:
    box.boot(NEW)
    box.run(
        NEW,
        say(2, "during the trial", mood="good"),
        pair("laptop"),
        "DELETE FROM identity_devices WHERE device_id = 'phone'",
        "INSERT INTO dreams (text) VALUES ('sheep'), ('more sheep')",
        "UPDATE entries SET text = text || '!' WHERE id = 1",
    )
    box.boot(NEW)
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    box.run(OLD)
    assert box.rows("SELECT id, text, colour FROM entries ORDER BY id") == [
        (1, "rewritten: hello!", "red"),
        (2, "during the trial", None),
    ]
    assert box.rows("SELECT device_id FROM identity_devices") == [("laptop",)]
    told = box.report()
    assert (told.kind, told.origin, told.target, told.tries) == ("returned", OLD, NEW, 2)
    assert {(one.table, one.column, one.count, one.why) for one in told.lost} == {
        ("dreams", "", 2, "table_unknown"),
        ("entries", "mood", 1, "column_unknown"),
    }
    assert not told.whole
    words = report.text(told)
    assert "2 × entries of a kind that only version 1.1.0 knows (dreams)" in words
    assert "1 × a detail of messages that only version 1.1.0 knows (entries.mood)" in words
    aside = Path(told.aside) / "homarus.sqlite"
    assert aside.exists()
    assert not report.trial_open(box.root)
    assert not box.places.before.exists()
    assert box.boot(OLD).steps == (Step.NOTHING,)


def test_what_the_new_version_made_and_removed_again_is_no_loss(box: Box) -> None:
    box.boot(NEW)
    box.run(NEW, "INSERT INTO dreams (text) VALUES ('sheep')", "DELETE FROM dreams")
    box.boot(OLD)
    assert box.report().whole


def test_the_version_before_goes_on_after_a_return_and_the_update_can_be_tried_again(box: Box) -> None:
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    box.boot(OLD)
    box.run(OLD, say(3, "three"))
    assert box.boot(NEW).steps == (Step.BEGIN,)
    box.run(NEW, say(4, "four"))
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    box.run(OLD, say(5, "five"))
    assert box.texts() == ["hello", "two", "three", "four", "five"]
    assert [one.id for one in report.reports(box.root)] == ["0002", "0001"]


def test_a_rebuild_after_a_return_does_not_start_from_a_copy_of_the_newer_version(box: Box) -> None:
    copies = box.places.paths.backups
    copy(box.places.paths.database, copies / "homarus-20261101T030000.sqlite")
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    copy(box.places.paths.database, copies / "homarus-20261102T030000.sqlite")
    box.boot(OLD)
    assert [path.name for path in copies.glob("homarus-*")] == ["homarus-20261101T030000.sqlite"]
    assert (Path(box.report().aside) / "backups" / "homarus-20261102T030000.sqlite").exists()
    box.places.paths.database.unlink()
    box.run(OLD, say(3, "three"))
    assert box.texts() == ["hello", "two", "three"]


def test_the_owner_can_go_back_by_hand_after_the_commit(box: Box) -> None:
    box.boot(NEW)
    box.commit(NEW)
    box.run(NEW, say(2, "two"), pair("laptop"))
    box.boot(NEW)
    assert request_rollback(box.places, NEW, box.now_ms, note="It is too slow.").origin == OLD
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    box.run(OLD, say(3, "three"))
    assert box.texts() == ["hello", "two", "three"]
    told = box.report()
    assert (told.kind, told.reason) == ("rolled_back", "Somebody asked for it. It is too slow.")
    own = record.committed(box.places)
    assert own is not None
    assert own.release == OLD


def test_a_bootloader_that_gives_a_committed_version_up_brings_its_state_back_too(box: Box) -> None:
    box.boot(NEW)
    box.commit(NEW)
    box.run(NEW, say(2, "two"))
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert box.texts() == ["hello", "two"]
    assert box.report().kind == "returned"


def test_the_copy_goes_after_two_weeks_and_not_a_moment_sooner(box: Box) -> None:
    box.boot(NEW)
    box.commit(NEW)
    box.run(NEW)
    at_ms = box.now_ms
    assert held(box.places.paths.journal, -1) == 2
    assert not forget_old(box.places, at_ms + KEPT_MS - 1)
    assert request_rollback(box.places, NEW, at_ms + KEPT_MS - 1)
    assert forget_old(box.places, at_ms + KEPT_MS)
    assert held(box.places.paths.journal, -1) == -1
    with pytest.raises(UpdateError):
        request_rollback(box.places, NEW, at_ms + KEPT_MS)


def test_a_commit_in_1970_counts_from_the_day_on_which_the_clock_is_right(box: Box) -> None:
    now_ms = box.now_ms
    box.boot(NEW)
    box.now_ms = 30_000
    box.commit(NEW)
    assert not forget_old(box.places, 60_000)
    assert not forget_old(box.places, now_ms)
    assert not forget_old(box.places, now_ms + KEPT_MS - 1)
    assert forget_old(box.places, now_ms + KEPT_MS)


def test_no_rollback_is_offered_while_a_version_is_tried_or_without_a_copy(box: Box) -> None:
    with pytest.raises(UpdateError, match="no copy"):
        request_rollback(box.places, OLD, box.now_ms)
    box.boot(NEW)
    with pytest.raises(UpdateError, match="still being tested"):
        request_rollback(box.places, NEW, box.now_ms)


def test_a_rollback_that_did_not_come_does_not_explain_a_later_return(box: Box) -> None:
    box.boot(NEW)
    box.commit(NEW)
    request_rollback(box.places, NEW, box.now_ms)
    assert box.boot(NEW).steps == (Step.STAY, Step.NOTHING)
    assert not box.places.rollback.exists()
    told = report.text(box.report())
    assert told.startswith("Version 1.0.0 was not started: ")
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert sorted(one.kind for one in report.reports(box.root)) == ["refused", "returned"]


def test_without_room_the_new_version_does_not_start_and_the_old_one_says_why(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(box.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    prepared = box.boot(NEW)
    assert "MiB are missing on the disk" in prepared.refusal
    trial = report.open_trial(box.root)
    assert trial is not None
    assert trial.state is TrialState.REFUSED
    done = box.boot(OLD)
    assert done.steps == (Step.CLOSE_REFUSED, Step.NOTHING)
    assert done.refusal == ""
    assert "was not started: " in report.text(box.report())
    assert box.texts() == ["hello"]
    monkeypatch.undo()
    assert box.boot(NEW).refusal == ""


def test_a_damaged_database_is_left_to_the_version_that_knows_how_to_mend_it(box: Box) -> None:
    database = box.places.paths.database
    content = bytearray(database.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    database.write_bytes(content)
    assert box.boot(NEW).refusal
    assert database.read_bytes() == bytes(content)
    assert box.boot(OLD).steps == (Step.CLOSE_REFUSED, Step.NOTHING)


def test_a_third_version_begins_from_the_state_of_the_committed_one(box: Box) -> None:
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    assert box.boot(THIRD).steps == (Step.RETURN, Step.BEGIN)
    box.run(THIRD, say(3, "three"))
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    box.run(OLD)
    assert box.texts() == ["hello", "two", "three"]


def test_a_trial_whose_record_is_lost_still_has_its_copy(box: Box) -> None:
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    box.places.trial.write_text("{")
    assert box.boot(NEW).steps == (Step.RESUME,)
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert box.texts() == ["hello", "two"]


def test_a_trial_whose_record_cannot_be_read_is_gone_back_from_all_the_same(box: Box) -> None:
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    box.places.trial.write_text("{")
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert box.texts() == ["hello", "two"]
    assert box.boot(OLD).steps == (Step.NOTHING,)


def test_a_pipe_or_a_file_that_a_faulty_version_left_does_not_keep_the_box_from_returning(box: Box) -> None:
    (box.places.state / "gateway.token").write_text("token\n")
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    (box.places.state / "gateway.token").unlink()
    for name in ("gateway.token", "journal/00000000.jsonl", "journal/99999999.jsonl", "backups/homarus-x.sqlite"):
        os.mkfifo(box.places.state / name)
    box.places.aside("0001").write_text("in the way")
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert (box.places.state / "gateway.token").read_text() == "token\n"
    assert box.texts() == ["hello", "two"]


def test_the_key_of_the_box_is_kept_however_much_lies_beside_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepsakes, "_MAX_FILES", 2)
    monkeypatch.setattr(keepsakes, "_MAX_BYTES", 4096)
    state = box.places.state
    (state / "models").mkdir(exist_ok=True)
    (state / "models/a.json").write_bytes(b" " * 4096)
    (state / "revocations.json").write_text("{}")
    (state / "device.key").write_text("key")
    assert keepsakes.pack(state, box.root / "files.tar") == ["device.key"]


def test_a_copy_that_went_bad_leaves_the_rebuild_to_the_gateway(box: Box) -> None:
    copy(box.places.paths.database, box.places.paths.backups / "homarus-20261101T030000.sqlite")
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    (box.places.before / "homarus.sqlite").write_bytes(b"no database" * 1000)
    box.boot(OLD)
    assert "cannot be used" in box.report().note
    box.run(OLD)
    assert box.texts() == ["hello", "two"]


def test_a_disk_that_is_full_at_the_return_is_an_error_with_words_and_the_next_start_goes_on(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.boot(NEW)
    box.run(NEW, say(2, "two"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(StorageFullError, match="free some space"):
            box.boot(OLD)
    assert report.trial_open(box.root)
    assert box.boot(OLD).steps == (Step.FINISH_RETURN, Step.NOTHING)
    assert box.texts() == ["hello", "two"]


def test_a_backup_restored_meanwhile_is_another_history_and_nothing_is_mixed(box: Box) -> None:
    box.boot(NEW)
    box.commit(NEW)
    box.run(NEW, say(2, "two"))
    paths = box.places.paths
    shutil.rmtree(paths.journal)
    paths.journal.mkdir()
    box.run(NEW, say(3, "after the restore"))
    box.boot(OLD)
    box.run(OLD, say(4, "four"))
    assert box.texts() == ["hello", "four"]
    told = box.report()
    assert "A backup was restored after the update" in told.note
    assert (Path(told.aside) / "journal").exists()


def test_a_journal_that_forgot_says_how_much_is_missing(box: Box) -> None:
    box.boot(NEW)
    box.run(NEW, say(2, "two"))
    box.run(NEW, say(3, "three"))
    lines = sorted(box.places.paths.journal.glob("*.jsonl"))[-1]
    content = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join(line for line in content if b'"two"' not in line))
    box.boot(OLD)
    assert box.report().missing == 1
    assert box.texts() == ["hello", "three"]


def test_small_files_stay_as_the_owner_left_them_unless_this_version_cannot_read_them(box: Box) -> None:
    state = box.places.state
    old = {
        "device.key": b"k" * 32,
        "gateway.token": b"old-token\n",
        "homarus.json5": b'{ gateway: { bind: "lan" } }',
        "revocations.json": b'{"serial":1}',
        "models/models.lock.json": b'{"format":1,"models":{}}',
    }
    for name, content in old.items():
        (state / name).parent.mkdir(exist_ok=True)
        (state / name).write_bytes(content)
    box.boot(NEW)
    box.run(NEW)
    (state / "device.key").write_bytes(b"another key")
    (state / "gateway.token").write_bytes(b"the owner changed it\n")
    (state / "homarus.json5").write_bytes(b'{ gateway: { bind: "loopback" } }')
    (state / "revocations.json").write_bytes(b'{"serial":2,"devices":{"x":{}}}')
    (state / "models/models.lock.json").unlink()
    box.boot(OLD)
    assert (state / "device.key").read_bytes() == old["device.key"]
    assert (state / "gateway.token").read_bytes() == b"the owner changed it\n"
    assert b"loopback" in (state / "homarus.json5").read_bytes()
    assert json.loads((state / "revocations.json").read_bytes())["serial"] == 2
    assert not (state / "models/models.lock.json").exists()
    assert box.report().files == ("device.key",)


def test_a_configuration_that_only_the_newer_version_understands_comes_back_as_it_was(box: Box) -> None:
    config = box.places.state / "homarus.json5"
    config.write_bytes(b'{ gateway: { bind: "lan" } }')
    box.boot(NEW)
    config.write_bytes(b'{ gateway: { bind: { from: "the future" } } }')
    box.boot(OLD)
    assert config.read_bytes() == b'{ gateway: { bind: "lan" } }'
    assert (Path(box.report().aside) / "homarus.json5").read_bytes().startswith(b"{ gateway: { bind: {")


def test_what_was_set_aside_goes_after_two_weeks(box: Box) -> None:
    box.boot(NEW)
    box.boot(OLD)
    aside = Path(box.report().aside)
    set_at_ms = aside.stat().st_mtime_ns // 1_000_000
    for now_ms, there in ((set_at_ms + KEPT_MS, True), (set_at_ms + KEPT_MS + 1, False)):
        prepare_state(box.places, OLD, now_ms)
        assert aside.exists() is there


def test_a_gateway_that_runs_keeps_the_state_to_itself(box: Box) -> None:
    lock = StateLock.acquire(box.places.paths.lock, now_ms=0)
    try:
        with pytest.raises(StateHeldError):
            box.boot(NEW)
    finally:
        lock.release()


def test_the_old_version_alone_would_have_refused_the_database_of_the_new_one(box: Box) -> None:
    """What all of this is for."""
    box.run(NEW)
    with pytest.raises(SchemaError):
        box.run(OLD)
