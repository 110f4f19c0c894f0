"""Answers of update.* against the published definitions, and runs against the list of protocol-methods.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.updates.records.model import Action, ChannelState, Fault, Hold, Phase, Result, Status
from tests.fakes.update_channel import NOW_MS
from tests.protocol.test_payload_schemas import check
from tests.unit.daemon.updating.test_desk import OFFERED, Here

# UpdateRunRecord is not in the published schema of 2026.9.1; these are its members in protocol-methods.md.
_RUN = {
    "runId", "createdAtMs", "updatedAtMs", "trigger", "phase", "status", "reason", "origin", "target", "before",
    "after", "steps",
}  # fmt: skip
_INSIDE = {
    "origin": {"nextAction"},
    "target": {"channel", "kind", "version"},
    "before": {"version"},
    "after": {"version"},
}
_STEP = {"step", "status", "startedAtMs", "endedAtMs", "exitCode", "detail"}


def check_run(run: dict[str, Any]) -> None:
    assert set(run) == _RUN
    for name, members in _INSIDE.items():
        assert set(run[name]) <= members
    for step in run["steps"]:
        assert set(step) <= _STEP
        assert step["status"] in ("pending", "in_progress", "completed", "failed", "skipped")
        assert len(step.get("detail", "")) <= 1024


def _without_runs(status: dict[str, Any]) -> dict[str, Any]:
    """activeRun and lastRun came with 2026.9.6 (protocol-methods.md, update.status); the schema is of 2026.9.1."""
    for name in ("activeRun", "lastRun"):
        if (run := status.pop(name, None)) is not None:
            check_run(run)
    return status


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


async def test_where_updates_stand_fits(here: Here) -> None:
    check("UpdateStatusResult", _without_runs(await here.call("update.status")))
    here.records.write_channel(ChannelState(good_ms=NOW_MS, offered=OFFERED))
    check("UpdateStatusResult", _without_runs(await here.call("update.status")))
    here.records.write_hold(Hold(NOW_MS + 5))
    here.receipt(result=Result.FAILED, fault=Fault("x", "y" * 3000, "z" * 3000))
    here.receipt("run-2")
    here.report()
    here.records.write_status(Status("run-3", Action.APPLY, Phase.STAGING, NOW_MS, NOW_MS, message="m" * 3000))
    status = await here.call("update.status")
    assert {"activeRun", "lastRun"} <= set(status)
    check("UpdateStatusResult", _without_runs(status))


async def test_a_machine_without_our_image_fits(tmp_path: Path) -> None:
    here = Here(tmp_path, box=False)
    check("UpdateStatusResult", await here.call("update.status", {"refreshCheckout": True}))
    check("UpdateHoldResult", await here.call("update.hold"))


async def test_holding_fits(here: Here) -> None:
    check("UpdateHoldResult", await here.call("update.hold"))


async def test_runs_have_the_members_of_the_protocol_and_no_others(here: Here) -> None:
    here.receipt(result=Result.FAILED, fault=Fault("x", "y", "z"))
    here.receipt("run-2")
    here.report()
    rows = (await here.call("update.runs.list", {"limit": 100}))["runs"]
    assert len(rows) == 2
    for row in rows:
        check_run(row)
    assert (await here.call("update.runs.get", {"runId": "nobody"})) == {"run": None}


async def test_the_events_carry_the_same_shapes(here: Here) -> None:
    await here.desk.once()
    here.records.write_channel(ChannelState(good_ms=NOW_MS, offered=OFFERED))
    here.receipt()
    await here.desk.once()
    await here.desk.once()
    told = dict(here.told)
    check("UpdateAvailable", told["update.available"]["updateAvailable"])
    check_run(told["update.run.changed"]["run"])
