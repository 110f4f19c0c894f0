"""What root installs and goes back to, from the request to the restart, with RAUC as a double on a real bus."""

from __future__ import annotations

import contextlib
import json

import pytest

from appliance.host.rauc import Rauc
from appliance.updates.records.model import Action, Fault, Phase, Receipt, Request, Result
from appliance.updates.trial import record
from appliance.updates.trial.model import Release as Tried
from appliance.updates.trial.model import Trial, TrialState
from tests.fakes.update_channel import COMPATIBLE, NOW_MS, release
from tests.fakes.update_site import TestBox, write
from tests.unit.updates.install.told import code, receipt

HOUR_S = 3600


def test_a_check_says_what_the_channel_has_and_changes_nothing(here: TestBox) -> None:
    assert here.service().run(Action.CHECK)
    known = here.records.channel()
    assert known.offered is not None
    assert (known.offered.version, known.offered.why, known.offered.notes.of("de")) == ("1.1.0", "", "Besser.")
    assert (known.sequences, known.good_ms, known.fault) == ({"stable": 7}, NOW_MS, None)
    assert here.rauc.installed == []
    assert here.records.all_receipts() == []


def test_apply_installs_what_is_offered_and_restarts(here: TestBox) -> None:
    here.records.write_request(Request("run-1", "control-ui", note="please"))
    assert here.service().run(Action.APPLY)
    assert here.rauc.installed == [f"{here.site.url}/box-1.1.0.raucb"]
    assert here.rauc.marks == [("active", "rootfs.1")]
    assert here.reboots == 1
    done = receipt(here)
    assert (done.run_id, done.trigger, done.note) == ("run-1", "control-ui", "please")
    assert (done.result, done.origin, done.target, done.retried) == (Result.INSTALLED, "1.0.0", "1.1.0", False)
    status = here.records.status()
    assert status is not None
    assert (status.phase, status.percent, status.done) == (Phase.RESTARTING, 100, False)


def test_progress_is_there_for_everybody_to_read_while_it_goes_on(here: TestBox) -> None:
    seen: list[tuple[str, int, str]] = []
    here.rauc.steps = 6
    service = here.service()

    def look(_: float) -> None:
        status = here.records.status()
        assert status is not None
        seen.append((status.phase, status.percent, status.message))

    object.__setattr__(service, "sleep", look)
    service.run(Action.APPLY)
    assert {phase for phase, _, _ in seen} == {"staging"}
    assert [percent for _, percent, _ in seen] == sorted(percent for _, percent, _ in seen)
    assert seen[-1][2] == "Copying image to rootfs.1"
    assert here.records.status_file.stat().st_mode & 0o777 == 0o644


def test_apply_without_anything_new_says_so(here: TestBox) -> None:
    here.site.publish(here.maker, releases={COMPATIBLE: release("1.0.0")})
    assert here.service().run(Action.APPLY)
    status = here.records.status()
    assert status is not None
    assert "1.0.0 is the newest version" in status.message
    assert here.records.all_receipts() == []


def test_the_error_of_the_device_mapper_is_tried_again_once(here: TestBox) -> None:
    here.rauc.failures = ["Failed to load dm table: Argument list too long, check DM_VERITY"]
    assert here.service().run(Action.APPLY)
    assert len(here.rauc.installed) == 2
    assert receipt(here).retried
    assert here.reboots == 1


