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
    model = sessions.get("defaults", {}).get("model")
    uptime = status.get("uptimeMs", 0)
    lines = [
        f"Homarus {status['runtimeVersion']}, " + (f"up {age(uptime)}" if uptime >= 1000 else "just started"),
        "model: " + (f"{model}, after the embedded one" if model not in (None, "mini") else "the embedded one alone"),
        f"conversations: {sessions['count']}",
    ]
    wrong = conditions(status.get("conditions") or ())
    recent = [(row["key"], age(max(0, row["age"])), row.get("totalTokens") or 0) for row in sessions["recent"]]
    if recent:
        lines += ["", table(("CONVERSATION", "AGE", "TOKENS"), recent)]
    if wrong:
        lines += ["", wrong]
    cli.show(status, "\n".join(lines))
    return Exit.OK if status.get("ready", True) else Exit.FAILED
