"""The time zone of this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MARK = "/zoneinfo/"


def system_zone(*, localtime: Path = Path("/etc/localtime"), timezone: Path = Path("/etc/timezone")) -> ZoneInfo:
    """Return the zone that the administrator chose for this machine, UTC where none is named."""
    names = []
    target = str(localtime.resolve()) if localtime.is_symlink() else ""
    if _MARK in target:
        names.append(target.split(_MARK, 1)[1].removeprefix("posix/").removeprefix("right/"))
    with contextlib.suppress(OSError):  # Debian alone has this file
        names.append(timezone.read_text(encoding="utf-8").strip())
    for name in names:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")
