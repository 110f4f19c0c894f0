"""Where updates stand on this box, put together from what root, the trial and the image wrote down. Reads files."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.host.box import Box, read_box
from appliance.updates.records.files import Records
from appliance.updates.records.model import Action, ChannelState, Phase, Receipt, Result, Status
from appliance.updates.trial import record
from appliance.updates.trial.model import Committed, Report, Trial, TrialState
from appliance.updates.trial.places import Places
from appliance.updates.trial.report import reports as kept_reports

SILENT = "The box did not start from it, and the version of before runs again."
UNFINISHED = "It was broken off, likely by a power cut."


class RunState(enum.StrEnum):
    """How a run ended, in the words of the protocol (UpdateRunRecord.status)."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt from the request to the verdict on the new version. Moments are milliseconds; 0 where unknown."""

    id: str
    action: Action
    state: RunState
    phase: Phase
    trigger: str
    began_ms: int
    ended_ms: int
    origin: str
    target: str
    channel: str = ""
    percent: int = 0
    message: str = ""
    reason: str = ""
    fix: str = ""
    code: str = ""
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that is told about updates. `live` is what the service does now, `last` what it did last."""

    box: Box
    channel: ChannelState
    held_until_ms: int
    status: Status | None
    runs: tuple[Run, ...]
    trial: Trial | None
    reports: tuple[Report, ...]

    @property
    def live(self) -> Run | None:
        """The run that has no verdict yet."""
        return next((run for run in self.runs if run.state is RunState.RUNNING), None)

    @property
    def last(self) -> Run | None:
        """The newest run that has its verdict."""
        return next((run for run in self.runs if run.state is not RunState.RUNNING), None)

    @property
    def waits_for_restart(self) -> str:
        """The version that lies in the other slot and starts next, "" for none."""
        return self.status.starts_next if self.status is not None else ""

    @property
    def news(self) -> str:
        """The version that the channel has for this box, "" when it runs it already or there is none."""
        offered = self.channel.offered
        return offered.version if offered is not None and offered.version != self.box.version else ""


def read_standing(root: Path = Path("/")) -> Standing | None:
    """Return where updates stand on the box at `root`; None on a machine without our image."""
    box = read_box(root)
    if box is None:
        return None
    records, places = Records.on(root), Places.on(root)
    status, trial, told = records.status(), record.trial(places), kept_reports(root)
    facts = _Facts(box.version, status, record.committed(places), trial, told)
    runs = tuple(_run(receipt, facts, newest=not place) for place, receipt in enumerate(records.all_receipts()))
    if status is not None and not status.done and all(run.id != status.run_id for run in runs):
        runs = (_live(status), *runs)
    return Standing(box, records.channel(), records.hold().until_ms, status, runs, trial, told)


@dataclass(frozen=True, slots=True)
class _Facts:
    version: str
    status: Status | None
    committed: Committed | None
    trial: Trial | None
    reports: Sequence[Report]


def _live(status: Status) -> Run:
    return Run(
        id=status.run_id,
        action=status.action,
        state=RunState.RUNNING,
        phase=status.phase,
        trigger=status.trigger,
        began_ms=status.began_ms,
        ended_ms=0,
        origin=status.origin,
        target=status.target,
        percent=status.percent,
        message=status.message,
    )


def _run(receipt: Receipt, facts: _Facts, *, newest: bool) -> Run:
    """Give a receipt its verdict: root knows what was installed, the trial what became of it."""
    status = facts.status if facts.status is not None and facts.status.run_id == receipt.run_id else None
    report = _report_of(receipt, facts, newest=newest)
    state, phase, reason = _verdict(receipt, facts, status, report, newest=newest)
    fault = receipt.fault
    return Run(
        id=receipt.run_id,
        action=receipt.action,
        state=state,
        phase=phase,
        trigger=receipt.trigger,
        began_ms=receipt.began_ms,
        ended_ms=0 if state is RunState.RUNNING else receipt.ended_ms,
        origin=receipt.origin,
        target=receipt.target,
        channel=receipt.channel,
        percent=status.percent if status is not None else 0,
        message=status.message if status is not None else "",
        reason=reason,
        fix=fault.fix if fault is not None else "",
        code=fault.code if fault is not None else "",
        report=report,
    )


def _verdict(
    receipt: Receipt, facts: _Facts, status: Status | None, report: Report | None, *, newest: bool
) -> tuple[RunState, Phase, str]:
    if receipt.result is Result.FAILED:
        return RunState.FAILED, Phase.FINISHED, receipt.fault.message if receipt.fault else ""
    if receipt.result is Result.RUNNING:
        if newest and status is not None and not status.done:
            return RunState.RUNNING, status.phase, ""
        return RunState.FAILED, Phase.FINISHED, UNFINISHED
    if report is not None:
        return RunState.ROLLED_BACK, Phase.FINISHED, report.reason
    if not newest:
        return RunState.SUCCEEDED, Phase.FINISHED, ""
    if facts.status is not None and facts.status.starts_next == receipt.target:
        return RunState.RUNNING, Phase.RESTARTING, ""
    if facts.trial is not None and facts.trial.state is not TrialState.REFUSED:
        return RunState.RUNNING, Phase.VERIFYING, ""
    own = facts.committed.release.version if facts.committed is not None else facts.version
    if receipt.target in (own, facts.version):
        return RunState.SUCCEEDED, Phase.FINISHED, ""
    return RunState.ROLLED_BACK, Phase.FINISHED, SILENT


def _report_of(receipt: Receipt, facts: _Facts, *, newest: bool) -> Report | None:
    """Return what is told of the version of an installation after it."""
    if receipt.result is not Result.INSTALLED:
        return None
    about = [one for one in facts.reports if one.target.version == receipt.target]
    mine = [one for one in about if one.at_ms >= receipt.ended_ms]
    if mine:
        return mine[-1]
    # The clock of a box without a network may stand in 1970 when it writes its report.
    return about[0] if about and newest and facts.version != receipt.target else None
