"""How old the boot loader in the EEPROM is, and how old this board lets it be."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

EARLIEST: Final = date(2022, 12, 1)
"""Older ones do not know boot_partition under [tryboot]; a board may need a newer one (`eeprom_min`)."""
_STAMP: Final = "proc/device-tree/chosen/bootloader/build-timestamp"
_HARDWARE: Final = "usr/lib/homarus/hardware.json"
_MAX_BYTES: Final = 64 * 1024


def built(root: Path = Path("/")) -> date | None:
    """Return the day on which the boot loader was built; None on other machines.

    The firmware tells it through the device tree: seconds in a cell of 32 bits, big endian.
    """
    try:
        raw = (root / _STAMP).read_bytes()
    except OSError:
        return None
    return datetime.fromtimestamp(int.from_bytes(raw, "big"), UTC).date() if len(raw) == 4 else None


def earliest(root: Path = Path("/")) -> date:
    """Return the day that the data of this board name (firmware-config), else that of the first that can do it."""
    try:
        with (root / _HARDWARE).open("rb") as file:
            told = json.loads(file.read(_MAX_BYTES))
        return date.fromisoformat(told["eeprom_min"])
    except (OSError, ValueError, TypeError, KeyError):
        return EARLIEST
