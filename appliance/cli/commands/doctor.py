"""`homarus doctor`: what is wrong and how to mend it."""

from __future__ import annotations

import click

from appliance.cli.exits import Exit
from appliance.cli.render import conditions
from appliance.cli.session import CliSession
from appliance.client.errors import GatewayAway


@click.command()
@click.pass_obj
def command(cli: CliSession) -> int:
    """Look for what is wrong and say how to fix it; nothing is changed. Status 1 for more than a notice."""
    try:
        report = cli.call("homarus.doctor", {}, timeout_s=20)
    except GatewayAway as error:
        report = _without_gateway(cli, str(error))
    wrong = report["conditions"]
    cli.show(report, conditions(wrong) or "Nothing is wrong.")
    return Exit.FAILED if any(one["severity"] != "notice" for one in wrong) else Exit.OK


def _without_gateway(cli: CliSession, reason: str) -> dict[str, object]:
    """Check what can be checked from outside, when no gateway answers."""
    found = [
        {"code": "gateway_away", "subject": "gateway", "severity": "blocking", "summary": reason, "fix": ""},
    ]
    if cli.local:
        from appliance.config.load import load

        for issue in load(cli.paths.config, cli.environ).issues:
            severity = "notice" if issue.severity == "unused" else "blocking"
            summary = f"{cli.paths.config}: {issue.path}: {issue.message}"
            found.append(
                {"code": "config", "subject": issue.path, "severity": severity, "summary": summary, "fix": issue.hint}
            )
    return {"ok": False, "conditions": found}
