"""What was kept of trials, for whoever shows it: read-only, and readable by the gateway."""

from __future__ import annotations

from pathlib import Path

from appliance.updates.trial import record
from appliance.updates.trial.model import Kept, Report, Trial, TrialState
from appliance.updates.trial.places import Places
from appliance.updates.trial.words import line

__all__ = ["Kept", "Report", "Trial", "TrialState", "open_trial", "reports", "text", "trial_open"]


def reports(root: Path = Path("/")) -> tuple[Report, ...]:
    """Return the reports on the box whose file system begins at `root`, newest first."""
    found = (record.read_report(path) for path in record.report_files(Places.on(root)))
    return tuple(one for one in found if one is not None)


def open_trial(root: Path = Path("/")) -> Trial | None:
    """Return the trial that is under way."""
    return record.trial(Places.on(root))


def trial_open(root: Path = Path("/")) -> bool:
    """Tell whether a version is being tried, or a return is not finished."""
    return open_trial(root) is not None


def text(report: Report) -> str:
    """Return a report as the owner reads it."""
    match report.kind:
        case "rolled_back":
            head = f"The box went back from {report.target.version} to {report.origin.version}: {report.reason}"
        case "refused":
            head = f"Version {report.target.version} was not started: {report.reason}"
        case _:
            head = f"Version {report.target.version} did not work and was taken back: {report.reason}"
    lines = [head, *(f"Failed: {unit}" for unit in report.units), *report.gate]
    if report.changes:
        lines.append(f"{report.changes} changes of the meantime were kept.")
    if report.note:
        lines.append(report.note)
    if report.missing or report.damaged:
        lines.append(f"The journal lacks {report.missing} entries and {report.damaged} cannot be read.")
    lines += [f"Not kept: {line(one)}" for one in report.lost]
    if report.files:
        lines.append(f"Put back as they were: {', '.join(report.files)}.")
    if report.aside and (not report.whole or report.note or report.files):
        lines.append(f"What version {report.target.version} left is in {report.aside}.")
    return "\n".join(lines)
