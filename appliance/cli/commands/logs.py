"""`homarus logs`: the log of the gateway."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from appliance.cli.session import CliSession
from appliance.foundation.visible import harmless

_POLL_S = 0.5


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what is added, until Ctrl-C.")
@click.option("--lines", "-n", default=100, show_default=True, help="Lines to begin with.")
@click.pass_obj
def command(cli: CliSession, follow: bool, lines: int) -> None:
    """Show the end of the log, or follow it. With --json the lines are printed as they are stored."""
    answer = cli.call("logs.tail", {"limit": lines})
    _print(cli, answer["lines"])
    while follow:
        time.sleep(_POLL_S)
        answer = cli.call("logs.tail", {"cursor": answer["cursor"]})
        if answer.get("reset"):
            click.echo("… the log was rotated …", err=True)
        _print(cli, answer["lines"])


def _print(cli: CliSession, lines: list[str]) -> None:
    for line in lines:
        click.echo(line if cli.as_json else harmless(readable(line)))


def readable(line: str) -> str:
    """Return a stored line for a person: time, level, who, what, facts."""
    try:
        record: Any = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict):
        return line
    known = ("time", "level", "logger", "message", "error")
    time_, level, logger, message, error = (str(record.get(name, "")) for name in known)
    facts = "".join(f" {name}={value}" for name, value in record.items() if name not in known)
    text = f"{time_} {level:7} {logger.removeprefix('appliance.')}: {message}{facts}"
    return f"{text}\n{error}" if error else text
