"""`homarus discover`: the boxes on this network."""

from __future__ import annotations

import asyncio
import json

import click

from appliance.cli.session import CliSession
from appliance.discovery.beacon import Advert
from appliance.discovery.browse import Found, browse


@click.command()
@click.option("--seconds", default=3.0, show_default=True, type=click.FloatRange(0.5, 60), help="How long to listen.")
@click.pass_obj
def command(cli: CliSession, seconds: float) -> None:
    """List the gateways that announce themselves on this network.

    Names come from the network and prove nothing; a device that is paired knows its box by key and certificate.
    """
    found = asyncio.run(browse(seconds))
    if cli.as_json:
        click.echo(json.dumps([_row(one) for one in found], ensure_ascii=False, indent=2))
    elif not found:
        click.echo("Nobody answers. On the box `homarus pair` says how to come in without being found.")
    else:
        click.echo("\n".join(_lines(found)))


def _row(one: Found) -> dict[str, object]:
    said: Advert = one.advert
    return {
        "instance": one.instance,
        "displayName": said.display_name,
        "host": one.host,
        "urls": list(one.urls),
        "tls": said.tls,
        "tlsSha256": said.fingerprint,
        "tailnetName": said.tailnet_name or None,
    }


def _lines(found: list[Found]) -> list[str]:
    lines = []
    for one in found:
        lines.append(click.style(one.advert.display_name or one.instance, bold=True) + f"  {one.host}")
        lines += [f"  {url}" for url in one.urls]
        if one.advert.fingerprint:
            lines.append(f"  certificate {one.advert.fingerprint[:16]}… (as it says; a setup code proves it)")
    lines.append("To join one from here: `homarus node run --pair CODE`, with the code of its `homarus pair`.")
    return lines
