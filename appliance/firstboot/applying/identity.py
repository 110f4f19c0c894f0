"""The name of a box, made once and kept on the data partition."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.applying.plan import HOSTNAME

_MACHINE_ID: Final = "etc/machine-id"
_PREFIX: Final = "homarus"


def default_name(root: Path, draw: Callable[[], str]) -> str:
    """Return a host name with four digits of the machine's id; two boxes must not fight over one `.local` name.

    Where the machine has no id yet, `draw` gives the digits.
    """
    try:
        machine = (root / _MACHINE_ID).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        machine = ""
    tail = machine[-4:] if re.fullmatch(r"[0-9a-f]{32}", machine) else draw()[:4].lower()
    return f"{_PREFIX}-{tail}"


def named(root: Path, draw: Callable[[], str]) -> str:
    """Return the name of this box; the first time it is made and kept. Raises OSError."""
    try:
        kept = (root / HOSTNAME).read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        kept = ""
    if re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", kept):
        return kept
    name = default_name(root, draw)
    do(root, Put(HOSTNAME, f"{name}\n".encode()))
    return name
