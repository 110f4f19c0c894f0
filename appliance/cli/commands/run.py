"""`homarus run`: the gateway in the foreground."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import click

from appliance.cli.session import CliSession, on_terminal
from appliance.foundation.clock import SystemClock

_START_TIMEOUT_S = 60.0


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="TCP port instead of the configured one; 0 takes a free one."
)
@click.option("--chat/--no-chat", "chat", default=None, help="Chat in this window too (default: on a terminal).")
@click.pass_obj
def command(cli: CliSession, port: int | None, chat: bool | None) -> int:
    """Run the gateway in the foreground; on a terminal also chat in this window.

    Ctrl-D ends the chat and the gateway. Without a terminal, or with --no-chat, it only serves and Ctrl-C ends it.
    """
    if chat if chat is not None else on_terminal():
        return _with_chat(cli, port)
    # The gateway must not carry the command line's modules: it takes the place of this process.
    os.execv(sys.executable, _gateway_argv(port))


def _gateway_argv(port: int | None) -> list[str]:
    argv = [sys.executable, "-m", "appliance", "gateway-process"]
    return argv if port is None else [*argv, "--port", str(port)]


def _with_chat(cli: CliSession, port: int | None) -> int:
    from appliance.cli.commands.chat import talk

    argv = [*_gateway_argv(port), "--quiet"]
    # Its own session: Ctrl-C belongs to the chat.
    with subprocess.Popen(argv, start_new_session=True) as gateway:
        try:
            if not _ready(cli, gateway):
                return gateway.wait()
            click.echo("Homarus is ready. Type a request, for example: set a timer for ten minutes. Ctrl-D ends.")
            return asyncio.run(talk(cli, "main", 0))
        finally:
            if gateway.poll() is None:
                gateway.send_signal(signal.SIGTERM)


def _ready(cli: CliSession, gateway: subprocess.Popen[bytes]) -> bool:
    """Wait until the gateway answers; False when it ended instead (it has said why)."""
    from appliance.client.errors import ClientError

    clock = SystemClock()
    deadline = clock.monotonic() + _START_TIMEOUT_S
    while gateway.poll() is None and clock.monotonic() < deadline:
        try:
            cli.call("health", {}, timeout_s=5)
            return True
        except (ClientError, TimeoutError):
            time.sleep(0.05)
    if gateway.poll() is None:
        click.echo("homarus: The gateway did not become ready. `homarus logs` says more.", err=True)
        gateway.terminate()
        return False
    return False
