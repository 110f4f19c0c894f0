"""Which image this machine runs, as the build wrote it into its read-only slot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_FILE: Final = "usr/lib/homarus/box.json"
_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Box:
    """An image of ours. `compatible` is what a bundle must be made for; `keys` says whose keys it trusts.

    `layout` "pi": the firmware starts the slots and counts nothing; `tryboot`: it and the kernel know a trial boot.
    """

    board: str
    version: str
    build: str
    compatible: str
    tryboot: bool
    kernel: str
    keys: Literal["development", "release"]
    layout: str = "uefi"


def read_box(root: Path = Path("/")) -> Box | None:
    """Return the image whose file system begins at `root`; None on a normal installation."""
    try:
        with (root / _FILE).open("rb") as file:
            facts = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict):
        return None
    return Box(
        board=str(facts.get("board", "")),
        version=str(facts.get("version", "")),
        build=str(facts.get("build", "")),
        compatible=str(facts.get("compatible", "")),
        tryboot=facts.get("tryboot") is True,
        kernel=str(facts.get("kernel", "")),
        keys="release" if facts.get("keys") == "release" else "development",
        layout=str(facts.get("layout", "uefi")),
    )
