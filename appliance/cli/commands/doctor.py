"""`homarus doctor`: what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.render import conditions
from appliance.cli.session import CliSession
from appliance.client.errors import GatewayAway, RequestFailed


@click.command()
@click.pass_obj
def command(cli: CliSession) -> int:
    """Look for what is wrong and say how to fix it; nothing is changed. Status 1 for more than a notice.

    A gateway that runs is asked, about the box and about who can come in. Without one this machine is looked at.
    """
    report = report_of(cli)
    wrong = report["conditions"]
    cli.show(report, conditions(wrong) or "Nothing is wrong.")
    return Exit.FAILED if any(one["severity"] != "notice" for one in wrong) else Exit.OK


def report_of(cli: CliSession) -> dict[str, Any]:
    """Return what the gateway finds, else what can be seen without one."""
    try:
        report: dict[str, Any] = cli.call("homarus.doctor", {}, timeout_s=30)
        report["conditions"] += _exposed(cli)
    except GatewayAway as error:
        report = _without_gateway(cli, str(error))
    return report


def _exposed(cli: CliSession) -> list[dict[str, Any]]:
    """Return what the security audit would mend; nothing for who may not see it."""
    try:
        audit = cli.call("homarus.security.audit", {}, timeout_s=20)
    except RequestFailed:
        return []  # a device that may only read, or a gateway of before the audit
    return [
        {
            "code": "exposure",
            "subject": str(row.get("code") or row["summary"][:60]),
            "severity": "degraded" if row["severity"] == "critical" else "notice",
            "summary": row["summary"],
            "fix": row["fix"],
        }
        for row in audit["findings"]
    ]


def _without_gateway(cli: CliSession, reason: str) -> dict[str, Any]:
    """Check what can be checked from outside, when no gateway answers."""
    found = [
        {"code": "gateway_away", "subject": "gateway", "severity": "blocking", "summary": reason, "fix": ""},
    ]
    if cli.local:
        from appliance.cli.system import NotYours, as_owner, at_files

        try:
            cli = at_files(cli)
        except NotYours as error:
            found.append(
                {"code": "not_yours", "subject": "state", "severity": "notice", "summary": str(error), "fix": ""}
            )
        # What lies in the state may name what only root may read: root looks there as the owner of it.
        with as_owner(cli.paths.root):
            found += _configuration(cli)
            seen = _state(cli)
        found += _rows([*seen, *_box()])
    return {"ok": False, "conditions": found}


def _configuration(cli: CliSession) -> list[dict[str, Any]]:
    from appliance.config.load import load

    return [
        {
            "code": "config",
            "subject": issue.path,
            "severity": "notice" if issue.severity == "unused" else "blocking",
            "summary": f"{cli.paths.config}: {issue.path}: {issue.message}",
            "fix": issue.hint,
        }
        for issue in load(cli.paths.config, cli.environ).issues
    ]


def _box() -> list[Any]:
    """Ask what needs no look into the state directory: the machine and its programs."""
    from appliance.foundation.clock import SystemClock
    from appliance.health.checks import CHECKS, examine
    from appliance.health.look import here

    return examine(here(SystemClock().now_ms(), None), [one for one in CHECKS if not one.state])


def _state(cli: CliSession) -> list[Any]:
    """Ask what looks into the state directory; the database whole where no gateway holds it."""
    from appliance.foundation.clock import SystemClock
    from appliance.health.checks import CHECKS, examine
    from appliance.health.look import here

    now_ms, state = SystemClock().now_ms(), cli.paths.root
    with _alone(cli, now_ms) as alone:
        return examine(here(now_ms, state, alone=alone), [one for one in CHECKS if one.state])


def _rows(found: list[Any]) -> list[dict[str, Any]]:
    from appliance.health import worst_first

    return [
        {
            "code": one.code,
            "subject": one.subject,
            "severity": one.severity.value,
            "summary": one.summary,
            "fix": one.fix,
            "details": dict(one.details),
        }
        for one in worst_first(found)
    ]


@contextmanager
def _alone(cli: CliSession, now_ms: int) -> Iterator[bool]:
    """Hold the lock of the state meanwhile; False where a gateway that hangs still has it, or there is no state."""
    from appliance.storage.errors import StorageError
    from appliance.storage.lock import StateLock

    try:
        lock = StateLock.acquire(cli.paths.lock, now_ms=now_ms) if cli.paths.root.is_dir() else None
    except (StorageError, OSError):
        lock = None
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()
