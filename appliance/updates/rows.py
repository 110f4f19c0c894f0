"""Where updates stand, in the words of the wire: the same for clients of the gateway and for root without one."""

from __future__ import annotations

from typing import Final, cast

from appliance.config.sections.updates import UpdatesSection
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.protocol.methods.updates import (
    BoxUpdateResult,
    Campaign,
    FaultRow,
    Install,
    OfferRow,
    Phase,
    ProgressRow,
    ReportRow,
    RunOrigin,
    RunRecord,
    RunStatus,
    RunStep,
    RunTarget,
    RunVersion,
    ScheduleState,
    Target,
    TrialRow,
    Trigger,
    UpdateAvailable,
)
from appliance.updates.records.model import Fault, Status
from appliance.updates.standing import Run, RunState, Standing
from appliance.updates.trial.model import Report, Trial
from appliance.updates.trial.report import text

_LONGEST: Final = 1024  # str(≤1024) of UpdateRunRecord
_STEPS: Final = {"requested": 0, "staging": 1, "validating": 0, "activating": 2, "restarting": 2, "verifying": 3}
_NAMES: Final = ("check", "install", "restart", "verify")


def available(standing: Standing) -> UpdateAvailable | None:
    """Return the newer version that the owner is told of; None while it is not the turn of this box."""
    offered = standing.channel.offered
    if offered is None or not standing.news or not offered.announced:
        return None
    return UpdateAvailable(
        current_version=standing.box.version, latest_version=offered.version, channel=standing.channel.channel
    )


def schedule(standing: Standing, section: UpdatesSection) -> ScheduleState:
    """Return what the box is going to do by itself."""
    news = available(standing)
    return ScheduleState(
        channel=section.channel,
        auto_enabled=section.auto,
        install=Install(kind="package"),
        target=Target(version=news.latest_version) if news else UNSET,
        campaign=or_unset(_campaign(standing, section)),
    )


def _campaign(standing: Standing, section: UpdatesSection) -> Campaign | None:
    offered, live = standing.channel.offered, standing.live
    if offered is None or not section.auto or available(standing) is None:
        return None
    begin = standing.channel.good_ms
    apply_ms = max(offered.until_ms or begin, begin)
    applying = live is not None and live.target == offered.version
    return Campaign(
        id=offered.version,
        state="applying" if applying else "countdown",
        announced_at_ms=begin,
        force_at_ms=apply_ms,
        updated_at_ms=begin,
        apply_at_ms=apply_ms,
        hold_until_ms=standing.held_until_ms or UNSET,
    )


def run_record(run: Run) -> RunRecord:
    """Return a run as the protocol has it."""
    target = RunTarget(channel=run.channel or UNSET, version=run.target or UNSET)
    after = run.target if run.state is RunState.SUCCEEDED else run.origin
    return RunRecord(
        run_id=run.id,
        created_at_ms=run.began_ms,
        updated_at_ms=run.ended_ms or run.began_ms,
        trigger=cast(Trigger, run.trigger),
        phase=cast(Phase, str(run.phase)),
        status=cast(RunStatus, str(run.state)),
        reason=run.reason[:_LONGEST] or None,
        origin=RunOrigin(next_action=run.fix[:_LONGEST] or UNSET),
        target=target,
        before=RunVersion(version=run.origin or None),
        after=RunVersion(version=UNSET if run.state is RunState.RUNNING else after or None),
        steps=_steps(run),
    )


def _steps(run: Run) -> list[RunStep]:
    """Return the four steps of a run: what is done, what goes on, what comes."""
    if run.state is RunState.SUCCEEDED:
        at = len(_NAMES)
    elif run.state is RunState.ROLLED_BACK:
        at = len(_NAMES) - 1
    else:
        at = _STEPS.get(run.phase, 1)
    running = run.state is RunState.RUNNING
    return [_step(name, place, at, run, running=running) for place, name in enumerate(_NAMES)]


def _step(name: str, place: int, at: int, run: Run, *, running: bool) -> RunStep:
    if place < at:
        return RunStep(step=name, status="completed")
    if place > at:
        return RunStep(step=name, status="pending" if running else "skipped")
    if running:
        return RunStep(step=name, status="in_progress", detail=f"{run.percent} % {run.message}".strip()[:_LONGEST])
    return RunStep(step=name, status="failed", detail=run.reason[:_LONGEST] or UNSET)


def box_row(standing: Standing, section: UpdatesSection, locale: str) -> BoxUpdateResult:
    """Return everything about updates of a box; notes are in the language of `locale`."""
    known, box = standing.channel, standing.box
    return BoxUpdateResult(
        box=True,
        version=box.version,
        board=box.board,
        build=box.build,
        keys=box.keys,
        channel=section.channel,
        auto=section.auto,
        window=section.window,
        canary=section.canary,
        held_until_ms=standing.held_until_ms or UNSET,
        checked_ms=known.checked_ms or UNSET,
        good_ms=known.good_ms or UNSET,
        said=known.said or UNSET,
        waits_for_restart=standing.waits_for_restart or UNSET,
        offer=or_unset(_offer(standing, locale)),
        fault=or_unset(_fault(known.fault)),
        progress=_progress(standing.status) if standing.status else UNSET,
        trial=_trial(standing.trial) if standing.trial else UNSET,
        runs=[run_record(run) for run in standing.runs],
        reports=[_report(one) for one in standing.reports],
    )


def _offer(standing: Standing, locale: str) -> OfferRow | None:
    offered = standing.channel.offered
    if offered is None or not standing.news:
        return None
    return OfferRow(
        version=offered.version,
        notes=offered.notes.of(locale),
        size_bytes=offered.size,
        on_request=offered.on_request,
        why=offered.why or UNSET,
        until_ms=or_unset(offered.until_ms),
        reason=offered.reason or UNSET,
    )


def _fault(fault: Fault | None) -> FaultRow | None:
    return FaultRow(code=fault.code, message=fault.message, fix=fault.fix) if fault is not None else None


def _progress(status: Status) -> ProgressRow:
    return ProgressRow(
        run_id=status.run_id,
        action=status.action,
        phase=status.phase,
        percent=status.percent,
        message=status.message,
        done=status.done,
        updated_ms=status.updated_ms,
        version=status.target or UNSET,
        fault=or_unset(_fault(status.fault)),
    )


def _trial(trial: Trial) -> TrialRow:
    return TrialRow(
        version=trial.target.version,
        origin=trial.origin.version,
        state=trial.state,
        began_ms=trial.began_ms,
        tries=trial.tries,
    )


def _report(report: Report) -> ReportRow:
    return ReportRow(
        id=report.id,
        kind=report.kind,
        version=report.target.version,
        back_at=report.origin.version,
        at_ms=report.at_ms,
        reason=report.reason,
        text=text(report),
        units=list(report.units),
        journal=list(report.journal),
        whole=report.whole,
    )
