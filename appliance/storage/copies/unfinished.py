"""The mark of a restore that goes on: while it lies in a state directory, no gateway starts there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

UNFINISHED: Final = "restore-unfinished"


def unfinished(state: Path) -> str | None:
    """Return why no gateway may start here; None where nothing was cut off."""
    if not (state / UNFINISHED).exists():
        return None
    return (
        f"a restore into {state} was cut off, so half of it is there; run `homarus backup restore FILE` again. What "
        "was here before lies in its folder before-restore-*"
    )
