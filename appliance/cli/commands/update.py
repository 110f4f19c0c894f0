"""`homarus update`: new versions of a box that runs the image."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.session import CliSession, on_terminal
from appliance.cli.updates import text
from appliance.cli.updates.ask import Box, box_of
from appliance.cli.updates.follow import follow, shower
from appliance.foundation.clock import SystemClock


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Look for new versions of this box, install one, or go back. Without a command: where updates stand."""
    if context.invoked_subcommand is None:
        return int(context.invoke(status))
    return Exit.OK


@command.command()
@click.pass_obj
def status(cli: CliSession) -> int:
    """Show which version runs, what there is, and what became of the last ones."""
    _, answer = box_of(cli)
    cli.show(dict(answer), text.status(answer))
    return Exit.OK


@command.command()
@click.pass_obj
def check(cli: CliSession) -> int:
    """Ask the channel now what it has. Nothing is installed."""
    box, before = box_of(cli)
    if not before["box"]:
        return _elsewhere(cli, before)
    run_id = box.start("check", note="", reboot=False)
    after = _follow(cli, box, run_id)
    fault = _fault(after, run_id)
    lines = list(text.offer(after)) or [after.get("said") or f"{after['version']} is the newest version."]
    cli.show(dict(after), _told(fault) if fault else "\n".join(lines))
    return Exit.FAILED if fault else Exit.OK


@command.command()
@click.option("--no-restart", is_flag=True, help="Install; the box restarts in its next window.")
@click.option("--note", default="", metavar="TEXT", help="A remark for the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def apply(cli: CliSession, no_restart: bool, note: str, yes: bool) -> int:
    """Install what the channel has and restart. A version that does not work is taken back by the box itself."""
    box, before = box_of(cli)
    if not before["box"]:
        return _elsewhere(cli, before)
    if not no_restart:
        _agree(yes, "Install the newest version and restart this box? It is away for a few minutes.")
    return _change(cli, box, "apply", note, reboot=not no_restart)


@command.command()
@click.option("--note", default="", metavar="TEXT", help="A remark for the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rollback(cli: CliSession, note: str, yes: bool) -> int:
    """Go back to the version of before, and restart.

    What was said and set since the update is kept as far as that version can hold it; what it cannot is named.
    """
    box, before = box_of(cli)
    if not before["box"]:
        return _elsewhere(cli, before)
    _agree(yes, f"Go back from {before['version']} to the version of before and restart this box?")
    return _change(cli, box, "rollback", note, reboot=True)


@command.command()
@click.argument("days", type=click.FloatRange(0, 90), default=1.0)
@click.pass_obj
def hold(cli: CliSession, days: float) -> int:
    """Let nothing be installed by itself for DAYS (1); 0 ends that."""
    box, before = box_of(cli)
    if not before["box"]:
        return _elsewhere(cli, before)
    until = box.hold(days)
    said = f"Nothing is installed by itself until {text.moment(until)}." if until else "Updates are not held back."
    cli.show({"heldUntilMs": until}, said)
    return Exit.OK


def _change(cli: CliSession, box: Box, action: str, note: str, *, reboot: bool) -> int:
    run_id = box.start(action, note=note, reboot=reboot)
    after = _follow(cli, box, run_id)
    if fault := _fault(after, run_id):
        cli.show(dict(after), _told(fault))
        return Exit.FAILED
    version = after.get("waitsForRestart") or (after.get("progress") or {}).get("version")
    if not version:
        cli.show(dict(after), (after.get("progress") or {}).get("message") or after.get("said") or "Nothing to do.")
    elif reboot:
        later = "`homarus update status` says afterwards whether it stayed."
        cli.show(dict(after), f"The box restarts with {version}. {later}")
    else:
        cli.show(dict(after), f"{version} is installed and starts with the next restart.")
    return Exit.OK


def _follow(cli: CliSession, box: Box, run_id: str) -> Mapping[str, Any]:
    show = shower(cli)
    after = follow(box, run_id, show, clock=SystemClock(), sleep=time.sleep)
    if on_terminal() and not cli.as_json:
        click.echo(err=True)  # the line of progress stays
    return after


def _fault(after: Mapping[str, Any], run_id: str) -> Mapping[str, Any] | None:
    progress = after.get("progress") or {}
    return progress.get("fault") if progress.get("runId") == run_id else None


def _told(fault: Mapping[str, Any]) -> str:
    return f"{fault['message']}\n{fault['fix']}".strip()


def _agree(yes: bool, question: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes.")
    click.confirm(question, abort=True)


def _elsewhere(cli: CliSession, answer: Mapping[str, Any]) -> int:
    cli.show(dict(answer), text.status(answer))
    return Exit.FAILED
