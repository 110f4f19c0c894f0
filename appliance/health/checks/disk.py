"""Room on the disk, in bytes and in files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_LOW_SHARE: Final = 10  # percent of the disk
_LOW_BYTES: Final = 2 << 30  # a large disk at 90 % is not full
_FULL_BYTES: Final = 256 << 20  # a nightly copy of the database and its journal no longer fit
_LOW_FILES_SHARE: Final = 5
_FIX = (
    "Remove models that you do not use (`homarus models list`), old conversations, or folders before-restore-* in the "
    "state directory; then a larger disk."
)


def check(look: Look) -> Iterator[Condition]:
    """Say when the disk of the state is nearly or quite full."""
    place = look.state if look.state is not None else look.root
    space = look.space(place)
    if space is None or space.total <= 0:
        return
    if space.free < _FULL_BYTES:
        yield _room(Severity.DEGRADED, place, space.free, "full")
    elif space.free < min(_LOW_BYTES, space.total * _LOW_SHARE // 100):
        yield _room(Severity.NOTICE, place, space.free, "low")
    if space.files and space.files_free * 100 < space.files * _LOW_FILES_SHARE:
        summary = f"The disk of {place} has room for {space.files_free} more files only."
        details: dict[str, str | int] = {"form": "files", "place": str(place), "files": space.files_free}
        yield Condition("disk", "files", Severity.DEGRADED, summary, _FIX, details)


def _room(severity: Severity, place: Path, free: int, form: str) -> Condition:
    mib = free >> 20
    summary = f"The disk of {place} is {'full' if form == 'full' else 'nearly full'}: {mib} MiB are free."
    details: dict[str, str | int] = {"form": form, "place": str(place), "mib": mib}
    return Condition("disk", "space", severity, summary, _FIX, details)
