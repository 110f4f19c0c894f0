"""`homarus status`: how the box is, at a glance."""

from __future__ import annotations

import click

from appliance.cli.exits import Exit
from appliance.cli.render import age, conditions, table
from appliance.cli.session import CliSession


@click.command()
@click.pass_obj
def command(cli: CliSession) -> int:
    """Show version, model, conversations and what is wrong. Status 1 when the box is not ready."""
    status = cli.call("status", {}, timeout_s=10)
    sessions = status["sessions"]
    lines = [
        f"Homarus {status['runtimeVersion']}, up {age(status.get('uptimeMs', 0))}",
        f"model: {sessions.get('defaults', {}).get('model') or 'none but the embedded one'}",
        f"conversations: {sessions['count']}",
    ]
    wrong = conditions(status.get("conditions") or ())
    recent = [(row["key"], age(row["age"]), row.get("totalTokens") or 0) for row in sessions["recent"]]
    if recent:
        lines += ["", table(("CONVERSATION", "AGE", "TOKENS"), recent)]
    if wrong:
        lines += ["", wrong]
    cli.show(status, "\n".join(lines))
    return Exit.OK if status.get("ready", True) else Exit.FAILED
