"""What root does about updates, from the channel to the restart, with RAUC as a double on a real bus."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.updates.records.model import Action, Fault, Hold, Phase, Receipt, Request, Result
from appliance.updates.trial import record
from appliance.updates.trial.model import Release as Tried
from appliance.updates.trial.model import Report, Trial, TrialState
from tests.fakes.update_channel import COMPATIBLE, DAY_MS, NOW_MS, Maker, moment, release
from tests.fakes.update_site import TestBox, write

HOUR_S = 3600


def code(here: TestBox) -> str:
    status = here.records.status()
    assert status is not None
    assert status.done
    assert status.fault is not None
    assert status.fault.fix
    return status.fault.code


def receipt(here: TestBox) -> Receipt:
    return here.records.all_receipts()[0]


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


def test_apply_without_restart_leaves_that_to_the_next_window(here: TestBox) -> None:
    here.records.write_request(Request("run-1", "cli", reboot=False))
    here.service().run(Action.APPLY)
    assert here.reboots == 0
    here.configure(window="03:00-04:00")
    here.service().run(Action.AUTO)
    assert here.reboots == 0
    here.configure()
    here.service().run(Action.AUTO)
    assert here.reboots == 1
    assert len(here.rauc.installed) == 1


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


def test_a_manifest_of_a_stranger_is_refused_and_the_last_good_one_still_counts(here: TestBox) -> None:
    here.service().run(Action.CHECK)
    here.site.publish(Maker(), sequence=9, releases={COMPATIBLE: release("9.0.0")})
    assert not here.service().run(Action.CHECK)
    assert code(here) == "manifest_signature"
    known = here.records.channel()
    assert known.offered is not None
    assert (known.offered.version, known.sequences) == ("1.1.0", {"stable": 7})
    assert known.fault is not None


def test_an_older_manifest_is_refused_also_after_a_restart(here: TestBox) -> None:
    here.service().run(Action.CHECK)
    here.site.publish(here.maker, sequence=6)
    assert not here.service().run(Action.CHECK)
    assert code(here) == "manifest_replayed"


def test_each_channel_counts_for_itself(here: TestBox) -> None:
    here.service().run(Action.CHECK)
    here.configure(channel="beta")
    here.site.publish(here.maker, "beta", sequence=2)
    assert here.service().run(Action.CHECK)
    assert here.records.channel().sequences == {"stable": 7, "beta": 2}


def test_a_manifest_that_changed_between_it_and_its_signature_is_fetched_again(here: TestBox) -> None:
    content, signature = here.maker.manifest(sequence=8)
    old, turns = here.site.files["/stable.json"], iter([0])

    class Files(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            if key == "/stable.json" and next(turns, None) is not None:
                return old
            return {"/stable.json": content, "/stable.json.sig": signature}.get(key, default)

    here.site.files = Files()
    assert here.service().run(Action.CHECK)
    assert here.records.channel().sequences == {"stable": 8}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/stable.json": 500}, "network"),
        ({"/stable.json.sig": 404}, "network"),
        ({"/stable.json": "ftp://127.0.0.1/x"}, "network"),
        ({"/stable.json": "/stable.json"}, "network"),
        ({"/stable.json": b"x" * 300_000}, "network"),
        ({"/stable.json": b"{}"}, "manifest_signature"),
    ],
)
def test_a_server_that_misbehaves_is_a_typed_error(here: TestBox, files: dict[str, Any], expected: str) -> None:
    here.site.files |= files
    assert not here.service().run(Action.CHECK)
    assert code(here) == expected


def test_a_server_that_is_not_there_is_a_typed_error(here: TestBox) -> None:
    here.configure(url="http://127.0.0.1:9")
    assert not here.service().run(Action.CHECK)
    assert code(here) == "network"


def test_a_box_that_is_offline_never_dials(here: TestBox) -> None:
    here.configure(offline=True)
    assert not here.service().run(Action.CHECK)
    assert code(here) == "offline"
    assert here.service().run(Action.AUTO)
    assert here.site.asked == []


def test_a_release_box_wants_https(here: TestBox) -> None:
    about = json.loads((here.root / "usr/lib/homarus/box.json").read_text())
    write(here.root, "usr/lib/homarus/box.json", json.dumps({**about, "keys": "release"}))
    assert not here.service().run(Action.CHECK)
    assert code(here) == "insecure_url"
    assert here.site.asked == []


def test_without_an_address_the_image_names_one_or_nothing_happens(here: TestBox) -> None:
    here.configure(url=None)
    assert not here.service().run(Action.CHECK)
    assert code(here) == "no_source"
    write(here.root, "usr/lib/homarus/keys/channel.url", f"{here.site.url}\n")
    assert here.service().run(Action.CHECK)


@pytest.mark.parametrize("text", ["{", '{"updates": {"window": "always"}}', '{"updates": 1}', "\x00"])
def test_a_configuration_that_is_refused_installs_nothing(here: TestBox, text: str) -> None:
    write(here.root, "var/lib/homarus/homarus.json5", text)
    assert not here.service().run(Action.APPLY)
    assert code(here) == "config_refused"


def test_what_else_is_wrong_in_the_configuration_does_not_stop_updates(here: TestBox) -> None:
    text = json.dumps({"gateway": {"port": "x", "auth": {"token": {"file": "/dev/zero"}}}, "updates": {}})
    write(here.root, "var/lib/homarus/homarus.json5", text)
    write(here.root, "usr/lib/homarus/keys/channel.url", here.site.url)
    assert here.service().run(Action.CHECK)


def test_the_timer_installs_in_the_window_only(here: TestBox) -> None:
    here.configure(window="18:00-20:00")  # it is 11:06
    here.service().run(Action.AUTO)
    assert here.rauc.installed == []
    known = here.records.channel()
    assert known.offered is not None
    assert known.offered.why == "window"
    here.clock.jump(8 * HOUR_S)
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == 1
    assert here.reboots == 1
    assert receipt(here).trigger == "campaign"


def test_the_timer_does_not_ask_the_server_every_hour(here: TestBox) -> None:
    here.configure(auto=False)
    for _ in range(7):
        here.service().run(Action.AUTO)
        here.clock.jump(HOUR_S)
    assert here.site.asked.count("/stable.json") == 2


def test_the_timer_asks_again_after_an_hour_when_it_failed(here: TestBox) -> None:
    here.site.files["/stable.json"] = 503
    here.service().run(Action.AUTO)
    here.service().run(Action.AUTO)
    assert len(here.site.asked) == 1
    here.clock.jump(HOUR_S)
    here.service().run(Action.AUTO)
    assert len(here.site.asked) == 2


def test_the_timer_restarts_in_the_window_only_when_the_installation_took_longer(here: TestBox) -> None:
    here.configure(window="11:00-11:30")
    service = here.service()
    object.__setattr__(service, "sleep", lambda _: here.clock.advance(25 * 60))
    service.run(Action.AUTO)
    assert receipt(here).result is Result.INSTALLED
    assert here.reboots == 0


@pytest.mark.parametrize(("said", "tries"), [("signature verification failed", 1), ("Couldn't connect to server", 3)])
def test_the_timer_tries_a_version_a_few_times_a_day(here: TestBox, said: str, tries: int) -> None:
    here.rauc.failures = [said] * 10
    for _ in range(10):
        here.service().run(Action.AUTO)
        here.clock.jump(HOUR_S)
    assert len(here.rauc.installed) == tries
    here.clock.jump(24 * HOUR_S)
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == tries + 1


def test_nothing_is_installed_while_a_trial_runs(here: TestBox) -> None:
    places = here.service().machine.places
    trial = Trial("0001", TrialState.RUNNING, Tried("A", "0.9.0"), Tried("B", "1.0.0"), NOW_MS)
    places.state.mkdir(parents=True, exist_ok=True)
    record.write_trial(places, trial)
    assert not here.service().run(Action.APPLY)
    assert code(here) == "trial_running"
    here.service().run(Action.AUTO)
    assert here.rauc.installed == []


@pytest.mark.parametrize("kind", ["returned", "refused", "rolled_back"])
def test_a_version_that_came_back_is_only_tried_when_the_owner_asks(here: TestBox, kind: str) -> None:
    places = here.service().machine.places
    places.state.mkdir(parents=True, exist_ok=True)
    told = Report("0001", kind, Tried("A", "1.0.0"), Tried("B", "1.1.0"), NOW_MS, "The gateway did not start.")
    record.write_report(places, told)
    here.service().run(Action.AUTO)
    assert here.rauc.installed == []
    here.service().run(Action.APPLY)
    assert len(here.rauc.installed) == 1


def test_a_hold_of_the_owner_is_kept(here: TestBox) -> None:
    here.records.write_hold(Hold(NOW_MS + DAY_MS))
    here.service().run(Action.AUTO)
    known = here.records.channel()
    assert known.offered is not None
    assert (known.offered.why, known.offered.until_ms) == ("held", NOW_MS + DAY_MS)
    here.clock.jump(25 * HOUR_S)
    here.site.publish(here.maker, expires=moment(NOW_MS + 40 * DAY_MS))
    here.service().run(Action.AUTO)
    assert len(here.rauc.installed) == 1


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


def test_rollback_starts_the_earlier_version_next_and_leaves_a_mark_for_the_state(here: TestBox) -> None:
    here.rauc.other = {"bundle.version": "0.9.0", "bundle.hash": "d" * 64}
    (here.root / "data/system/updates").mkdir(parents=True)
    assert here.service().run(Action.ROLLBACK)
    assert here.rauc.marks == [("active", "rootfs.1")]
    assert here.service().machine.places.request.exists()
    assert (receipt(here).result, receipt(here).target) == (Result.LEAVING, "0.9.0")
    assert here.reboots == 1


def test_rollback_without_an_earlier_version_is_refused(here: TestBox) -> None:
    assert not here.service().run(Action.ROLLBACK)
    assert code(here) == "no_other_slot"
    assert not here.service().machine.places.request.exists()
    assert here.reboots == 0


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


def test_a_machine_without_our_image_says_what_it_is(here: TestBox) -> None:
    (here.root / "usr/lib/homarus/box.json").unlink()
    assert not here.service().run(Action.CHECK)
    assert code(here) == "no_box"


def test_receipts_are_bounded(here: TestBox) -> None:
    for number in range(55):
        here.records.write_receipt(Receipt(f"r{number}", Action.APPLY, NOW_MS + number, "1.0.0"))
    kept = here.records.all_receipts()
    assert (len(kept), kept[0].run_id, kept[-1].run_id) == (50, "r54", "r5")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sequences": 1}', "\xff"])
def test_a_record_that_cannot_be_read_is_not_there(here: TestBox, text: str) -> None:
    here.service().run(Action.CHECK)
    (here.root / "data/system/updates/channel.json").write_text(text)
    assert here.records.channel().sequences == {}
    assert here.service().run(Action.CHECK)
