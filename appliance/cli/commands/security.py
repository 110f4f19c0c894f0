"""`homarus security`: what this box exposes, and its certificate."""

from __future__ import annotations

import datetime
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.render import table
from appliance.cli.session import CliSession


@click.group()
def command() -> None:
    """See what is exposed, to whom, and how to mend it."""


@command.command()
@click.pass_obj
def audit(cli: CliSession) -> int:
    """Say where others can come in, what that needs, and what to mend. Status 1 when there is something to mend."""
    report = cli.call("homarus.security.audit", {}, timeout_s=20)
    cli.show(report, "\n".join(_lines(report)))
    return Exit.FAILED if report["findings"] else Exit.OK


@command.command("renew-certificate")
@click.pass_obj
def renew(cli: CliSession) -> int:
    """Make another certificate with the names and addresses of today. Apps that knew the old one ask once."""
    made = cli.call("homarus.security.renewCertificate", {}, timeout_s=20)
    text = f"The box shows another certificate, until {_day(made['untilMs'])}:\n{_grouped(made['fingerprint'])}"
    cli.show(made, f"{text}\nApps that knew the old one ask once; compare this fingerprint there.")
    return Exit.OK


def _lines(report: dict[str, Any]) -> list[str]:
    doors = [(row["address"], row["who"], row["needs"], "yes" if row["encrypted"] else "no") for row in report["doors"]]
    lines = [table(("WHERE", "WHO CAN REACH IT", "WHAT IT ASKS FOR", "ENCRYPTED"), doors), "", _people(report)]
    if pin := report.get("fingerprint"):
        until = report.get("certificateUntilMs")
        lines += ["", "Certificate (SHA-256)" + (f", until {_day(until)}" if until else ""), f"    {_grouped(pin)}"]
    if authority := report.get("authorityFingerprint"):
        lines += [f"Authority that browsers may trust, {report['trustPage']}", f"    {_grouped(authority)}"]
    lines += [line for note in report["notes"] for line in ("", note)]
    for row in report["findings"]:
        lines += ["", f"{row['severity']}: {row['summary']}", f"    {row['fix']}"]
    return [*lines, "", "Nothing to fix." if not report["findings"] else f"To fix: {len(report['findings'])}."]


def _people(report: dict[str, Any]) -> str:
    waiting = f", {report['waiting']} waiting (`homarus devices list`)" if report["waiting"] else ""
    codes = f"; setup codes that still open a door: {report['codes']}" if report["codes"] else ""
    return f"Paired devices: {report['devices']}, of them owners: {report['owners']}{waiting}{codes}"


def _grouped(fingerprint: str) -> str:
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4)).upper()


def _day(milliseconds: int) -> str:
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC).date().isoformat()