def test_a_second_error_of_the_device_mapper_is_the_end(here: TestBox) -> None:
    here.rauc.failures = ["Failed to load dm table: Argument list too long"] * 2
    assert not here.service().run(Action.APPLY)
    assert len(here.rauc.installed) == 2
    assert code(here) == "device_mapper"
    assert here.reboots == 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("signature verification failed: Verify error: self-signed certificate", "signature_refused"),
        ("signature verification failed: Verify error: unable to get local issuer certificate", "signature_refused"),
        ("Invalid bundle format: Signature size (60036918330755346) exceeds bundle size", "wrong_bundle"),
        ("Failed to stream bundle http://x: failed to configure streaming: server not responding", "network"),
        ("Failed to stream bundle http://x: not found: unexpected HTTP error code 404", "network"),
        ("Bundle format 'plain' not allowed", "signature_refused"),
        ("Compatible mismatch: Expected 'a' but bundle manifest has 'b'", "wrong_compatible"),
        ("Failed to update slots: Failed updating slot rootfs.1: No space left on device", "no_space"),
        ("failed to configure streaming: HTTP response code said error", "network"),
        ("Failed to stream bundle http://x: Couldn't connect to server", "network"),
        ("Failed updating slot: Input/output error", "io_error"),
        ("Failed marking slot rootfs.1 bootable: Failed to run custom backend '/usr/lib/x'", "boot_loader"),
        ("something new", "update_failed"),
    ],
)
def test_a_failure_of_rauc_has_a_code_a_fix_and_a_receipt(here: TestBox, said: str, expected: str) -> None:
    here.rauc.failures = [said]
    assert not here.service().run(Action.APPLY)
    assert code(here) == expected
    done = receipt(here)
    assert done.result is Result.FAILED
    assert done.fault is not None
    assert (done.fault.code, done.target) == (expected, "1.1.0")
    assert here.reboots == 0


def test_an_unsigned_bundle_is_refused_before_anything_is_written(here: TestBox) -> None:
    here.rauc.refuses = ["signature size (0) exceeds max size"]
    assert not here.service().run(Action.APPLY)
    assert code(here) == "signature_refused"
    assert here.rauc.installed == []


@pytest.mark.parametrize(
    ("bundle", "expected"),
    [
        ({"version": "0.9.0"}, "wrong_bundle"),
        ({"hash": "c" * 64}, "wrong_bundle"),
        ({"compatible": "homarus-other"}, "wrong_compatible"),
    ],
)
def test_another_bundle_than_the_channel_names_is_not_installed(
    here: TestBox, bundle: dict[str, str], expected: str
) -> None:
    here.rauc.bundle |= bundle
    assert not here.service().run(Action.APPLY)
    assert code(here) == expected
    assert here.rauc.installed == []


@pytest.mark.parametrize("switched", [{"installs_version": "0.9.0"}, {"installs_hash": "c" * 64}])
def test_a_server_that_shows_one_bundle_and_sends_another_gains_nothing(
    here: TestBox, switched: dict[str, str]
) -> None:
    for name, value in switched.items():
        setattr(here.rauc, name, value)
    assert not here.service().run(Action.APPLY)
    assert code(here) == "wrong_bundle"
    assert here.rauc.marks == [("active", "rootfs.0"), ("bad", "rootfs.1")]
    assert here.rauc.primary == "rootfs.0"
    assert here.reboots == 0


def test_an_installation_that_hangs_is_given_up(here: TestBox) -> None:
    here.rauc.steps = 10**6
    service = here.service()
    object.__setattr__(service, "sleep", lambda _: here.clock.advance(HOUR_S))
    assert not service.run(Action.APPLY)
    assert code(here) == "update_failed"
    assert here.reboots == 0


@pytest.mark.parametrize("end", ["silence", "kill"])
def test_what_rauc_writes_after_the_updater_is_gone_never_starts(here: TestBox, end: str) -> None:
    """Nobody looked at it: signed it is, but it may be an older version than the channel names."""
    here.rauc.steps, here.rauc.installs_version = 10**6, "0.9.0"
    service = here.service()

    def pause(_: float) -> None:
        if end == "kill":
            raise KeyboardInterrupt
        here.clock.advance(HOUR_S)

    object.__setattr__(service, "sleep", pause)
    with contextlib.suppress(KeyboardInterrupt):
        service.run(Action.APPLY)
    here.rauc.hurry()
    rauc = Rauc()
    assert rauc.operation == "idle"
    assert here.rauc.other["bundle.version"] == "0.9.0"
    assert (rauc.primary(), here.rauc.marks, here.reboots) == ("rootfs.0", [], 0)


