"""The files of the service: units as they are shipped, and a drop-in for each that names where the program lies here.

Nothing here changes a machine: what should stand where is computed, whoever installs or removes compares.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import appliance
from appliance.foundation.errors import ApplianceError
from appliance.host.unit_file import argument, setting

UNIT: Final = "homarus-gateway.service"
SOCKETS: Final = ("homarus-engine.socket", "homarus-worker.socket")
TARGET: Final = "homarus.target"
INSTANCES: Final = ("homarus-engine@*.service", "homarus-worker@*.service")
CODE: Final = Path(appliance.__file__).resolve().parents[1]
SYSTEM_STATE: Final = Path("/var/lib/homarus")
# Of systemd/ on a machine that somebody keeps: the rest belongs to the image, where all of the machine is ours.
_SYSTEM: Final = (
    TARGET, "homarus.slice", "homarus-engine.slice", "homarus-workers.slice", UNIT, *SOCKETS,
    "homarus-engine@.service", "homarus-worker@.service",
)  # fmt: skip
# Two drop-ins for all services of ours: the block that they share, and its mask for a node of this machine.
_SHARED: Final = ("homarus-.service.d/10-hardening.conf", "homarus-node.service.d/10-hardening.conf")
_OF_THE_IMAGE: Final = "30-"  # drop-ins from this number on tie a unit to others that only the image has
_NEWER: Final = {"20-credentials.conf": 254}  # settings that an older systemd does not know
_DROP_IN: Final = "10-install.conf"


class ServiceError(ApplianceError):
    """The service cannot be installed, started or removed; the text says what to do instead."""

    code = "service"


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
        return self.units / f"{UNIT}.d" / _DROP_IN

    @property
    def shipped(self) -> Path | None:
        """A unit that came with the system, as in an image: that one is used as it is."""
        path = self.root / "usr/lib/systemd/system" / UNIT
        return path if self.system and path.exists() else None

    @property
    def sysusers(self) -> Path:
        return self.root / "etc/sysusers.d/homarus.conf"

    @property
    def tmpfiles(self) -> Path:
        return self.root / "etc/tmpfiles.d/homarus.conf"

    def systemctl(self, *arguments: str) -> list[str]:
        return ["systemctl", *([] if self.system else ["--user"]), *arguments]


def place_for(environ: Mapping[str, str], *, root_user: bool) -> Place:
    """Return where this person installs."""
    if root_user:
        return Place(True, Path("/etc/systemd/system"))
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Place(False, home / "systemd" / "user")


def wanted(environ: Mapping[str, str], place: Place, systemd: int) -> dict[Path, str]:
    """Return what belongs into each file; nothing where an image ships the units. Raises ServiceError."""
    if place.shipped is not None:
        return {}
    if not place.system:
        return {place.unit: template(f"user/{UNIT}"), place.drop_in: drop_in(environ, place, UNIT)}
    files = {place.sysusers: template("homarus.sysusers.conf"), place.tmpfiles: template("homarus.tmpfiles.conf")}
    for name in _SYSTEM:
        files[place.units / name] = template(name)
        for path in sorted((CODE / "systemd" / f"{name}.d").glob("*.conf")):
            if _NEWER.get(path.name, 0) <= systemd and path.name < _OF_THE_IMAGE:
                files[place.units / path.parent.name / path.name] = template(f"{path.parent.name}/{path.name}")
        if name.endswith(".service"):
            files[place.units / f"{name}.d" / _DROP_IN] = drop_in(environ, place, name)
    return files | {place.units / name: template(name) for name in _SHARED}


def outdated(place: Place, files: Mapping[Path, str]) -> list[Path]:
    """Return files of ours that an older version wrote and that stand no more in `files`."""
    if not place.system:
        return []
    folders = {place.units / f"{name}.d" for name in _SYSTEM} | {place.units / Path(name).parent for name in _SHARED}
    known = {path.name for path in (CODE / "systemd").rglob("*.d/*.conf")}
    found = [path for folder in sorted(folders) for path in sorted(folder.glob("*.conf"))]
    return [path for path in found if path not in files and path.name in known]


def drop_in(environ: Mapping[str, str], place: Place, name: str) -> str:
    """Return where the program of the service `name` lies; for one person also which state was meant."""
    lines = [
        "# Written by `homarus onboard --install-daemon`.",
        "[Service]",
        "ExecStart=",
        f"ExecStart={argument(sys.executable)} {_arguments(name if place.system else f'user/{name}')}",
        f"Environment={setting(f'PYTHONPATH={CODE}')}",
    ]
    if place.system:
        engine = environ.get("HOMARUS_ENGINE_DIR") or CODE / ".venv-engine"
        lines.append(f"Environment={setting(f'HOMARUS_ENGINE_DIR={engine}')}")
    else:
        named = {key: environ[key] for key in ("HOMARUS_STATE_DIR", "HOMARUS_CONFIG") if key in environ}
        lines += [f"Environment={setting(f'{key}={Path(value).absolute()}')}" for key, value in named.items()]
    return "\n".join([*lines, ""])


def _arguments(name: str) -> str:
    """Return what follows the interpreter in the command of a unit."""
    found = re.search(r"^ExecStart=\S+ (-P .*)$", template(name), flags=re.MULTILINE)
    if found is None:
        raise ServiceError(f"{CODE / 'systemd' / name} starts no program of ours: fetch this installation again.")
    return found[1]


def template(name: str) -> str:
    """Return a file of systemd/. Raises ServiceError."""
    path = CODE / "systemd" / name
    text = read(path)
    if text is None:
        raise ServiceError(f"{path} is missing: this installation is not complete. Fetch it again.")
    return text


def read(path: Path) -> str | None:
    """Return the text of a file, None where there is none. Raises OSError."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def is_root() -> bool:
    """Tell whether this is root, who installs for the whole machine."""
    return os.geteuid() == 0
