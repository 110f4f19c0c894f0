"""Which of the two slots runs, and how the boot loader counts them (RAUC integration, "Slot selection")."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

_CMDLINE: Final = "proc/cmdline"
_KEY: Final = "rauc.slot="
NAMES: Final = ("A", "B")
BOOTED: Final = "booted"
OTHER: Final = "other"


class SlotStatus(Protocol):
    """What is known of one slot; `appliance.host.rauc.Slot` is one."""

    @property
    def name(self) -> str: ...

    @property
    def bootname(self) -> str: ...

    @property
    def boot_status(self) -> str: ...


class SlotMarks(Protocol):
    """What marks slots: `good` ends a trial, `bad` forbids a slot, `active` starts next. `host.rauc.Rauc` does it."""

    def mark(self, state: str, slot: str) -> str:
        """Mark `booted`, `other` or a slot by name. Raises RaucError."""

    def slots(self) -> Sequence[SlotStatus]:
        """Return every slot. Raises RaucError."""


def booted_slot(root: Path = Path("/")) -> str:
    """Return the boot name of the slot that runs, as the kernel was told it; "" where there are no slots."""
    try:
        words = (root / _CMDLINE).read_text("utf-8", "replace").split()
    except OSError:
        return ""
    # The last one counts, as for the kernel: a person at the boot menu appends.
    named = [word.removeprefix(_KEY) for word in words if word.startswith(_KEY)]
    return named[-1] if named and named[-1] in NAMES else ""


def mark_good(slots: SlotMarks) -> None:
    """Tell the boot loader that the slot that runs works: its count of tries begins anew. Raises RaucError."""
    slots.mark("good", BOOTED)


def mark_bad(slots: SlotMarks) -> None:
    """Tell the boot loader never to start the slot that runs again. Raises RaucError."""
    slots.mark("bad", BOOTED)


def set_primary(slots: SlotMarks, slot: str) -> None:
    """Let `slot` (`other`, or a name) start next. Raises RaucError."""
    slots.mark("active", slot)
