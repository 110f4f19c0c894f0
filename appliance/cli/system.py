"""The gateway that this system runs, for commands about its files: where its state lies and whose it is."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from appliance.cli.session import CliSession
from appliance.foundation.errors import ApplianceError
from appliance.foundation.paths import StatePaths
from appliance.host.box import read_box
from appliance.host.running.systemctl import GATEWAY, SYSTEM_STATE


class NotYours(ApplianceError):
    """The files belong to the system's gateway, and this user may not read them."""

    code = "not_yours"


def at_files(cli: CliSession, state: Path = SYSTEM_STATE) -> CliSession:
    """Return the invocation for the state that lies on this machine: the own one, else that of the system.

    Raises NotYours where there is only that of the system and this user cannot look into it.
    """
    cli = cli.at_home()
    if "HOMARUS_STATE_DIR" in cli.environ or cli.paths.root.exists() or not state.exists():
        return cli
    if not os.access(state, os.R_OK | os.X_OK):
        raise NotYours(f"The state of this box in {state} is not yours to read: run the same with sudo.")
    return replace(cli, paths=StatePaths(state, state / "homarus.json5"))


class RootsGateway(ApplianceError):
    """A gateway was to be run with the rights of root; the text says what to do instead."""

    code = "root"


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """Do something as the user who owns a folder, where root asks for it: what is made there is then theirs.

    No program may be started inside: the real user stays root, and it would have that way back.
    """
    try:
        about = folder.stat()
    except FileNotFoundError:
        about = None
    if about is None or os.geteuid() != 0 or about.st_uid == 0:
        yield
        return
    groups = os.getgroups()
    os.setgroups(_groups(about.st_uid, about.st_gid))
    os.setegid(about.st_gid)
    os.seteuid(about.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def become_owner(folder: Path) -> None:
    """Become the user who owns a folder, for good, where root runs this; nothing where it is root's own or missing."""
    with as_owner(folder):
        user, group, groups = os.geteuid(), os.getegid(), os.getgroups()
    if user != os.geteuid():
        os.setgroups(groups)
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


def leave_root(cli: CliSession, machine: Path = Path("/")) -> None:
    """Become the owner of the state, before a gateway is started: it reads what strangers write, and runs tools.

    Raises RootsGateway where root would run it and has somebody else for that: on a box, on a machine that has the
    service, and with sudo. Where root is alone, as in a container, or names a state directory, it may.
    """
    become_owner(cli.paths.root)
    if os.geteuid() != 0:
        return
    served = read_box(machine) is not None
    if "HOMARUS_STATE_DIR" not in cli.environ:
        served = served or (machine / SYSTEM_STATE.relative_to("/")).exists()
        if not served and cli.environ.get("SUDO_UID", "0") != "0":
            raise RootsGateway(
                "A gateway must not run as root: run the same without sudo, or install the service of this machine "
                "(`homarus gateway install`)."
            )
    if served:
        raise RootsGateway(
            f"A gateway must not run as root, and this machine has a service for it: `systemctl start {GATEWAY}` "
            "starts it, `homarus logs` says why it ended."
        )


def _groups(user: int, group: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
    except KeyError:
        return [group]
