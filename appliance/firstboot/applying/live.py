"""What the running system is told at each boot, as /etc is read-only: its name, its owner, its radio, its keyboard."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.firstboot.applying import owner
from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.applying.plan import COUNTRY, KEYBOARD
from appliance.foundation.filetrouble import told

_MODULE: Final = "run/modprobe.d/homarus-wifi.conf"
_ADMINS: Final = f"{owner.GROUP}:"
_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class System:
    """The hands of the first boot. `run` returns the status of a program, None where it is not installed."""

    root: Path
    set_hostname: Callable[[str], None]
    run: Callable[[Sequence[str]], int | None]
    chown: Callable[[Path, int], None] = lambda path, uid: os.chown(path, uid, uid)


def tell(system: System, name: str, trouble: list[str]) -> Iterator[str]:
    """Tell everything; yield what is worth a line in the journal, and add to `trouble` what a box needs and has not."""
    for step in (_hostname, _account, _radio, _keys):
        try:
            yield from step(system, name)
        except OSError as error:
            trouble.append(told(error))


def _hostname(system: System, name: str) -> Iterator[str]:
    system.set_hostname(name)
    yield from ()


def _account(system: System, _: str) -> Iterator[str]:
    """The records of the owner, and a home that lasts."""
    kept = _text(system.root / owner.FILE)
    if not kept:
        return
    login = owner.decode(kept.encode())
    if login is None:
        yield "The account of the owner is damaged. Put a homarus.toml with [ssh] on the card again."
        return
    admins = [one.split(":") for one in _text(system.root / "etc/group").splitlines() if one.startswith(_ADMINS)]
    gid = int(admins[0][2]) if admins and len(admins[0]) > 2 and admins[0][2].isdigit() else None
    for act in owner.at_boot(login, gid):
        do(system.root, act)
    home = system.root / owner.HOME.lstrip("/") / login.name
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700)
    if not home.is_symlink():
        system.chown(home, owner.UID)


def _radio(system: System, _: str) -> Iterator[str]:
    """The country, for a module that is loaded later and for one that is there already."""
    country = _text(system.root / COUNTRY)
    if not country:
        return
    do(system.root, Put(_MODULE, f"options cfg80211 ieee80211_regdom={country}\n".encode()))
    if system.run(["iw", "reg", "set", country]) not in (0, None):
        yield f"The radio did not take the country {country}; channels of other countries may be missing."


def _keys(system: System, _: str) -> Iterator[str]:
    layout = _text(system.root / KEYBOARD)
    if not layout:
        return
    status = system.run(["loadkeys", layout])
    if status is None:
        yield "The keyboard of the screen stays as it is: this system has no loadkeys."
    elif status != 0:
        yield f'The keyboard layout "{layout}" could not be loaded; write another one in homarus.toml.'


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
