"""Taking the service away again: nothing of it stays but the data, and with a yes not even that.

The counterpart of service.install and of scripts/install. An image is not uninstalled; it has a factory reset.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.cli.onboarding.service import GROUP, USER, Run, Say, must, run_command
from appliance.cli.onboarding.units import (
    CODE,
    INSTANCES,
    SOCKETS,
    TARGET,
    UNIT,
    Place,
    ServiceError,
    outdated,
    read,
    wanted,
)
from appliance.foundation.clock import SystemClock
from appliance.foundation.paths import StatePaths
from appliance.storage.lock import StateLock

PROGRAM: Final = Path("/opt/homarus")
MARK: Final = ".installed"  # scripts/install puts it beside a program that it copied
_COMMAND: Final = Path("/usr/local/bin/homarus")
_ANY: Final = 1 << 30  # a version of systemd that knows every setting: each file that an install may have written
_LEFT: Final = ("run/homarus-engine", "run/homarus-spawn", "var/cache/homarus")
_SIGNS: Final = ("homarus.sqlite", "gateway.lock", "gateway.token")


@dataclass(frozen=True, slots=True)
class Removed:
    """What is left: where the data is, or that it is gone as well."""

    state: Path
    purged: bool


def uninstall(
    environ: Mapping[str, str],
    place: Place,
    state: Path,
    say: Say,
    *,
    purge: Callable[[Path], bool] = lambda state: False,
    run: Run = run_command,
) -> Removed:
    """Stop and remove everything of the service, and say each thing; `purge` is asked before the data goes too.

    A second time finds nothing and says so. Raises ServiceError, StateHeldError.
    """
    if place.shipped is not None:
        raise ServiceError("This machine runs the Homarus image and nothing else; `homarus reset` empties the box.")
    goes = state.is_dir() and purge(state)  # asked first: whoever changes their mind has lost nothing
    here = _runs(place)
    if here and (place.unit.exists() or (place.units / TARGET).exists()):
        _stop(place, run, say)
    files = wanted(environ, place, _ANY)
    gone = _remove_files([*files, *outdated(place, files)], place, say)
    if here and gone:
        must(run, place.systemctl("daemon-reload"))
        run(place.systemctl("reset-failed"))
    if place.system:
        _remove_rest(place, say)
    elif (place.root / "var/lib/systemd/linger" / getpass.getuser()).exists():
        # who switched it on first is not known, and other services of this person may need it
        say(f"your services still run without a login; `loginctl disable-linger {getpass.getuser()}` ends that")
    if not gone:
        say("no service is installed here")
    if goes:
        _purge(state, place, run, say)
    if place.system:
        _remove_program(place, say)
    return Removed(state, goes)


def _runs(place: Place) -> bool:
    return (place.root / "run/systemd/system").is_dir() and shutil.which("systemctl") is not None


def _stop(place: Place, run: Run, say: Say) -> None:
    """Stop the gateway first: it tells the people who are connected, and ends its models itself."""
    names = [UNIT, *SOCKETS, TARGET] if place.system else [UNIT]
    must(run, place.systemctl("disable", "--now", *names))
    if place.system:
        run(place.systemctl("stop", *INSTANCES, "homarus.slice"))  # what did not end with its connection
    say(f"stopped and disabled {UNIT}")


def _remove_files(files: list[Path], place: Place, say: Say) -> list[Path]:
    """Remove files of ours and the folders that they leave empty; return those that were there."""
    gone = [path for path in files if read(path) is not None]
    for path in gone:
        try:
            path.unlink()
        except OSError as error:
            raise ServiceError(f"{path} cannot be removed: {error.strerror}.") from error
    for folder in {path.parent for path in files} - {place.units}:
        with contextlib.suppress(OSError):  # somebody else's drop-in is in it
            folder.rmdir()
    if gone:
        say(f"removed {len(gone)} files of the service from {place.units}")
    return gone


def _remove_rest(place: Place, say: Say) -> None:
    """Remove what the service makes for its own use, and the command that points to this program."""
    for name in _LEFT:
        shutil.rmtree(place.root / name, ignore_errors=True)
    command = place.root / _COMMAND.relative_to("/")
    with contextlib.suppress(OSError):
        if command.is_symlink() and Path(os.readlink(command)).is_relative_to(CODE):
            command.unlink()
            say(f"removed {command}")


def _remove_program(place: Place, say: Say) -> None:
    """Remove the copy that scripts/install made; a checkout is its owner's."""
    program = place.root / PROGRAM.relative_to("/")
    if (program / MARK).exists():
        shutil.rmtree(program)
        say(f"removed the program from {program}")
    elif CODE.is_relative_to(program) or not program.exists():
        say(f"the program stays in {CODE}; it is yours to delete")


def _purge(state: Path, place: Place, run: Run, say: Say) -> None:
    """Remove the data, and the user who owned it. Raises ServiceError, StateHeldError."""
    if not any((state / name).exists() for name in _SIGNS) and any(state.iterdir()):
        raise ServiceError(f"{state} does not look like the state of a gateway; look at it and remove it by hand.")
    lock = StateLock.acquire(StatePaths(state, state).lock, now_ms=SystemClock().now_ms())
    try:
        shutil.rmtree(state)
    except OSError as error:
        raise ServiceError(f"{error.filename or state} cannot be removed: {error.strerror}.") from error
    finally:
        lock.release()
    say(f"removed the data in {state}")
    if place.system and run(["userdel", USER]).returncode == 0:
        for group in (USER, GROUP):
            run(["groupdel", group])  # of the first one userdel has often taken care
        say(f"removed the user {USER} and the group {GROUP}")
    elif place.system:
        say(f"the user {USER} and the group {GROUP} stay: userdel of the package passwd removes them")
