"""Publishing through the avahi daemon, which owns the host name, follows interfaces and settles conflicts."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from appliance.discovery.beacon import SERVICE_TYPE, Beacon
from appliance.foundation.errors import ApplianceError

_SOCKET: Final = Path("/run/avahi-daemon/socket")
_TOOL: Final = "avahi-publish-service"
_ESTABLISHED: Final = b"Established under name '"


class PublishError(ApplianceError):
    """Nothing could be announced."""

    code = "not_announced"


def tool(socket: Path = _SOCKET) -> str | None:
    """Return the path of avahi's publisher where the daemon runs and the tool is installed (avahi-utils)."""
    try:
        runs = stat.S_ISSOCK(os.stat(socket).st_mode)
    except OSError:
        return None
    return shutil.which(_TOOL) if runs else None


def arguments(path: str, beacon: Beacon) -> list[str]:
    """Return the command: the instance, the type, the port, one argument per TXT pair."""
    pairs = [f"{key}={value}" for key, value in beacon.txt.items()]
    return [path, "--", beacon.instance, SERVICE_TYPE, str(beacon.port), *pairs]


async def publish(path: str, beacon: Beacon, told: Callable[[str], None]) -> None:
    """Publish until cancelled; `told` hears the name each time it stands. Raises PublishError when avahi ends it."""
    process = await asyncio.create_subprocess_exec(
        *arguments(path, beacon),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    last = b""
    try:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            last = line.strip()
            if last.startswith(_ESTABLISHED):
                told(last.removeprefix(_ESTABLISHED).rstrip(b"'").decode("utf-8", "replace"))
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    raise PublishError(f"avahi does not publish any more: {last.decode('utf-8', 'replace') or 'no reason given'}")
