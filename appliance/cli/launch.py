"""A gateway that a command starts: its command line, its environment, and waiting until it answers."""

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
from appliance.cli.session import CliSession
from appliance.foundation.clock import SystemClock

_START_TIMEOUT_S = 60.0


def gateway_argv(port: int | None) -> list[str]:
    """Return what starts a gateway in the foreground."""
    # -P: the folder that somebody happens to stand in must not be a source of modules.
    argv = [sys.executable, "-P", "-m", "appliance", "gateway-process"]
    return argv if port is None else [*argv, "--port", str(port)]


def gateway_environ() -> dict[str, str]:
    """Return the environment in which the gateway finds this very code, wherever the command was typed."""
    found = [str(Path(appliance.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in found if one)}


@contextmanager
def end_on_hangup() -> Iterator[None]:
    """Take the gateway down too when the window is closed or this process is told to end."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ready(cli: CliSession, gateway: subprocess.Popen[bytes]) -> bool:
    """Wait until this gateway answers; False when it ended instead (it has said why)."""
    from appliance.client.errors import ClientError

    clock = SystemClock()
    deadline = clock.monotonic() + _START_TIMEOUT_S
    while gateway.poll() is None and clock.monotonic() < deadline:
        try:
            # On a disk without a free block there is no file that says who serves; who holds the state still stands.
            if gateway.pid in (cli.running_pid(), cli.holder_pid()):
                cli.call("health", {}, timeout_s=5)
                return True
        except (ClientError, TimeoutError):
            pass
        time.sleep(0.05)
    if gateway.poll() is None:
        click.echo("homarus: The gateway did not become ready. `homarus logs` says more.", err=True)
        gateway.terminate()
    return False


def talk_beside(cli: CliSession, gateway: subprocess.Popen[bytes]) -> int:
    """Chat in this window with the gateway that it runs, also after that began anew; return the exit code."""
    from appliance.cli.commands.chat import talk

    while True:
        status = asyncio.run(talk(cli, "main", 0))
        if status != Exit.AWAY or not ready(cli, gateway):
            return status
        click.echo("Homarus is there again.")
