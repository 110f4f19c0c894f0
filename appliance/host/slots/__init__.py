"""The two slots of a box: which one runs, and how the boot loader is told what to start.

It must not know what an update is, nor why a slot is good.
"""

from appliance.host.slots.marks import (
    BOOTED,
    NAMES,
    OTHER,
    SlotMarks,
    SlotStatus,
    booted_slot,
    mark_bad,
    mark_good,
    set_primary,
)

__all__ = [
    "BOOTED",
    "NAMES",
    "OTHER",
    "SlotMarks",
    "SlotStatus",
    "booted_slot",
    "mark_bad",
    "mark_good",
    "set_primary",
]
