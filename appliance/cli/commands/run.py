"""`homarus run`: the gateway in the foreground."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

import appliance
from appliance.cli.exits import Exit
from appliance.cli.session import CliSession, on_terminal
from appliance.foundation.clock import SystemClock

_START_TIMEOUT_S = 60.0


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
    if chat:
        return _with_chat(cli.at_home(), port)
    # The gateway must not carry the command line's modules: it takes the place of this process.
    os.execve(sys.executable, _gateway_argv(port), _gateway_environ())


def _gateway_argv(port: int | None) -> list[str]:
    # -P: the folder that somebody happens to stand in must not be a source of modules.
    argv = [sys.executable, "-P", "-m", "appliance", "gateway-process"]
    return argv if port is None else [*argv, "--port", str(port)]


def _gateway_environ() -> dict[str, str]:
    """Return the environment in which the gateway finds this very code, wherever the command was typed."""
    found = [str(Path(appliance.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in found if one)}


def _with_chat(cli: CliSession, port: int | None) -> int:
    from appliance.cli.commands.chat import talk

    argv = [*_gateway_argv(port), "--quiet"]
    # Its own session: Ctrl-C belongs to the chat.
    with _end_on_hangup(), subprocess.Popen(argv, env=_gateway_environ(), start_new_session=True) as gateway:
        try:
            if not _ready(cli, gateway):
                if gateway.wait() == Exit.HELD:
                    click.echo("`homarus chat` talks to the gateway that runs already.", err=True)
                return gateway.returncode or Exit.FAILED
            click.echo("Homarus is ready. Type a request, for example: set a timer for ten minutes. Ctrl-D ends.")
            return asyncio.run(talk(cli, "main", 0))
        finally:
            if gateway.poll() is None:
                gateway.send_signal(signal.SIGTERM)


@contextmanager
def _end_on_hangup() -> Iterator[None]:
    """Take the gateway down too when the window is closed or this process is told to end."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ready(cli: CliSession, gateway: subprocess.Popen[bytes]) -> bool:
    """Wait until this gateway answers; False when it ended instead (it has said why)."""
    from appliance.client.errors import ClientError

    clock = SystemClock()
    deadline = clock.monotonic() + _START_TIMEOUT_S
    while gateway.poll() is None and clock.monotonic() < deadline:
        try:
            if cli.running_pid() == gateway.pid:
                cli.call("health", {}, timeout_s=5)
                return True
        except (ClientError, TimeoutError):
            pass
        time.sleep(0.05)
    if gateway.poll() is None:
        click.echo("homarus: The gateway did not become ready. `homarus logs` says more.", err=True)
        gateway.terminate()
    return False
