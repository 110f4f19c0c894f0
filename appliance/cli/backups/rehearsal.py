"""Letting another process of this program open what was unpacked, as a gateway would."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from appliance.host.running.program import command, environment
from appliance.storage.errors import DamagedError

_TIMEOUT_S: Final = 3600.0


def known_schema() -> tuple[str, ...]:
    """Return the migrations that this version knows. Raises DamagedError where the program is broken."""
    return tuple(str(one) for one in _told(["--schema"], None)["schema"])


def rehearse(room: Path) -> Mapping[str, Any]:
    """Open a state directory that was unpacked; return what is in it. Raises DamagedError with the reason."""
    told = _told([str(room)], room)
    if not told.get("ok"):
        raise DamagedError(f"a gateway could not live on this backup: {told.get('reason')}; take another one")
    return told


def _told(arguments: list[str], room: Path | None) -> Mapping[str, Any]:
    # Root's own folders are nothing to a process that runs as the owner of the state.
    variables = environment(os.environ, **({"HOME": str(room)} if room is not None else {}))
    owner: dict[str, Any] = {}
    if os.geteuid() != os.getuid():
        owner = {"user": os.geteuid(), "group": os.getegid()}  # for good: what it opens came from elsewhere
    done = subprocess.run(
        command("rehearse-state", *arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
        env=variables,
        **owner,
    )
    try:
        value = json.loads(done.stdout)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        said = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        raise DamagedError(f"the backup could not be rehearsed: {said or f'status {done.returncode}'}")
    return value
