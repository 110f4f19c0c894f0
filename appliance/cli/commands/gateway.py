"""`homarus gateway`: the process that owns all state."""

from __future__ import annotations

import json

import click

from appliance.cli.commands.run import command as run
from appliance.cli.exits import Exit
from appliance.cli.render import conditions
from appliance.cli.session import CliSession
from appliance.client.errors import GatewayAway


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Run the gateway, ask how it is, or call one of its methods. Without a command: status."""
    if context.invoked_subcommand is None:
        return int(context.invoke(status))
    return Exit.OK


command.add_command(run, "run")


@command.command()
@click.pass_obj
def status(cli: CliSession) -> int:
    """Say whether a gateway answers, and what is wrong with it."""
    try:
        report = cli.call("homarus.doctor", {}, timeout_s=10)
    except GatewayAway as error:
        cli.show({"running": False, "ok": False, "reason": str(error)}, f"not running: {error}")
        return Exit.AWAY
    facts = cli.running_facts() if cli.local else {}
    where = f" (process {facts['pid']}, 127.0.0.1:{facts['port']})" if facts else ""
    lines = [("running" if report["ok"] else "running, not ready") + where]
    if report["conditions"]:
        lines.append(conditions(report["conditions"]))
    cli.show({"running": True, **facts, **report}, "\n".join(lines))
    return Exit.OK if report["ok"] else Exit.FAILED


@command.command()
@click.pass_obj
def install(cli: CliSession) -> None:
    """Install the service of systemd and start it, as root for the whole machine; a second time changes nothing."""
    from appliance.cli.onboarding.service import install as again

    served = again(cli, lambda line: click.echo(f"  {line}", err=cli.as_json))
    cli.show({"ok": True, "state": str(served.paths.root)}, "Next: `homarus onboard` sets the box up.")


@command.command()
@click.pass_obj
def restart(cli: CliSession) -> None:
    """Restart the gateway and wait until it answers again: through systemd, else in its own process."""
    from appliance.cli.restarting import restart as again

    by = again(cli)
    cli.show({"restarted": True, "by": by}, f"The gateway is there again{' (by systemd)' if by == 'systemd' else ''}.")


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
    if not isinstance(parsed, dict):
        raise click.UsageError("--params must be a JSON object, for example '{\"limit\": 5}'.")
    click.echo(json.dumps(cli.call(method, parsed, timeout_s=timeout_s), ensure_ascii=False, indent=2))
