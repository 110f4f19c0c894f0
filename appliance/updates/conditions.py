"""What the owner has to know about updates, as health conditions: the surfaces that show health show these too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appliance.health import Condition, Severity
from appliance.updates.records.model import Action
from appliance.updates.standing import RunState, Standing

CODES: Final = ("update_waiting", "update_restart", "update_failed", "update_returned", "update_source")
_DAY_MS: Final = 24 * 3_600_000
_RETURN_SHOWN_MS: Final = 30 * _DAY_MS
_SILENT_MS: Final = 14 * _DAY_MS
"""Without a good answer of the channel. A box that is offline for a week is no news; two weeks without fixes are."""
_OWN_CHOICE: Final = frozenset({"offline", "no_source"})


def conditions(standing: Standing, *, auto: bool, now_ms: int) -> Iterator[Condition]:
    """Return what there is to say."""
    yield from _waiting(standing, auto=auto)
    yield from _last_run(standing)
    yield from _returned(standing, now_ms)
    yield from _source(standing, now_ms)


def _waiting(standing: Standing, *, auto: bool) -> Iterator[Condition]:
    if version := standing.waits_for_restart:
        summary = f"Version {version} is installed and starts with the next restart."
        fix = "`homarus update apply` restarts the box now; otherwise it does so in its window."
        yield Condition("update_restart", "update", Severity.NOTICE, summary, fix, {"version": version})
        return
    offered = standing.channel.offered
    # A box that installs by itself at night need not bother anybody by day.
    if offered is None or not standing.news or not offered.announced or (auto and offered.why != "held"):
        return
    summary = f"Version {offered.version} of Homarus is there."
    fix = "`homarus update apply` installs it."
    yield Condition("update_waiting", "update", Severity.NOTICE, summary, fix, {"version": offered.version})


def _last_run(standing: Standing) -> Iterator[Condition]:
    run = standing.last
    if run is None or run.state is not RunState.FAILED or standing.live is not None:
        return
    if run.action is not Action.ROLLBACK and not standing.news:
        return  # it runs by now, or nobody offers it any more
    what = "Going back" if run.action is Action.ROLLBACK else f"Installing version {run.target}"
    summary = f"{what} failed: {run.reason}"
    details: dict[str, str | int] = {"version": run.target, "reason": run.reason, "form": run.code}
    yield Condition("update_failed", "update", Severity.DEGRADED, summary, run.fix, details)


def _returned(standing: Standing, now_ms: int) -> Iterator[Condition]:
    report = next(iter(standing.reports), None)
    if report is None or report.target.version == standing.box.version or now_ms - report.at_ms > _RETURN_SHOWN_MS:
        return
    if standing.last is not None and standing.last.state is RunState.SUCCEEDED and standing.last.action is Action.APPLY:
        return  # a later version came in
    asked = report.kind == "rolled_back"
    what = "was not started" if report.kind == "refused" else "was taken back"
    summary = f"Version {report.target.version} {what}: {report.reason}"
    fix = "`homarus update status` says what failed" + ("." if report.whole else " and what could not be kept.")
    severity = Severity.NOTICE if asked and report.whole else Severity.DEGRADED
    details: dict[str, str | int] = {"version": report.target.version, "reason": report.reason, "form": report.kind}
    yield Condition("update_returned", "update", severity, summary, fix, details)


def _source(standing: Standing, now_ms: int) -> Iterator[Condition]:
    """Tell when the channel has been silent for long, or at once when what it says is not believed."""
    known, fault = standing.channel, standing.channel.fault
    if fault is None or fault.code in _OWN_CHOICE:
        return
    silent = known.good_ms and now_ms - known.good_ms > _SILENT_MS
    if fault.code.startswith("manifest_") or fault.code in ("insecure_url", "config_refused") or silent:
        summary = f"This box hears nothing of updates: {fault.message}"
        details: dict[str, str | int] = {"reason": fault.message, "form": fault.code}
        yield Condition("update_source", "update", Severity.DEGRADED, summary, fault.fix, details)
