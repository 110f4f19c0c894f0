"""`homarus run`: the gateway in the foreground."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import click

from appliance.cli.exits import Exit
from appliance.cli.launch import end_on_hangup, gateway_argv, gateway_environ, ready, talk_beside
from appliance.cli.session import CliSession, on_terminal
from appliance.cli.system import leave_root


@click.command(short_help="Run the gateway in the foreground, with a chat on a terminal.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="TCP port instead of the configured one; 0 takes a free one."
)
@click.option("--chat/--no-chat", "chat", default=None, help="Chat in this window too (default: on a terminal).")
@click.pass_obj
def command(cli: CliSession, port: int | None, chat: bool | None) -> int:
    """Run the gateway in the foreground; on a terminal also chat in this window.

    Ctrl-D ends the chat and the gateway. Without a terminal, or with --no-chat, it only serves and Ctrl-C ends it.
    """
    if chat is None:
        chat = on_terminal()
    elif chat and not on_terminal():
        raise click.UsageError("--chat needs a terminal.")
    leave_root(cli)
    if chat:
        return _with_chat(cli.at_home(), port)
    # The gateway must not carry the command line's modules: it takes the place of this process.
    os.execve(sys.executable, gateway_argv(port), gateway_environ())


def _with_chat(cli: CliSession, port: int | None) -> int:
    argv = [*gateway_argv(port), "--quiet"]
    # Its own session: Ctrl-C belongs to the chat.
    with end_on_hangup(), subprocess.Popen(argv, env=gateway_environ(), start_new_session=True) as gateway:
        try:
            if not ready(cli, gateway):
                if gateway.wait() == Exit.HELD:
                    click.echo("`homarus chat` talks to the gateway that runs already.", err=True)
                return gateway.returncode or Exit.FAILED
            click.echo("Homarus is ready. Type a request, for example: set a timer for ten minutes. Ctrl-D ends.")
            return talk_beside(cli, gateway)
        finally:
            if gateway.poll() is None:
                gateway.send_signal(signal.SIGTERM)
