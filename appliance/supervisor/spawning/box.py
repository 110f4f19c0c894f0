"""Which way to start a child holds on this machine: systemd's where it listens for us, else our own."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from appliance.supervisor.spawning.base import Order, Place, Running, Spawner
from appliance.supervisor.spawning.connected import SocketSpawner
from appliance.supervisor.spawning.forked import ForkSpawner

ENGINE_GROUP: Final = "homarus.slice/homarus-engine.slice"
"""The control group of the models that systemd runs; it exists while one runs."""
FOLDER_VARIABLE: Final = "HOMARUS_SPAWN_DIR"
"""Set by the unit of the gateway; without it nothing is looked for, so a second gateway by hand starts its own."""


class BoxSpawner:
    """Starts a child through the socket of its place, or by itself where there is none: scripts/run, a user unit.

    Looked for each time: systemd may have started the socket later.
    """

    def __init__(self, place: Place, environ: Mapping[str, str]) -> None:
        folder = environ.get(FOLDER_VARIABLE, "")
        self._socket = Path(folder) / f"{place}.sock" if folder.startswith("/") else None
        self._forked = ForkSpawner(environ)

    @property
    def way(self) -> Spawner:
        """The way that holds now."""
        if self._socket is not None and _ours(self._socket):
            return SocketSpawner(self._socket)
        return self._forked

    async def spawn(self, order: Order) -> Running:
        """Start it. Raises OSError."""
        return await self.way.spawn(order)


def _ours(path: Path) -> bool:
    """Tell whether a socket is there that only we may use: one of another user is not to be trusted with models."""
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
