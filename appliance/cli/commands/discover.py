"""`homarus discover`: the boxes on this network."""

from __future__ import annotations

import asyncio
import json

import click

from appliance.cli.discovery.rows import row, text
from appliance.cli.session import CliSession
from appliance.discovery.browse import browse


@click.command()
@click.option("--seconds", default=3.0, show_default=True, type=click.FloatRange(0.5, 60), help="How long to listen.")
@click.pass_obj
def command(cli: CliSession, seconds: float) -> None:
    """List the gateways that announce themselves on this network.

    Names come from the network and prove nothing; a device that is paired knows its box by key and certificate.
    """
    found = asyncio.run(browse(seconds))
    if cli.as_json:
        click.echo(json.dumps([row(one) for one in found], ensure_ascii=False, indent=2))
    else:
        click.echo(text(found))
