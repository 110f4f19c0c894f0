"""`homarus gateway`: the process that owns all state."""

from __future__ import annotations

import json

import click

from appliance.cli.commands.run import command as run
from appliance.cli.exits import Exit
from appliance.cli.session import CliSession
from appliance.client.errors import GatewayAway


@click.group()
def command() -> None:
    """Run the gateway, ask how it is, or call one of its methods."""


command.add_command(run, "run")


@command.command()
@click.pass_obj
def status(cli: CliSession) -> int:
    """Say whether a gateway answers, and what is wrong with it."""
    try:
        health = cli.call("health", {}, timeout_s=10)
    except GatewayAway as error:
        cli.show({"running": False, "reason": str(error)}, f"not running: {error}")
        return Exit.AWAY
    conditions = health.get("conditions") or []
    lines = ["running" if health.get("ok") else "running, with trouble"]
    lines += [f"{one['severity']}: {one['summary']} {one.get('fix', '')}".rstrip() for one in conditions]
    cli.show({"running": True, **health}, "\n".join(lines))
    return Exit.OK if health.get("ok") else Exit.FAILED


@command.command()
@click.argument("method")
@click.option("--params", default="{}", help="Parameters as JSON.")
@click.option("--timeout", "timeout_s", default=30.0, show_default=True, help="Seconds to wait.")
@click.pass_obj
def call(cli: CliSession, method: str, params: str, timeout_s: float) -> None:
    """Call METHOD and print its answer as JSON."""
    try:
        parsed = json.loads(params)
    except ValueError as error:
        raise click.UsageError(f"--params is no JSON: {error}") from error
    click.echo(json.dumps(cli.call(method, parsed, timeout_s=timeout_s), ensure_ascii=False, indent=2))
