"""`homarus pair`: a code on the screen that lets a phone, a browser or a node in."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys

import click

from appliance.cli.exits import Exit
from appliance.cli.pairing.code import PairCode, request
from appliance.cli.session import CliSession, on_terminal
from appliance.foundation.clock import SystemClock

_PROFILES = click.Choice(["full", "limited", "node", "voice-node", "control-ui"])
_CALL_TIMEOUT_S = 30.0


@click.command()
@click.option(
    "--profile",
    type=_PROFILES,
    help="What the device may do: full (default), limited (no settings, no other devices), node (nobody talks with "
    "it), control-ui (a browser only).",
)
@click.option("--url", metavar="URL", help="The address that the device uses: a tunnel or a forwarded port.")
@click.option("--no-qr", is_flag=True, help="Draw no codes: link and text only.")
@click.option("--wait/--no-wait", default=None, help="Wait for the device; the default on a terminal.")
@click.pass_obj
def command(cli: CliSession, profile: str | None, url: str | None, no_qr: bool, wait: bool | None) -> int:
    """Show a code that lets a phone, a browser or a node in: once, within ten minutes.

    Scan it with the app, scan the second one with the camera of any phone, or paste the code. With --json:
    setupCode, url, expiresAtMs; then it does not wait.
    """
    if cli.as_json or not (on_terminal() if wait is None else wait):
        reach = cli.call("homarus.reach", {})
        answer = cli.call("device.pair.setupCode", request(reach, profile, url))
        code = PairCode(answer, reach, own_url=url is not None, page_only=profile == "control-ui")
        cli.show(code.document(), "" if cli.as_json else _page(code, no_qr=no_qr))
        return Exit.OK
    try:
        return asyncio.run(_show_and_wait(cli, profile, url, no_qr=no_qr))
    except KeyboardInterrupt:
        click.echo("\nNot waiting any more; the code itself works until its time is over.", err=True)
        return Exit.INTERRUPTED


async def _show_and_wait(cli: CliSession, profile: str | None, url: str | None, *, no_qr: bool) -> int:
    from appliance.cli.pairing.waiting import wait_for  # the WebSocket stack: the short way does without it
    from appliance.client.connection import connect

    async with connect(cli.target) as connection:
        reach = await connection.call("homarus.reach", {}, timeout_s=_CALL_TIMEOUT_S)
        wanted = request(reach, profile, url)
        answer = await connection.call("device.pair.setupCode", wanted, timeout_s=_CALL_TIMEOUT_S)
        click.echo(
            _page(PairCode(answer, reach, own_url=url is not None, page_only=profile == "control-ui"), no_qr=no_qr)
        )
        click.echo("\nWaiting for the device … (Ctrl-C stops waiting)")
        return await wait_for(connection, answer["setupId"], answer["expiresAtMs"], SystemClock(), click.echo)


def _page(code: PairCode, *, no_qr: bool) -> str:
    draws = not no_qr and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size().columns if draws else None
    return code.text(columns=columns, now_ms=SystemClock().now_ms())
