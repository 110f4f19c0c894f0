"""Two slots and a boot loader that counts, as GRUB does with ORDER, OK and TRY (or as the firmware of a Pi, once)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from appliance.host.rauc import RaucError, Slot

_TRIES = 3


@dataclass
class FakeSlots:
    """Satisfies host.slots.SlotMarks. `start` chooses a slot as the boot loader does and counts the try."""

    booted: str = "A"
    order: list[str] = field(default_factory=lambda: ["A", "B"])
    ok: dict[str, bool] = field(default_factory=lambda: {"A": True, "B": False})
    tries: dict[str, int] = field(default_factory=lambda: {"A": 0, "B": 0})
    marks: list[tuple[str, str]] = field(default_factory=list)
    fails: str = ""

    def mark(self, state: str, slot: str) -> str:
        if self.fails:
            raise RaucError(self.fails)
        self.marks.append((state, slot))
        name = self.booted if slot == "booted" else self._other(slot)
        if state == "active":
            self.order = [name, *(one for one in self.order if one != name)]
        self.ok[name] = state != "bad"
        self.tries[name] = 0
        return f"rootfs.{'AB'.index(name)}"

    def slots(self) -> Sequence[Slot]:
        return [
            Slot(
                f"rootfs.{place}",
                "booted" if name == self.booted else "inactive",
                name,
                "good" if self.ok[name] else "bad",
            )
            for place, name in enumerate("AB")
        ]

    def start(self) -> str:
        """Choose the slot of the next start."""
        found = [name for name in self.order if self.ok[name] and self.tries[name] < _TRIES]
        if not found:
            self.tries = dict.fromkeys("AB", 0)
            found = [self.order[0]]
        self.booted = found[0]
        self.tries[self.booted] += 1
        return self.booted

    def _other(self, slot: str) -> str:
        if slot == "other":
            return "B" if self.booted == "A" else "A"
        return "AB"[int(slot[-1])]
