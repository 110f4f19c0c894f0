"""The gateway as a service of systemd: installed, enabled, started, and asked whether it answers.

As root for the whole system, under a user of its own; without root for this person. A second time changes nothing.
"""

from __future__ import annotations

import getpass
import grp
import pwd
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from appliance.cli.onboarding.units import (
    CODE,
    SOCKETS,
    SYSTEM_STATE,
    TARGET,
    UNIT,
    Place,
    ServiceError,
    is_root,
    outdated,
    place_for,
    read,
    wanted,
)
from appliance.cli.session import CliSession
from appliance.client.errors import ClientError, GatewayAway
from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import SystemClock
from appliance.foundation.paths import StatePaths
from appliance.host.running.commands import Run, last_line, run_command

__all__ = ["UNIT", "Place", "Run", "ServiceError", "install", "must", "place_for", "run_command", "served_by"]

USER: Final = "homarus"
GROUP: Final = "homarus-admin"
_RUNNING: Final = Path("/run/systemd/system")
_PRIVATE: Final = ("/home", "~root", "/run/user", "/tmp", "/var/tmp")
_READY_S: Final = 90.0
_NAMED: Final = 3  # files that are named one by one

Say = Callable[[str], None]


def install(cli: CliSession, say: Say, *, place: Place | None = None, run: Run = run_command) -> CliSession:
    """Install, enable and start the service, and say each thing that was done; return how to reach it.

    Raises ServiceError.
    """
    place = place or place_for(cli.environ, root_user=is_root())
    _needs_systemd(place, run)
    served = served_by(cli, place)
    _nobody_else(served, place, run)
    if place.system:
        _needs_reach()
    changed = _written(cli, place, run, say)
    if place.system:
        _users(place, run, say)
    if changed:
        must(run, place.systemctl("daemon-reload"))
    names = [*SOCKETS, UNIT, TARGET] if place.system else [UNIT]
    must(run, place.systemctl("enable", *names))
    say(f"enabled {UNIT}: it starts with {'the box' if place.system else 'your session'}")
    running = run(place.systemctl("is-active", UNIT)).returncode == 0
    if changed or not running:
        must(run, place.systemctl("restart", *names), place)
        say(f"{'restarted' if running else 'started'} {UNIT}")
    if not place.system:
        _linger(run, say)
    _answers(served, place)
    say(f"it answers; its state is in {served.paths.root}, its log in `homarus logs`")
    return served


def _needs_systemd(place: Place, run: Run) -> None:
    if not (place.root / _RUNNING.relative_to("/")).is_dir() or shutil.which("systemctl") is None:
        raise ServiceError(
            "This machine does not run systemd, so there is nothing to install. Let what starts programs here run "
            f"`{sys.executable} -P -m appliance gateway-process` with PYTHONPATH={CODE}; "
            "`homarus onboard` without --install-daemon sets the box up."
        )
    if not place.system and run(place.systemctl("show-environment")).returncode != 0:
        raise ServiceError(
            "Your own systemd does not answer: log in as this user (not with su or sudo), or install for the whole box "
            "with `sudo homarus onboard --install-daemon`."
        )


def served_by(cli: CliSession, place: Place) -> CliSession:
    """Return the session that means the gateway of the service."""
    home = cli.at_home()
    if not place.system:
        return home
    state = place.root / SYSTEM_STATE.relative_to("/")
    return replace(home, paths=StatePaths(state, state / "homarus.json5"))


def _nobody_else(served: CliSession, place: Place, run: Run) -> None:
    """A gateway that somebody started in a window holds the state: the service could not."""
    if run(place.systemctl("is-active", UNIT)).returncode == 0:
        return
    try:
        served.call("health", {}, timeout_s=10)
    except (ClientError, TimeoutError):
        return
    pid = served.running_pid()
    raise ServiceError(
        f"A gateway runs already outside of systemd{f' (process {pid})' if pid else ''}: end it, then try again."
    )


def _needs_reach() -> None:
    """The service has a user of its own, who sees no home folders."""
    for path in (CODE, Path(sys.executable).resolve(), Path(sys.executable).parent):
        if any(path.is_relative_to(Path(one).expanduser()) for one in _PRIVATE):
            raise ServiceError(
                f"{path} lies where the service's own user cannot read. Put the program into /opt/homarus and run "
                "`scripts/run` there once; or install for one person: without root, `homarus onboard --install-daemon`."
            )


def _users(place: Place, run: Run, say: Say) -> None:
    """Make the user of the service, the group that administers it, and the folder of the models' sockets."""
    if place.shipped is not None:
        return
    try:
        grp.getgrnam(GROUP)
        pwd.getpwnam(USER)
    except KeyError:
        must(run, ["systemd-sysusers", str(place.sysusers)])
        say(f"made the user {USER} and the group {GROUP}: who is in it administers the box without root")
    must(run, ["systemd-tmpfiles", "--create", str(place.tmpfiles)])


def _written(cli: CliSession, place: Place, run: Run, say: Say) -> bool:
    """Write the units and what is particular to this machine; tell whether anything is another than before."""
    files = wanted(cli.environ, place, _version(run))
    changed = [path for path, text in files.items() if read(path) != text]
    for path in changed:
        _write(path, files[path])
    if len(changed) > _NAMED:
        say(f"wrote {len(changed)} files of the service, most of them into {place.units}")
    else:
        for path in changed:
            say(f"wrote {path}")
    gone = outdated(place, files)
    for path in gone:
        path.unlink()
        say(f"removed {path}, of an older version")
    if not changed and not gone:
        say(f"{place.shipped or place.unit} is as it should be")
    return bool(changed or gone)


def _version(run: Run) -> int:
    """Return the version of systemd, 0 where it does not say."""
    found = re.match(r"systemd (\d+)", run(["systemctl", "--version"]).stdout)
    return int(found[1]) if found else 0


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode(), mode=0o644)
    except OSError as error:
        raise ServiceError(f"{path} cannot be written: {error.strerror}.") from error


def _linger(run: Run, say: Say) -> None:
    user = getpass.getuser()
    if run(["loginctl", "enable-linger", user]).returncode == 0:
        say(f"it runs without a login too (loginctl enable-linger {user})")
    else:
        say(f"it ends when you log out; `sudo loginctl enable-linger {user}` lets it run without a login")


def _answers(served: CliSession, place: Place) -> None:
    """Wait until the gateway of the service answers."""
    clock = SystemClock()
    deadline = clock.monotonic() + _READY_S
    while clock.monotonic() < deadline:
        try:
            served.call("health", {}, timeout_s=5)
            return
        except (GatewayAway, ClientError, TimeoutError):
            time.sleep(0.2)
    raise ServiceError(f"The service started but does not answer. {_look(place)}")


def must(run: Run, argv: Sequence[str], place: Place | None = None) -> None:
    """Run a program that has to work. Raises ServiceError with what it said."""
    done = run(argv)
    if done.returncode != 0:
        look = f" {_look(place)}" if place else ""
        raise ServiceError(f"`{' '.join(argv)}` failed: {last_line(done)}.{look}")


def _look(place: Place) -> str:
    return f"`journalctl {'' if place.system else '--user '}-u {UNIT} -n 30` says why."
