"""`homarus update`: what it asks, shows and returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from appliance.cli.commands import update
from appliance.cli.exits import Exit
from appliance.cli.session import CliSession, session_from
from appliance.cli.updates import ask, text
from appliance.cli.updates.follow import NotBegun, follow
from appliance.client.errors import ConnectionLost, GatewayAway
from appliance.updates.records.model import Action, ChannelState, Phase, Status
from tests.fakes.clock import FakeClock
from tests.fakes.update_channel import NOW_MS
from tests.unit.daemon.updating.test_desk import OFFERED, Here


class FakeBox:
    """Answers with one status after the other; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    def status(self) -> Mapping[str, Any]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def start(self, action: str, *, note: str, reboot: bool) -> str:
        self.asked.append((action, note, reboot))
        return "run-1"

    def hold(self, days: float) -> int:
        self.asked.append(days)
        return NOW_MS if days else 0


BOX: dict[str, Any] = {
    "box": True,
    "version": "1.0.0",
    "board": "nuc",
    "channel": "stable",
    "auto": True,
    "window": "02:00-05:00",
    "checkedMs": NOW_MS,
}


def at(phase: str, percent: int = 0, *, done: bool = False, run: str = "run-1", **facts: Any) -> dict[str, Any]:
    progress = {"runId": run, "phase": phase, "percent": percent, "message": "", "done": done, **facts}
    return {**BOX, "progress": progress}


def run(box: FakeBox, monkeypatch: pytest.MonkeyPatch, *arguments: str, as_json: bool = False) -> Any:
    monkeypatch.setattr(update, "box_of", lambda cli: (box, box.status()))
    monkeypatch.setattr(update, "SystemClock", FakeClock)
    monkeypatch.setattr(update.time, "sleep", lambda _: None)
    session = session_from({}, url=None, token=None, password=None, as_json=as_json)
    return CliRunner().invoke(update.command, arguments, obj=session, standalone_mode=False)


def test_apply_shows_progress_and_ends_where_the_box_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = {**at("restarting", 100, version="1.1.0"), "waitsForRestart": "1.1.0"}
    box = FakeBox(BOX, at("validating"), at("staging", 40, version="1.1.0"), at("staging", 40, version="1.1.0"), waits)
    done = run(box, monkeypatch, "apply", "--yes", "--note", "please")
    assert done.return_value == Exit.OK
    assert done.stderr.splitlines() == ["looks at the bundle", "installs 1.1.0: 40 %", "waits for the restart 1.1.0"]
    assert "The box restarts with 1.1.0" in done.stdout
    assert box.asked == [("apply", "please", True)]


def test_apply_without_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = {**at("restarting", version="1.1.0"), "waitsForRestart": "1.1.0"}
    done = run(FakeBox(BOX, waits), monkeypatch, "apply", "--no-restart")
    assert done.return_value == Exit.OK
    assert "starts with the next restart" in done.stdout


def test_a_failure_is_a_sentence_with_its_fix_and_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = {"code": "network", "message": "The server is away.", "fix": "Wait."}
    failed = at("finished", done=True, fault=fault)
    done = run(FakeBox(BOX, failed), monkeypatch, "apply", "--yes")
    assert (done.return_value, done.stdout) == (Exit.FAILED, "The server is away.\nWait.\n")
    as_json = run(FakeBox(BOX, failed), monkeypatch, "check", as_json=True)
    assert as_json.return_value == Exit.FAILED
    assert json.loads(as_json.stdout)["progress"]["fault"] == fault
    assert as_json.stderr == ""


def test_nothing_new_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = at("finished", done=True, message="ignored")
    newest["progress"]["message"] = "1.0.0 is the newest version of channel stable."
    done = run(FakeBox(BOX, newest), monkeypatch, "apply", "--yes")
    assert done.stdout == "1.0.0 is the newest version of channel stable.\n"


def test_who_cannot_be_asked_has_to_say_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    for action in ("apply", "rollback"):
        box = FakeBox(BOX)
        assert isinstance(run(box, monkeypatch, action).exception, click.UsageError)
        assert box.asked == []


def test_check_shows_what_there_is_and_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    offer = {
        "version": "1.1.0", "notes": "Faster.\nAnd \x1b[31msafer.", "sizeBytes": 5_000_000, "onRequest": True,
        "why": "window", "untilMs": NOW_MS,
    }  # fmt: skip
    done = run(FakeBox(BOX, {**at("finished", done=True), "offer": offer}), monkeypatch, "check")
    assert done.return_value == Exit.OK
    assert "There is   1.1.0 (5.0 MB at most are fetched)" in done.stdout
    assert "\x1b" not in done.stdout
    assert "It is installed at 2026-11-1" in done.stdout


