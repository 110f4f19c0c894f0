"""How this program starts itself again as another process, wherever it lies."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def command(*arguments: str) -> list[str]:
    """Return the command line of `homarus ARGUMENTS`; the folder that somebody stands in is no place to import from."""
    return [sys.executable, "-P", "-m", "appliance", *arguments]


def environment(environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return the variables for it: where the code lies, and nothing by which systemd would take it for its parent."""
    import appliance

    own = str(Path(appliance.__file__).parent.parent)
    named = filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))
    kept = {name: value for name, value in environ.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    return {**kept, "PYTHONPATH": os.pathsep.join(dict.fromkeys([own, *named])), **more}
