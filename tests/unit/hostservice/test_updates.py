"""What the gateway may ask root for about updates."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.foundation.clock import SystemClock
from appliance.hostservice import power, reset, updates
from appliance.hostservice.frame import RequestError
from appliance.updates.records.files import Records
from appliance.updates.records.model import Action, Phase, Receipt, Request, Status
from appliance.updates.trial import keepsakes, record
from appliance.updates.trial.commit import KEPT_MS
from appliance.updates.trial.model import Committed, Kept, Release
from appliance.updates.trial.places import Places
from tests.fakes.bus import message_bus
from tests.fakes.rauc import FakeRauc

NOW_MS = 1_795_000_000_000


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "kept", tmp_path / "shown")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(updates, "begin", lambda *arguments: calls.append(arguments))
    return calls


def _there_is() -> None:
    """A way back is there."""


@pytest.fixture
def rauc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRauc]:
    with message_bus(tmp_path) as bus, FakeRauc(booted="B", primary="rootfs.1").on(bus) as double:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        yield double


def test_a_run_is_begun_with_a_note_for_it(records: Records, begun: list[tuple[str, ...]]) -> None:
    answer = updates.start_on(
        records, {"action": "apply", "runId": "run-1", "trigger": "cli", "reboot": False}, _there_is
    )
    assert answer == {"runId": "run-1"}
    assert begun == [("start", "homarus-update@apply.service")]
    assert records.take_request() == Request("run-1", "cli", "", False)
    assert records.take_request() is None


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"action": "auto"},
        {"action": "apply; reboot"},
        {"action": "apply", "runId": "../../etc/x"},
        {"action": "apply", "runId": ""},
        {"action": "apply", "runId": "x" * 65},
        {"action": "apply", "trigger": "root"},
        {"action": "apply", "note": "x" * 1025},
        {"action": "apply", "url": "https://elsewhere.example"},
        {"action": ["apply"]},
    ],
)
def test_anything_else_is_refused_and_nothing_begins(
    records: Records, begun: list[tuple[str, ...]], params: dict[str, Any]
) -> None:
    with pytest.raises(RequestError):
        updates.start_on(records, params, _there_is)
    assert begun == []


@pytest.mark.parametrize("action", ["check", "apply", "rollback"])
@pytest.mark.parametrize("done", [True, False])
def test_a_second_run_waits_for_the_first_one(
    records: Records, begun: list[tuple[str, ...]], action: str, done: bool
) -> None:
    """Also for one that has written nothing yet: the status is of the run before it."""
    records.write_status(Status("run-0", Action.APPLY, Phase.STAGING, NOW_MS, NOW_MS, done=done))
    with (records.shown / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RequestError, match="under way"):
            updates.start_on(records, {"action": action}, _there_is)
        assert records.take_request() is None
    updates.start_on(records, {"action": action}, _there_is)  # the one that held it was killed
    assert len(begun) == 1


def _updated(root: Path, at_ms: int) -> None:
    """Make it a box that was updated from 1.0.0, with the copy of before."""
    places, old, own = Places.on(root), Release("A", "1.0.0"), Release("B", "1.1.0")
    facts = {"board": "nuc", "version": "1.1.0", "build": "", "compatible": "c", "tryboot": False}
    for path, text in (("usr/lib/homarus/box.json", json.dumps(facts)), ("proc/cmdline", "ro rauc.slot=B")):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    record.write_committed(places, Committed(own, at_ms))
    places.before.mkdir()
    (places.before / keepsakes.ARCHIVE).touch()
    (places.before / record.ABOUT).write_bytes(msgspec.json.encode(Kept("0001", old, own, at_ms, False)))


def test_a_way_back_to_nothing_is_refused_before_anything_begins(
    tmp_path: Path, records: Records, begun: list[tuple[str, ...]], rauc: FakeRauc
) -> None:
    now_ms = SystemClock().now_ms()

    def ask() -> None:
        updates.start_on(records, {"action": "rollback"}, partial(updates.expect_way_back, tmp_path))

    with pytest.raises(RequestError, match="no slots"):
        ask()
    _updated(tmp_path, now_ms - KEPT_MS)
    with pytest.raises(RequestError, match=r"1\.0\.0 was replaced over 14 days ago\. ") as refused:
        ask()
    assert refused.value.code == "no_other_slot"
    record.write_committed(Places.on(tmp_path), Committed(Release("B", "1.1.0"), now_ms))
    ask()
    assert begun == [("start", "homarus-update@rollback.service")]
    (Places.on(tmp_path).before / keepsakes.ARCHIVE).unlink()
    with pytest.raises(RequestError, match="is damaged"):
        ask()
    updates.start_on(records, {"action": "check"}, partial(updates.expect_way_back, tmp_path))
    assert len(begun) == 2


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ({"boot_status": "bad"}, "its slot A is empty or damaged"),
        ({"bundle.version": "1.2.0"}, r"1\.2\.0 was installed over it"),
    ],
)
def test_a_slot_that_cannot_be_started_is_refused_before_anything_begins(
    tmp_path: Path,
    records: Records,
    begun: list[tuple[str, ...]],
    rauc: FakeRauc,
    slot: dict[str, str],
    said: str,
) -> None:
    """Where the copy of the state is there, and only what it belongs to is not."""
    _updated(tmp_path, SystemClock().now_ms())
    rauc.other = slot
    with pytest.raises(RequestError, match=said) as refused:
        updates.start_on(records, {"action": "rollback"}, partial(updates.expect_way_back, tmp_path))
    assert refused.value.code == "no_other_slot"
    assert (begun, records.take_request()) == ([], None)


def test_without_rauc_a_way_back_is_refused_in_words(
    tmp_path: Path, records: Records, begun: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    _updated(tmp_path, SystemClock().now_ms())
    with pytest.raises(RequestError, match=r"cannot be found out: .*Restart the box"):
        updates.start_on(records, {"action": "rollback"}, partial(updates.expect_way_back, tmp_path))
    assert begun == []


def test_updates_are_held_back_for_a_time_and_let_go(records: Records) -> None:
    assert updates.hold_on(records, {"days": 2}, NOW_MS) == {"untilMs": NOW_MS + 2 * 86_400_000}
    assert records.hold().until_ms == NOW_MS + 2 * 86_400_000
    assert updates.hold_on(records, {"days": 0}, NOW_MS) == {"untilMs": 0}
    assert records.hold().until_ms == 0


@pytest.mark.parametrize(("days", "right"), [(updates.MAX_HOLD_DAYS, True), (90.5, False), (-1, False)])
def test_nobody_holds_them_back_for_ever(records: Records, days: float, right: bool) -> None:
    if right:
        assert updates.hold_on(records, {"days": days}, NOW_MS)
        return
    with pytest.raises(RequestError):
        updates.hold_on(records, {"days": days}, NOW_MS)


@pytest.mark.parametrize("verb", [power.reboot, power.off, partial(reset.start, name=lambda: "box")])
def test_the_box_is_not_restarted_between_the_writing_of_a_version_and_the_look_at_it(
    tmp_path: Path, verb: Callable[..., object]
) -> None:
    records, begun = Records.on(tmp_path), list[tuple[str, ...]]()
    (tmp_path / "run").mkdir()

    def ask() -> None:
        verb({"name": "box"}, root=tmp_path, begin=lambda *arguments: begun.append(arguments))

    records.write_status(Status("run-0", Action.AUTO, Phase.ACTIVATING, NOW_MS, NOW_MS))
    with (records.shown / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RequestError, match="being installed"):
            ask()
        assert begun == []
        records.write_status(Status("run-0", Action.AUTO, Phase.RESTARTING, NOW_MS, NOW_MS))
        ask()
        records.write_status(Status("run-0", Action.CHECK, Phase.VALIDATING, NOW_MS, NOW_MS))
        ask()
    records.write_status(Status("run-0", Action.APPLY, Phase.STAGING, NOW_MS, NOW_MS))
    ask()  # the one that wrote it was killed
    assert len(begun) == 3


def test_a_run_whose_id_ends_like_another_has_a_receipt_of_its_own(records: Records) -> None:
    for run_id in ("a-1", "1", "a-1"):
        records.write_receipt(Receipt(run_id, Action.APPLY, NOW_MS, "1.0.0"))
    assert sorted(one.run_id for one in records.all_receipts()) == ["1", "a-1"]
