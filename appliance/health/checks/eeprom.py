"""The age of the boot loader in the EEPROM of a Raspberry Pi 4 or 5.

The firmware tells it through the device tree (`/chosen/bootloader/build-timestamp`, seconds, big endian). Those of 2021
do not know `[tryboot]` with `boot_partition` and start the wrong slot after an update.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_STAMP: Final = "proc/device-tree/chosen/bootloader/build-timestamp"
_EARLIEST: Final = "2022-12-01"
_HARDWARE: Final = "usr/lib/homarus/hardware.json"
_FIX = (
    "Write the current boot loader with Raspberry Pi Imager (Misc utility images, Bootloader) to a spare card, start "
    "the box from it once, then put its own card back. Until then updates are not tried."
)


def check(look: Look) -> Iterator[Condition]:
    """Say when the boot loader is too old to come back from a bad update."""
    made_s = built_s(look.root)
    if made_s is None:
        return
    day, earliest = datetime.fromtimestamp(made_s, UTC).date().isoformat(), _earliest(look)
    if day >= earliest:
        return
    summary = f"The boot loader of this Raspberry Pi is of {day}: too old to come back safely from an update."
    details: dict[str, str | int] = {"date": day, "earliest": earliest}
    yield Condition("eeprom_old", "boot loader", Severity.DEGRADED, summary, _FIX, details)


def _earliest(look: Look) -> str:
    """Return the date that the data of this board name (firmware-config), else that of the first that can do it."""
    wanted = look.json(_HARDWARE).get("eeprom_min")
    return wanted if isinstance(wanted, str) else _EARLIEST


def built_s(root: Path) -> int | None:
    """Return when the boot loader was built, in seconds; None on other machines."""
    try:
        raw = (root / _STAMP).read_bytes()
    except OSError:
        return None
    return int.from_bytes(raw, "big") if len(raw) == 4 else None
