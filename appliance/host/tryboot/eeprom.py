"""How old the boot loader in the EEPROM is, and how old the data of the board let it be for this model."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

EARLIEST: Final = date(2022, 12, 1)
"""Older ones do not know boot_partition under [tryboot]; a model may need a newer one (`eeprom_min`)."""
_STAMP: Final = "proc/device-tree/chosen/bootloader/build-timestamp"
_COMPATIBLE: Final = "proc/device-tree/compatible"
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
    """Return the day that the data of this board name for its model (firmware-config), else that of the first that can.

    `eeprom_min` in hardware.json maps processors to days; the device tree names the processor last among what the
    board is compatible with. A model that is not in the data gets the latest of the days.
    """
    try:
        with (root / _HARDWARE).open("rb") as file:
            told = json.loads(file.read(_MAX_BYTES))["eeprom_min"]
        days = {str(name): date.fromisoformat(day) for name, day in told.items()}
        return days.get(_processor(root)) or max(days.values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return EARLIEST


def _processor(root: Path) -> str:
    """Return "bcm2711" or its like, "" where nothing says it: strings that each end with a zero, the maker first."""
    try:
        names = (root / _COMPATIBLE).read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return ""
    return names[-1].decode("ascii", "replace").rpartition(",")[2]
