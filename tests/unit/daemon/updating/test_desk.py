"""Updates as clients and health see them, over the records that root writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.config.sections.updates import UpdatesSection
from appliance.daemon.updating.desk import UpdateDesk
from appliance.gateway.method import Call, ConnectionView, Subscriptions
from appliance.gateway.methods.updates import UpdateMethods
from appliance.health import HealthTracker
from appliance.host.request import HostError
from appliance.protocol.connect import ClientInfo
from appliance.updates.channel.words import Words
from appliance.updates.records.files import Records
from appliance.updates.records.model import (
    Action,
    ChannelState,
    Fault,
    Offered,
    Phase,
    Receipt,
    Result,
    Status,
)
from appliance.updates.trial import record
from appliance.updates.trial.model import Committed, Release, Report, Trial, TrialState
from appliance.updates.trial.places import Places
from tests.fakes.clock import FakeClock
from tests.fakes.update_channel import DAY_MS, NOW_MS
from tests.fakes.update_site import write

OLD, NEW = Release("A", "1.0.0"), Release("B", "1.1.0")
OFFERED = Offered("1.1.0", Words("Better.", "Besser."), 5_000_000, why="window", until_ms=NOW_MS + 1000, announced=True)


class Here:
    """A box in a folder, its desk, and what was told and asked."""

    def __init__(self, root: Path, *, version: str = "1.0.0", box: bool = True) -> None:
        self.root = root
        if box:
            about = {"board": "test", "version": version, "compatible": "homarus-test", "keys": "development"}
            write(root, "usr/lib/homarus/box.json", msgspec.json.encode(about).decode())
        (root / "run").mkdir()
        self.places = Places.on(root)
        self.places.state.mkdir(parents=True)
        self.records = Records.on(root)
        self.section = UpdatesSection()
        self.tracker = HealthTracker()
        self.told: list[tuple[str, Any]] = []
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.refusal: HostError | None = None
        self.clock = FakeClock(NOW_MS)
        self.desk = UpdateDesk(
            settings=lambda: self.section, tracker=self.tracker, clock=self.clock, root=root, ask_root=self._ask
        )
        self.desk.tell_with(self._tell)
        self.methods = {one.name: one for one in UpdateMethods(self.desk).methods()}

    def _tell(self, event: str, payload: Any) -> None:
        self.told.append((event, msgspec.to_builtins(payload)))

    async def _ask(self, verb: str, params: Mapping[str, object]) -> Mapping[str, object]:
        self.asked.append((verb, params))
        if self.refusal is not None:
            raise self.refusal
        return {"runId": "run-1", "untilMs": NOW_MS + DAY_MS}

    async def call(self, name: str, params: dict[str, Any] | None = None, *, client: str = "cli") -> Any:
        method = self.methods[name]
        about = ClientInfo(client, "ui", "1", "linux")  # type: ignore[arg-type]  # ids of the protocol
        view = ConnectionView("c", "operator", frozenset(), frozenset(), about, locale="de-DE")
        call = Call(view, "a", NOW_MS, Subscriptions(), "1", lambda _: None)
        answer = await method.handler(call, msgspec.convert(params or {}, method.params))
        return msgspec.json.decode(msgspec.json.encode(answer))

    def codes(self) -> list[str]:
        return [one.code for one in self.tracker.conditions()]

    def receipt(self, run_id: str = "run-1", result: Result = Result.INSTALLED, **facts: Any) -> None:
        about = {"origin": "1.0.0", "target": "1.1.0", "ended_ms": NOW_MS, "trigger": "cli", **facts}
        self.records.write_receipt(Receipt(run_id, Action.APPLY, NOW_MS - 1000, result=result, **about))

    def report(self, kind: str = "returned", at_ms: int = NOW_MS + 5, **facts: Any) -> None:
        told = Report("0001", kind, OLD, NEW, at_ms, "homarus-gateway.service failed.", **facts)
        record.write_report(self.places, told)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


async def test_a_machine_without_our_image_says_how_it_is_updated(tmp_path: Path) -> None:
    here = Here(tmp_path, box=False)
    status = await here.call("update.status")
    assert status["updateAvailable"] is None
    assert status["schedule"]["autoEnabled"] is False
    assert status["schedule"]["install"]["kind"] in ("git", "package")
    run = await here.call("update.run")
    assert (run["ok"], run["code"]) == (False, "no_box")
    assert "homarus gateway restart" in run["message"]
    assert (await here.call("update.hold"))["ok"] is False
    assert (await here.call("update.runs.list")) == {"runs": []}
    assert "`" in (await here.call("homarus.update.status"))["howTo"]
    await here.desk.run()  # ends at once
    assert here.asked == []


async def test_what_the_channel_has_is_shown_in_the_language_of_the_client(here: Here) -> None:
    here.records.write_channel(ChannelState(checked_ms=NOW_MS, good_ms=NOW_MS, offered=OFFERED))
    status = await here.call("update.status")
    assert status["updateAvailable"] == {"currentVersion": "1.0.0", "latestVersion": "1.1.0", "channel": "stable"}
    assert status["schedule"]["target"] == {"kind": "package", "version": "1.1.0"}
    assert status["schedule"]["campaign"]["applyAtMs"] == NOW_MS + 1000
    row = await here.call("homarus.update.status")
    assert (row["offer"]["notes"], row["offer"]["why"]) == ("Besser.", "window")


async def test_a_version_whose_turn_has_not_come_is_not_announced(here: Here) -> None:
    waits = msgspec.structs.replace(OFFERED, why="rollout", announced=False)
    here.records.write_channel(ChannelState(offered=waits))
    assert (await here.call("update.status"))["updateAvailable"] is None
    assert (await here.call("homarus.update.status"))["offer"]["onRequest"] is True


async def test_root_is_asked_to_begin_for_whom_and_why(here: Here) -> None:
    assert (await here.call("update.run", {"note": "now", "restartDelayMs": 5}, client="openclaw-control-ui")) == {
        "runId": "run-1",
        "ok": True,
        "result": None,
    }
    await here.call("homarus.update.apply", {"reboot": False})
    await here.call("homarus.update.rollback", {}, client="openclaw-ios")
    await here.call("homarus.update.check")
    assert here.asked == [
        ("update.start", {"action": "apply", "trigger": "control-ui", "note": "now", "reboot": True}),
        ("update.start", {"action": "apply", "trigger": "cli", "note": "", "reboot": False}),
        ("update.start", {"action": "rollback", "trigger": "api", "note": "", "reboot": True}),
        ("update.start", {"action": "check", "trigger": "cli", "note": "", "reboot": False}),
    ]


async def test_a_refusal_of_root_is_told(here: Here) -> None:
    here.refusal = HostError("update_running", "An update is under way.")
    answer = await here.call("update.run")
    assert (answer["ok"], answer["code"]) == (False, "update_running")
    with pytest.raises(HostError):
        await here.call("homarus.update.apply")


async def test_holding_asks_root_for_a_day_or_as_many_as_wanted(here: Here) -> None:
    assert (await here.call("update.hold"))["ok"] is True
    assert (await here.call("homarus.update.hold", {"days": 0}))["heldUntilMs"] == NOW_MS + DAY_MS
    assert here.asked == [("update.hold", {"days": 1.0}), ("update.hold", {"days": 0.0})]


async def test_a_run_is_followed_from_the_request_to_the_verdict(here: Here) -> None:
    async def state() -> tuple[str, str]:
        (row,) = (await here.call("update.runs.list"))["runs"]
        assert (await here.call("update.runs.get", {"runId": row["runId"]}))["run"] == row
        return row["status"], row["phase"]

    going = Status("run-1", Action.APPLY, Phase.VALIDATING, NOW_MS, NOW_MS, origin="1.0.0", target="1.1.0")
    here.records.write_status(going)
    assert await state() == ("running", "validating")
    here.receipt(result=Result.RUNNING)
    here.records.write_status(msgspec.structs.replace(going, phase=Phase.STAGING, percent=40))
    assert await state() == ("running", "staging")
    here.receipt()
    here.records.write_status(msgspec.structs.replace(going, phase=Phase.RESTARTING))
    assert await state() == ("running", "restarting")
    assert (await here.call("homarus.update.status"))["waitsForRestart"] == "1.1.0"

    here.records.status_file.unlink()  # the restart
    write(here.root, "usr/lib/homarus/box.json", '{"version": "1.1.0"}')
    record.write_trial(here.places, Trial("0001", TrialState.RUNNING, OLD, NEW, NOW_MS))
    assert await state() == ("running", "verifying")
    record.write_committed(here.places, Committed(NEW, NOW_MS))
    record.close_trial(here.places)
    assert await state() == ("succeeded", "finished")


async def test_a_run_that_came_back_says_why(here: Here) -> None:
    here.receipt()
    here.report()
    (row,) = (await here.call("update.runs.list"))["runs"]
    assert (row["status"], row["reason"]) == ("rolled-back", "homarus-gateway.service failed.")
    assert [step["status"] for step in row["steps"]] == ["completed", "completed", "completed", "failed"]
    (told,) = (await here.call("homarus.update.status"))["reports"]
    assert (told["version"], told["backAt"], told["whole"]) == ("1.1.0", "1.0.0", True)


async def test_a_report_that_was_written_in_1970_is_still_of_this_run(here: Here) -> None:
    here.receipt()
    here.report(at_ms=7)
    (row,) = (await here.call("update.runs.list"))["runs"]
    assert row["status"] == "rolled-back"


async def test_a_version_that_never_started_counts_as_taken_back(here: Here) -> None:
    here.receipt()
    record.write_committed(here.places, Committed(OLD, NOW_MS))
    (row,) = (await here.call("update.runs.list"))["runs"]
    assert row["status"] == "rolled-back"
    assert "did not start" in row["reason"]


async def test_a_run_that_failed_says_what_to_do(here: Here) -> None:
    here.receipt(result=Result.FAILED, fault=Fault("no_space", "No space left.", "Make room."))
    (row,) = (await here.call("update.runs.list"))["runs"]
    assert (row["status"], row["reason"], row["origin"]["nextAction"]) == ("failed", "No space left.", "Make room.")
    assert (await here.call("update.status"))["lastRun"] == row


async def test_news_are_told_once(here: Here) -> None:
    await here.desk.once()
    here.told.clear()
    here.records.write_channel(ChannelState(good_ms=NOW_MS, offered=OFFERED))
    await here.desk.once()
    await here.desk.once()
    assert [event for event, _ in here.told] == ["update.available"]
    here.records.write_status(Status("run-1", Action.APPLY, Phase.STAGING, NOW_MS, NOW_MS, percent=10, target="1.1.0"))
    assert await here.desk.once()
    assert await here.desk.once()
    assert [event for event, _ in here.told] == ["update.available", "update.run.changed"]
    assert here.told[1][1]["run"]["status"] == "running"


async def test_a_client_that_connects_reads_it_in_its_hello(here: Here) -> None:
    assert here.desk.hello == (msgspec.UNSET, msgspec.UNSET)
    await here.desk.once()
    schedule, news = here.desk.hello
    assert (schedule.channel, news) == ("stable", msgspec.UNSET)
    here.records.write_channel(ChannelState(good_ms=NOW_MS, offered=OFFERED))
    await here.desk.once()
    schedule, news = msgspec.to_builtins(here.desk.hello)
    assert news["latestVersion"] == "1.1.0"
    assert schedule["campaign"]["id"] == "1.1.0"


async def test_what_is_known_at_the_start_is_no_news_of_a_run(here: Here) -> None:
    here.receipt()
    await here.desk.once()
    assert here.told == []


async def test_the_owner_is_told_of_a_version_only_where_the_box_does_not_install_it_itself(here: Here) -> None:
    here.records.write_channel(ChannelState(good_ms=NOW_MS, offered=OFFERED))
    await here.desk.once()
    assert here.codes() == []
    here.section = UpdatesSection(auto=False)
    await here.desk.once()
    assert here.codes() == ["update_waiting"]
    here.section = UpdatesSection()
    await here.desk.once()
    assert here.codes() == []


async def test_health_says_what_failed_and_what_came_back_until_a_later_version_is_in(here: Here) -> None:
    here.records.write_channel(ChannelState(good_ms=NOW_MS, offered=OFFERED))
    here.receipt(result=Result.FAILED, fault=Fault("network", "The server went away.", "Wait."))
    await here.desk.once()
    assert here.codes() == ["update_failed"]
    here.receipt("run-2")
    here.report()
    await here.desk.once()
    assert here.codes() == ["update_returned"]
    assert "homarus-gateway.service failed" in here.tracker.conditions()[0].summary
    write(here.root, "usr/lib/homarus/box.json", '{"version": "1.2.0"}')
    record.write_committed(here.places, Committed(Release("B", "1.2.0"), NOW_MS))
    here.receipt("run-3", target="1.2.0", ended_ms=NOW_MS + 100)
    await here.desk.once()
    assert here.codes() == []


async def test_a_return_that_lost_something_is_worse_than_one_that_was_asked_for(here: Here) -> None:
    here.report("rolled_back")
    await here.desk.once()
    (found,) = here.tracker.conditions()
    assert (found.code, found.severity) == ("update_returned", "notice")
    here.report("rolled_back", missing=3)
    await here.desk.once()
    (found,) = here.tracker.conditions()
    assert found.severity == "degraded"


@pytest.mark.parametrize(
    ("code", "since_days", "told"),
    [
        ("network", 13, False),
        ("network", 15, True),
        ("manifest_signature", 0, True),
        ("offline", 99, False),
        ("no_source", 99, False),
    ],
)
async def test_a_channel_that_is_not_believed_or_long_silent_is_told(
    here: Here, code: str, since_days: int, told: bool
) -> None:
    state = ChannelState(good_ms=NOW_MS - since_days * DAY_MS, fault=Fault(code, "Why.", "Do this."))
    here.records.write_channel(state)
    await here.desk.once()
    assert here.codes() == (["update_source"] if told else [])
