"""The gateway as a process: arguments, lock, log, signals, exit status."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping

import uvloop

from appliance.config.errors import IssueSeverity, Refused
from appliance.config.load import load
from appliance.config.schema import Config
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.paths import StatePaths
from appliance.host.credentials import with_credentials
from appliance.host.systemd import Notifier
from appliance.storage.copies.unfinished import unfinished
from appliance.storage.lock import StateLock
from appliance.telemetry.log import configure
from appliance.telemetry.redact import Redactor

_log = logging.getLogger(__name__)
# sysexits.h: systemd must not try again what needs the owner (RestartPreventExitStatus=78).
EXIT_CONFIG = 78
EXIT_FAILED = 1
EXIT_HELD = 7
_LEVELS = {"silent": "CRITICAL", "fatal": "CRITICAL", "warn": "WARNING", "trace": "DEBUG"}
# Two gateways, and every command of this machine would go to the other one.
_ELSEWHERE = (
    "gateway.mode is remote: this machine uses the gateway of gateway.remote.url and runs none of its own. "
    "To run one here: `homarus config set gateway.mode local`."
)


def main(arguments: list[str]) -> int:
    """Run the gateway until SIGTERM or SIGINT; return the exit status."""
    options = _options().parse_args(arguments)
    environ = with_credentials(os.environ)
    paths = StatePaths.from_environment(environ)
    clock = SystemClock()
    try:
        os.umask(0o077)
        paths.create()
        lock = StateLock.acquire(paths.lock, now_ms=clock.now_ms())
    except OSError as error:
        return _refuse(
            f"{paths.root} cannot be used: {error.strerror}. Name another one in HOMARUS_STATE_DIR.", EXIT_FAILED
        )
    except ApplianceError as error:
        return _refuse(str(error), EXIT_HELD if error.code == "state_held" else EXIT_FAILED)
    if (reason := unfinished(paths.root)) is not None:
        lock.release()
        return _refuse(reason, EXIT_CONFIG)
    loaded = load(paths.config, environ)
    config = loaded.config
    if not isinstance(config.gateway, Refused) and config.gateway.mode == "remote":
        lock.release()
        return _refuse(_ELSEWHERE, EXIT_CONFIG)
    redact = Redactor()
    configure(paths.logs, _level(config), environ, redact, terminal=None if options.quiet else sys.stderr)
    for issue in loaded.issues:
        if issue.severity is IssueSeverity.ERROR:
            # What depends on it stays shut, and whoever started the gateway here must not have to guess why.
            _log.error("%s: %s. `homarus doctor` says what does not start", paths.config, issue)
    again = False
    try:
        again = uvloop.run(_serve(paths, environ, clock, redact, lock, options.port))
    except ApplianceError as error:
        _log.error("%s", error)
        return _refuse(str(error), EXIT_CONFIG if error.code.startswith("config") else EXIT_FAILED)
    finally:
        lock.release()
    if again:
        # The same process: whoever started it (a terminal, systemd) keeps its hold on it.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return 0


async def _serve(
    paths: StatePaths,
    environ: Mapping[str, str],
    clock: SystemClock,
    redact: Redactor,
    lock: StateLock,
    port: int | None,
) -> bool:
    """Serve until the end; tell whether it is to begin anew."""
    from appliance.daemon.gateway import Gateway

    gateway = Gateway(paths, environ, clock=clock, redact=redact, port=port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, gateway.stop)
    try:
        await gateway.start(lock)
        await gateway.run()
    finally:
        await gateway.aclose()
    return gateway.restarting


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="homarus run", description="Run the gateway.")
    parser.add_argument("--port", type=int, help="TCP port instead of the configured one; 0 takes a free one")
    parser.add_argument("--quiet", action="store_true", help="log to the file only")
    return parser


def _level(config: Config) -> str:
    level = "info" if isinstance(config.logging, Refused) else config.logging.level
    return _LEVELS.get(level, level.upper())


def _refuse(text: str, status: int) -> int:
    print(f"homarus: {text}", file=sys.stderr)
    with contextlib.suppress(OSError):  # systemd went away: nobody there to be told
        Notifier().failed(text)  # the screen of a box shows it: there is no gateway to ask
    return status
