"""The actions as systemd starts them, on a file system that is a box, or is none."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from appliance.host.running.systemctl import GATEWAY
from appliance.updates.__main__ import ACTIONS, main
from appliance.updates.gate.command import _failed_units, _prepare_again, _secrets, act, booted_release
from appliance.updates.trial import record
from appliance.updates.trial.model import Committed, Release, Rollback
from appliance.updates.trial.places import Places


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("proc", "usr/lib/homarus", "var/lib/homarus", "data/system", "run"):
        (tmp_path / name).mkdir(parents=True)
    facts = {"board": "nuc", "version": "1.0.0", "build": "abc", "compatible": "homarus-nuc", "tryboot": False}
    (tmp_path / "usr/lib/homarus/box.json").write_text(json.dumps(facts))
    (tmp_path / "proc/cmdline").write_text("ro rauc.slot=A quiet")
    return tmp_path


def test_the_version_that_runs_is_that_of_the_image_in_its_slot(root: Path) -> None:
    assert booted_release(root) == Release("A", "1.0.0", "abc")


@pytest.mark.parametrize("gone", ["usr/lib/homarus/box.json", "proc/cmdline"])
@pytest.mark.parametrize("action", ["prepare-state", "gate", "deadline"])
def test_a_machine_without_slots_has_nothing_to_do(root: Path, gone: str, action: str) -> None:
    (root / gone).unlink()
    assert act(action, root) == 0
    assert list((root / "data/system").iterdir()) == []


@pytest.mark.parametrize("action", ["dead-line", "", "check"])
def test_a_word_that_is_no_action_gives_no_version_up(root: Path, action: str) -> None:
    with pytest.raises(ValueError, match="no action"):
        act(action, root)


def test_the_first_start_of_a_box_writes_down_what_it_runs(root: Path) -> None:
    assert act("prepare-state", root) == 0
    own = record.committed(Places.on(root))
    assert own is not None
    assert own.release == Release("A", "1.0.0", "abc")


def test_a_version_without_a_copy_of_the_state_fails_before_the_gateway(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act("prepare-state", root)
    (root / "proc/cmdline").write_text("ro rauc.slot=B quiet")
    monkeypatch.setattr("appliance.updates.trial.copying.room_missing", lambda _: 1)
    assert act("prepare-state", root) == 1
    problem = root / "run/homarus-state/problem.json"
    assert "free some space" in json.loads(problem.read_text())["message"]
    assert problem.stat().st_mode & 0o777 == 0o644
    monkeypatch.undo()
    assert act("prepare-state", root) == 0
    assert not problem.exists()


def test_a_state_that_could_not_be_prepared_is_tried_more_and_more_seldom() -> None:
    pauses: list[float] = []
    started: list[tuple[str, ...]] = []

    def start(*units: str) -> bool:
        started.append(units)
        return len(started) > 6

    assert _prepare_again(pauses.append, start) == 0
    assert pauses == [60, 120, 240, 480, 900, 900, 900]
    assert started == [("homarus-state.service",)] * 7 + [("homarus-gateway.service", "homarus-gate.service")]


def test_a_state_that_is_not_there_is_an_error_with_words(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (root / "var/lib/homarus").rmdir()
    assert act("prepare-state", root) == 1
    assert "var/lib/homarus" in caplog.text
    assert "var/lib/homarus" in (root / "run/homarus-state/problem.json").read_text()


def test_the_deadline_does_nothing_where_nothing_is_tried(root: Path) -> None:
    act("prepare-state", root)
    assert act("deadline", root) == 0


def test_the_deadline_does_not_fail_where_nobody_can_read_whether_a_version_is_tried(root: Path) -> None:
    """To fail restarts the box: its own version with a bad block there would never stay up."""
    act("prepare-state", root)
    shutil.rmtree(root / "data/system/updates")
    (root / "data/system/updates").write_text("no folder")
    assert act("deadline", root) == 0


def test_an_unknown_action_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["format-everything"]) == 64
    assert main([]) == 64
    told = capsys.readouterr().err
    assert all(name in told for name in ACTIONS)


def test_a_pipe_in_the_place_of_the_token_does_not_keep_a_version_from_being_given_up(tmp_path: Path) -> None:
    places = Places.on(tmp_path)
    places.state.mkdir(parents=True)
    os.mkfifo(places.paths.token)
    assert _secrets(places) == []
    places.paths.token.unlink()
    places.paths.token.write_text("of the gateway\n")
    assert _secrets(places) == ["of the gateway"]


def test_a_start_is_told_from_another_by_the_id_that_the_kernel_gave_it(root: Path) -> None:
    """`deadline` could not restart the box: its state is prepared again, and that is no further start."""
    act("prepare-state", root)
    places, own = Places.on(root), Release("A", "1.0.0", "abc")
    record.write_rollback(places, Rollback(Release("B", "0.9.0"), own))
    record.write_committed(places, Committed(Release("B", "0.9.0"), 0))
    boot_id = root / "proc/sys/kernel/random/boot_id"
    boot_id.parent.mkdir(parents=True)
    for boot, tries in (("one", 1), ("one", 1), ("two", 2)):
        boot_id.write_text(f"{boot}\n")
        assert act("prepare-state", root) == 1
        found = record.rollback(places)
        assert found is not None
        assert (found.tries, found.boot) == (tries, boot)


@pytest.mark.parametrize(
    ("script", "units"),
    [
        ("echo 'Failed to connect to bus: Host is down' >&2; exit 1", []),
        (
            "printf 'a.service loaded failed failed A\\n\\nb.service loaded failed failed B\\n'",
            ["a.service", "b.service"],
        ),
        ("echo a.service loaded failed failed A; exit 1", ["a.service"]),
    ],
)
def test_a_systemctl_that_fails_is_no_service_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, units: list[str]
) -> None:
    _systemctl(tmp_path, monkeypatch, script, gateway="active")
    assert _failed_units() == units


def test_a_gateway_in_the_middle_of_its_next_try_is_one_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _systemctl(tmp_path, monkeypatch, "true", gateway="activating")
    assert _failed_units() == [GATEWAY]


def _systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, gateway: str) -> None:
    """Put a systemctl in place that lists units by `script` and says how the gateway is."""
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\nif [ "$1" = is-active ]; then echo {gateway}; exit; fi\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
