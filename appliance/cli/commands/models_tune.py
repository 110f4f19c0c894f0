"""`homarus models tune`: measure how this box runs its model best, or show what was found."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from appliance.cli.exits import Exit
from appliance.cli.models.tuned import tuned
from appliance.cli.session import CliSession

_POLL_S = 0.3
_WORDS = {"waiting": "waits until nobody talks", "measuring": "measures"}


@click.command("tune")
@click.option("--seconds", type=click.FloatRange(5, 900), help="How long to measure; 60 by default.")
@click.option("--show", is_flag=True, help="Only show what was found before.")
@click.pass_obj
def tune(cli: CliSession, seconds: float | None, show: bool) -> int:
    """Measure for a minute how this box runs its model best; the engine then uses it.

    The box goes on answering: whoever talks meanwhile goes first.
    """
    if show:
        answer = cli.call("homarus.models.tuning", {})
        cli.show(answer, tuned(answer))
        return Exit.OK
    state = cli.call("homarus.models.tune", {"seconds": seconds})
    with click.progressbar(length=100, label=state.get("file", ""), file=sys.stderr, hidden=cli.as_json) as bar:
        while state["state"] in _WORDS:
            time.sleep(_POLL_S)
            state = cli.call("homarus.models.tuning", {})
            bar.label = _label(state)
            if state["of"]:
                bar.update(min(100, 100 * state["done"] // state["of"]) - bar.pos)
    if state["state"] == "done":
        cli.show(state, tuned(state))
        return Exit.OK
    click.echo(
        json.dumps(state) if cli.as_json else f"homarus: {state.get('error', 'it was not tuned')}", err=not cli.as_json
    )
    return Exit.FAILED


def _label(state: dict[str, Any]) -> str:
    doing = f" {state['doing']}" if state["state"] == "measuring" and "doing" in state else ""
    return f"{state.get('file', '')} {_WORDS.get(state['state'], state['state'])}{doing}"
