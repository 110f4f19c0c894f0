"""The gateway as a service of systemd: installed, enabled, started, and asked whether it answers.

As root for the whole system, under a user of its own; without root for this person. A second time changes nothing.
"""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import appliance
from appliance.cli.session import CliSession
from appliance.client.errors import ClientError, GatewayAway
from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.paths import StatePaths
from appliance.host.unit_file import argument, setting

UNIT: Final = "homarus-gateway.service"
USER: Final = "homarus"
GROUP: Final = "homarus-admin"
SYSTEM_STATE: Final = Path("/var/lib/homarus")
_CODE: Final = Path(appliance.__file__).resolve().parents[1]
_RUNNING: Final = Path("/run/systemd/system")
_PRIVATE: Final = ("/home", "~root", "/run/user", "/tmp", "/var/tmp")
_READY_S: Final = 90.0
_COMMAND_S: Final = 120.0


class ServiceError(ApplianceError):
    """The service cannot be installed or does not start; the text says what to do instead."""

    code = "service"


Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
Say = Callable[[str], None]


def run_command(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_COMMAND_S)
    except FileNotFoundError:
        return subprocess.CompletedProcess(argv, 127, "", f"{argv[0]} is not there")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", f"{argv[0]} did not end within {_COMMAND_S:g} seconds")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit goes, and which manager knows it. `root` stands before paths of the system, for tests."""

    system: bool
    units: Path
    root: Path = Path("/")

    @property
    def unit(self) -> Path:
        return self.units / UNIT

    @property
    def drop_in(self) -> Path:
        return self.units / f"{UNIT}.d" / "10-install.conf"

    @property
    def shipped(self) -> Path | None:
        """A unit that came with the system, as in an image: that one is used as it is."""
        path = self.root / "usr/lib/systemd/system" / UNIT
        return path if self.system and path.exists() else None

    def systemctl(self, *arguments: str) -> list[str]:
        return ["systemctl", *([] if self.system else ["--user"]), *arguments]


def place_for(environ: dict[str, str], *, root_user: bool) -> Place:
    """Return where this person installs."""
    if root_user:
        return Place(True, Path("/etc/systemd/system"))
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Place(False, home / "systemd" / "user")


def install(cli: CliSession, say: Say, *, place: Place | None = None, run: Run = run_command) -> CliSession:
    """Install, enable and start the service, and say each thing that was done; return how to reach it.

    Raises ServiceError.
    """
    place = place or place_for(dict(cli.environ), root_user=os.geteuid() == 0)
    _needs_systemd(place, run)
    served = _served(cli, place)
    _nobody_else(served, place, run)
    if place.system:
        _needs_reach()
        _users(place, run, say)
    changed = _written(cli, place, say)
    if changed:
        _must(run, place.systemctl("daemon-reload"))
    _must(run, place.systemctl("enable", UNIT))
    say(f"enabled {UNIT}: it starts with {'the box' if place.system else 'your session'}")
    running = run(place.systemctl("is-active", UNIT)).returncode == 0
    if changed or not running:
        _must(run, place.systemctl("restart", UNIT), place)
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
            f"`{sys.executable} -P -m appliance gateway-process` with PYTHONPATH={_CODE}; "
            "`homarus onboard` without --install-daemon sets the box up."
        )
    if not place.system and run(place.systemctl("show-environment")).returncode != 0:
        raise ServiceError(
            "Your own systemd does not answer: log in as this user (not with su or sudo), or install for the whole box "
            "with `sudo homarus onboard --install-daemon`."
        )


def _served(cli: CliSession, place: Place) -> CliSession:
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
    for path in (_CODE, Path(sys.executable).resolve(), Path(sys.executable).parent):
        if any(path.is_relative_to(Path(one).expanduser()) for one in _PRIVATE):
            raise ServiceError(
                f"{path} lies where the service's own user cannot read. Put the program into /opt/homarus and run "
                "`scripts/run` there once; or install for one person: without root, `homarus onboard --install-daemon`."
            )


def _users(place: Place, run: Run, say: Say) -> None:
    """Make the user of the service and the group that administers it."""
    try:
        grp.getgrnam(GROUP)
        pwd.getpwnam(USER)
        return
    except KeyError:
        pass
    target = place.root / "etc/sysusers.d/homarus.conf"
    _write(target, _template("homarus.sysusers.conf"))
    _must(run, ["systemd-sysusers", str(target)])
    say(f"made the user {USER} and the group {GROUP}: who is in it administers the box without root")


def _written(cli: CliSession, place: Place, say: Say) -> bool:
    """Write the unit and what is particular to this machine; tell whether anything is another than before."""
    wanted = {} if place.shipped is not None else {place.unit: _unit(place), place.drop_in: drop_in(cli, place)}
    changed = [path for path, text in wanted.items() if _read(path) != text]
    for path in changed:
        _write(path, wanted[path])
        say(f"wrote {path}")
    if not changed:
        say(f"{place.shipped or place.unit} is as it should be")
    return bool(changed)


def _unit(place: Place) -> str:
    return _template(UNIT if place.system else f"user/{UNIT}")


def drop_in(cli: CliSession, place: Place) -> str:
    """Return where the program lies; for one person also which state was meant."""
    lines = [
        "# Written by `homarus onboard --install-daemon`.",
        "[Service]",
        "ExecStart=",
        f"ExecStart={argument(sys.executable)} -P -m appliance gateway-process",
        f"Environment={setting(f'PYTHONPATH={_CODE}')}",
    ]
    if not place.system:
        named = {name: cli.environ[name] for name in ("HOMARUS_STATE_DIR", "HOMARUS_CONFIG") if name in cli.environ}
        lines += [f"Environment={setting(f'{name}={Path(value).absolute()}')}" for name, value in named.items()]
    return "\n".join([*lines, ""])


def _template(name: str) -> str:
    path = _CODE / "systemd" / name
    text = _read(path)
    if text is None:
        raise ServiceError(f"{path} is missing: this installation is not complete. Fetch it again.")
    return text


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


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


def _must(run: Run, argv: Sequence[str], place: Place | None = None) -> None:
    """Run a program that has to work. Raises ServiceError with what it said."""
    done = run(argv)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().rsplit("\n", 1)[-1] or f"status {done.returncode}"
        raise ServiceError(f"`{' '.join(argv)}` failed: {said.rstrip('.')}.{f' {_look(place)}' if place else ''}")


def _look(place: Place) -> str:
    return f"`journalctl {'' if place.system else '--user '}-u {UNIT} -n 30` says why."
