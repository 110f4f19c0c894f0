"""`homarus console`: what the screen of the box shows, here."""

from __future__ import annotations

import sys
from typing import Any

import click

from appliance.cli.console.facts import gather
from appliance.cli.console.page import Surface, picture
from appliance.cli.console.run import Console, end, keep, key_by_key, surface_of
from appliance.cli.session import CliSession, on_terminal
from appliance.foundation.clock import SystemClock


@click.command()
@click.pass_obj
def command(cli: CliSession) -> None:
    """Show name, addresses, health and a code to pair with, as the screen of the box does.

    Enter shows a new code, q ends. Not on a terminal: once, without a code.
    """

    def ask(method: str, params: dict[str, Any]) -> Any:
        return cli.call(method, params, timeout_s=15)

    if cli.as_json or not on_terminal():
        facts = gather(ask)
        document = {
            "name": facts.name,
            "version": facts.version,
            "pages": list(facts.pages),
            "gateway": facts.gateway or None,
            "devices": facts.devices,
            "problems": [{"text": one.text, "fix": one.fix} for one in facts.problems],
            "update": facts.update or None,
        }
        cli.show(document, picture(facts, None, False, Surface(lines=1000)))
        return

    def write(text: str) -> None:
        click.echo(text, nl=False)

    surface = lambda: surface_of(sys.stdout.fileno(), serial=False, screen=False)  # noqa: E731 - one of four seams
    console = Console(ask, lambda: gather(ask), surface, clock=SystemClock(), write=write, log=lambda _: None)
    with key_by_key(sys.stdin.fileno()):
        try:
            keep(console, sys.stdin.fileno(), ends=True)
        finally:
            end(write)