def test_a_boot_loader_that_does_not_take_the_new_slot_keeps_the_old_one(here: TestBox) -> None:
    here.rauc.refuses_marks = ["Failed marking slot rootfs.1 as active: Failed to run custom backend '/usr/lib/x'"]
    assert not here.service().run(Action.APPLY)
    assert code(here) == "boot_loader"
    assert here.rauc.marks == [("active", "rootfs.0"), ("bad", "rootfs.1")]
    assert here.reboots == 0


def test_nothing_is_installed_while_a_trial_runs(here: TestBox) -> None:
    places = here.service().machine.places
    trial = Trial("0001", TrialState.RUNNING, Tried("A", "0.9.0"), Tried("B", "1.0.0"), NOW_MS)
    places.state.mkdir(parents=True, exist_ok=True)
    record.write_trial(places, trial)
    assert not here.service().run(Action.APPLY)
    assert code(here) == "trial_running"
    here.service().run(Action.AUTO)
    assert here.rauc.installed == []


def test_a_paused_version_is_not_installed_when_asked_and_the_reason_is_told(here: TestBox) -> None:
    rollout = {"paused": True, "reason": "Two boxes came back."}
    here.site.publish(here.maker, releases={COMPATIBLE: release(rollout=rollout)})
    assert not here.service().run(Action.APPLY)
    status = here.records.status()
    assert status is not None
    assert status.fault is not None
    assert (status.fault.code, status.fault.message) == (
        "paused",
        "The makers paused this version: Two boxes came back.",
    )


def test_a_run_that_a_power_cut_ended_is_closed_by_the_next(here: TestBox) -> None:
    here.records.write_receipt(Receipt("cut", Action.APPLY, NOW_MS, "1.0.0", target="1.1.0"))
    here.service().run(Action.CHECK)
    done = receipt(here)
    assert done.result is Result.FAILED
    assert isinstance(done.fault, Fault)
    assert done.fault.code == "interrupted"


def test_two_runs_do_not_meet(here: TestBox) -> None:
    first = here.service()
    with first._alone() as alone:
        assert alone
        assert not here.service().run(Action.CHECK)
    assert here.site.asked == []


def test_the_request_of_a_run_that_met_another_is_not_done_later(here: TestBox) -> None:
    request = Request("run-1", "cli", note="go back")
    here.records.write_request(request)
    with here.service()._alone():
        assert not here.service().run(Action.AUTO)
        assert here.records.take_request() == request, "the timer takes nothing that was meant for another"
        here.records.write_request(request)
        assert not here.service().run(Action.ROLLBACK)
    assert here.records.take_request() is None


def test_a_machine_without_our_image_says_what_it_is(here: TestBox) -> None:
    (here.root / "usr/lib/homarus/box.json").unlink()
    assert not here.service().run(Action.CHECK)
    assert code(here) == "no_box"


def test_receipts_are_bounded(here: TestBox) -> None:
    for number in range(55):
        here.records.write_receipt(Receipt(f"r{number}", Action.APPLY, NOW_MS + number, "1.0.0"))
    kept = here.records.all_receipts()
    assert (len(kept), kept[0].run_id, kept[-1].run_id) == (50, "r54", "r5")


@pytest.mark.parametrize("tryboot", [True, False])
def test_a_pi_that_could_not_come_back_fetches_nothing(here: TestBox, tryboot: bool) -> None:
    about = json.loads((here.root / "usr/lib/homarus/box.json").read_text())
    write(here.root, "usr/lib/homarus/box.json", json.dumps({**about, "layout": "pi", "tryboot": tryboot}))
    assert not here.service().run(Action.APPLY)
    assert code(here) == "no_way_back"
    assert here.rauc.installed == []
    firmware = here.root / "proc/device-tree/chosen/bootloader"
    firmware.mkdir(parents=True)
    (firmware / "tryboot").write_bytes(bytes(4))
    (firmware / "build-timestamp").write_bytes((1_700_000_000).to_bytes(4, "big"))
    trial = here.service().run(Action.APPLY)
    assert trial is tryboot, "a stand-in kernel starts nothing on trial, whatever its firmware says"
