"""The age of the boot loader in the EEPROM of a Raspberry Pi 4 or 5.

Those of 2021 do not know `[tryboot]` with `boot_partition` and start the wrong slot after an update. The dates are
those that an update asks for too (host.tryboot).
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look
from appliance.host.tryboot import eeprom

_FIX = (
    "Write the current boot loader with Raspberry Pi Imager (Misc utility images, Bootloader) to a spare card, start "
    "the box from it once, then put its own card back. Until then updates are not tried."
)


def check(look: Look) -> Iterator[Condition]:
    """Say when the boot loader is too old to come back from a bad update."""
    built, earliest = eeprom.built(look.root), eeprom.earliest(look.root)
    if built is None or built >= earliest:
        return
    summary = f"The boot loader of this Raspberry Pi is of {built}: too old to come back safely from an update."
    details: dict[str, str | int] = {"date": str(built), "earliest": str(earliest)}
    yield Condition("eeprom_old", "boot loader", Severity.DEGRADED, summary, _FIX, details)
