"""Where the state of one gateway lives. Every path of the product is named here once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StatePaths:
    """The state directory of one gateway (mode 0700) and what is inside it."""

    root: Path
    config: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> StatePaths:
        """Read HOMARUS_STATE_DIR and HOMARUS_CONFIG; without them `~/.homarus` and `homarus.json5` inside it."""
        home = Path(environ.get("HOME") or Path.home())
        root = Path(environ.get("HOMARUS_STATE_DIR") or home / ".homarus").expanduser().absolute()
        config = Path(environ.get("HOMARUS_CONFIG") or root / "homarus.json5").expanduser().absolute()
        return cls(root, config)

    @property
    def database(self) -> Path:
        return self.root / "homarus.sqlite"

    @property
    def lock(self) -> Path:
        """Held (flock) by the one gateway that owns this state; its text names the holder."""
        return self.root / "gateway.lock"

    @property
    def token(self) -> Path:
        return self.root / "gateway.token"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def engine(self) -> Path:
        """What the local engine keeps: the profile of the tuner, attention states."""
        return self.root / "engine"

    @property
    def learned(self) -> Path:
        """What the embedded model learned on this box; made when it first learns."""
        return self.root / "learned"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def tls(self) -> Path:
        """Certificates of the box and of its authority, with their keys; made when others may connect."""
        return self.root / "tls"

    @property
    def client(self) -> Path:
        """What the command line keeps of gateways elsewhere: its own key, their certificates and tokens."""
        return self.root / "client"

    @property
    def runtime(self) -> Path:
        """Sockets. Short on purpose: a Unix socket path holds 107 bytes."""
        return self.root / "run"

    @property
    def control_socket(self) -> Path:
        return self.runtime / "gateway.sock"

    def create(self) -> None:
        """Make the directories that are missing, private to the owner."""
        inside = (self.runtime, self.blobs, self.models, self.engine, self.logs, self.journal, self.backups)
        for path in (self.root, *inside):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(self.root, 0o700)


def engine_sockets(environ: Mapping[str, str], paths: StatePaths) -> Path:
    """Return the folder of the engines' sockets; on a box one that an engine sees without the rest of the state."""
    folder = environ.get("HOMARUS_ENGINE_SOCKETS", "")
    return Path(folder) if folder.startswith("/") else paths.runtime


ADMIN_SOCKET = Path("/run/homarus/admin.sock")
"""Where members of the admin group find the gateway that the system runs; the state itself is the owner's alone."""


def admin_socket(environ: Mapping[str, str]) -> Path | None:
    """Return where a gateway that systemd runs listens for the admin group; None without a RuntimeDirectory=."""
    folder = environ.get("RUNTIME_DIRECTORY", "").split(":", 1)[0]
    return Path(folder) / ADMIN_SOCKET.name if folder.startswith("/") else None