@pytest.mark.parametrize("why", sorted(text.WAITS))
def test_every_reason_to_wait_is_a_sentence(why: str) -> None:
    offer = {"version": "2", "notes": "", "sizeBytes": 1, "onRequest": True, "why": why, "reason": "Because."}
    (_, said) = text.offer({"offer": offer})
    assert said.strip()
    assert "{" not in said


def test_hold_says_until_when(monkeypatch: pytest.MonkeyPatch) -> None:
    box = FakeBox(BOX)
    assert "until 2026-11-1" in run(box, monkeypatch, "hold", "2").stdout
    assert "not held back" in run(box, monkeypatch, "hold", "0").stdout
    assert box.asked == [2.0, 0.0]
    assert isinstance(run(box, monkeypatch, "hold", "91").exception, click.UsageError)


def test_a_machine_without_our_image_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"box": False, "version": "0.1.0", "howTo": "Pull it."}
    for action in (("check",), ("apply", "--yes"), ("rollback", "--yes"), ("hold",)):
        done = run(FakeBox(here), monkeypatch, *action)
        assert (done.return_value, done.stdout) == (Exit.FAILED, "Homarus 0.1.0\nPull it.\n")
    assert run(FakeBox(here), monkeypatch).return_value == Exit.OK


def test_the_status_tells_why_a_version_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    report = {"atMs": NOW_MS, "text": "Version 1.1.0 did not work: gateway failed.", "journal": ["line 1", "line 2"]}
    runs = [{"createdAtMs": NOW_MS, "target": {"version": "1.1.0"}, "status": "rolled-back", "reason": "It failed."}]
    fault = {"code": "network", "message": "No way.", "fix": "Check it."}
    answer = {**BOX, "reports": [report], "runs": runs, "fault": fault, "keys": "development"}
    shown = run(FakeBox(answer), monkeypatch).stdout
    for part in (
        "Version 1.1.0 did not work",
        "    line 2",
        "1.1.0  rolled-back: It failed.",
        "Check it.",
        "development",
    ):
        assert part in shown


def followed(box: FakeBox) -> Mapping[str, Any]:
    clock = FakeClock()
    return follow(box, "run-1", lambda _: None, clock=clock, sleep=clock.advance)


def test_a_gateway_that_goes_down_for_the_restart_is_no_error() -> None:
    last = followed(FakeBox(at("activating", 100), ConnectionLost("gone"), ConnectionLost("gone")))
    assert last["progress"]["phase"] == "activating"


def test_a_gateway_that_restarts_while_it_installs_is_waited_for() -> None:
    last = followed(FakeBox(at("staging"), GatewayAway("away"), TimeoutError(), at("finished", done=True)))
    assert last["progress"]["done"]


def test_a_service_that_never_begins_is_an_error_with_its_fix() -> None:
    with pytest.raises(NotBegun, match="journalctl"):
        followed(FakeBox(at("finished", done=True, run="an older one")))


def session(**environ: str) -> CliSession:
    return session_from(environ, url=None, token=None, password=None, as_json=False)


def test_root_reads_the_records_itself_while_the_gateway_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Here(tmp_path)
    here.records.write_channel(ChannelState(checked_ms=NOW_MS, good_ms=NOW_MS, offered=OFFERED))
    here.records.write_status(Status("run-1", Action.APPLY, Phase.STAGING, NOW_MS, NOW_MS, percent=40, target="1.1.0"))
    monkeypatch.setattr(ask.os, "geteuid", lambda: 0)
    box, answer = ask.box_of(session(HOMARUS_STATE_DIR=str(tmp_path / "none")), tmp_path)
    assert isinstance(box, ask.WithoutGateway)
    assert (answer["version"], answer["offer"]["version"], answer["progress"]["percent"]) == ("1.0.0", "1.1.0", 40)
    assert "There is   1.1.0" in text.status(answer)


def test_others_are_told_to_use_sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Here(tmp_path)
    monkeypatch.setattr(ask.os, "geteuid", lambda: 1000)
    with pytest.raises(ask.NoGateway, match="sudo"):
        ask.box_of(session(HOMARUS_STATE_DIR=str(tmp_path / "none")), tmp_path)


def test_a_gateway_elsewhere_that_is_away_is_not_replaced_by_this_machine(tmp_path: Path) -> None:
    elsewhere = session_from({}, url="ws://127.0.0.1:9", token="t", password=None, as_json=False)
    with pytest.raises(GatewayAway):
        ask.box_of(elsewhere, tmp_path)
