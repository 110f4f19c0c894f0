"""RAUC as a box has it, on a real D-Bus: what it is told to install appears in the other slot, or fails as told.

As configured there (`activate-installed=false`) it only writes; what starts next is said by `Mark`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.bus import Answer, Asked, CallError, Service, Variant

NAME = "de.pengutronix.rauc"
HASH = "b" * 64


@dataclass
class FakeRauc:
    """The state of a box with two slots; A runs. `failures` are used up one installation after the other."""

    compatible: str = "homarus-test"
    booted: str = "A"
    primary: str = "rootfs.0"
    bundle: dict[str, str] = field(default_factory=lambda: {"version": "1.1.0", "hash": HASH})
    installs_version: str | None = None
    installs_hash: str | None = None
    failures: list[str] = field(default_factory=list)
    refuses: list[str] = field(default_factory=list)
    refuses_marks: list[str] = field(default_factory=list)
    steps: int = 2
    installed: list[str] = field(default_factory=list)
    marks: list[tuple[str, str]] = field(default_factory=list)
    other: dict[str, str] = field(default_factory=dict)
    last_error: str = ""
    _left: int = 0
    _failing: str = ""

    @contextmanager
    def on(self, address: str) -> Iterator[FakeRauc]:
        with Service(address, NAME, self._answer):
            yield self

    def hurry(self) -> None:
        """Let an installation end with the next question."""
        self._left = min(self._left, 1)

    @property
    def _operation(self) -> str:
        """Installing for a few questions, then done: nobody sleeps."""
        if self._left:
            self._left -= 1
            if not self._left:
                self._end()
        return "installing" if self._left else "idle"

    def _end(self) -> None:
        self.last_error = self._failing
        if not self._failing:
            self.other = {
                "bundle.version": self.installs_version or self.bundle["version"],
                "bundle.hash": self.installs_hash or self.bundle["hash"],
            }

    def _name(self, slot: str) -> str:
        running = "rootfs.0" if self.booted == "A" else "rootfs.1"
        other = "rootfs.1" if self.booted == "A" else "rootfs.0"
        return {"booted": running, "other": other}.get(slot, slot)

    def _answer(self, asked: Asked) -> Answer:
        if asked.interface == "org.freedesktop.DBus.Properties":
            return Answer("v", (self._property(asked.arguments[1]),))
        match asked.member:
            case "InstallBundle":
                if self._left:
                    raise CallError("already processing a different method")
                source, options = asked.arguments
                if options:  # RAUC 1.13: an option that it does not know is an error
                    raise CallError(f"Unsupported key: {next(iter(options))}")
                self.installed.append(source)
                self._left, self.last_error = self.steps, ""
                self._failing = self.failures.pop(0) if self.failures else ""
                return Answer()
            case "InspectBundle":
                if self.refuses:
                    raise CallError(self.refuses.pop(0))
                return Answer("a{sv}", (self._inspected(),))
            case "GetSlotStatus":
                return Answer("a(sa{sv})", (self._slots(),))
            case "GetPrimary":
                return Answer("s", (self.primary,))
            case "Mark":
                state, slot = asked.arguments
                if self._left:
                    raise CallError("already processing a different method")
                if self.refuses_marks:
                    raise CallError(self.refuses_marks.pop(0))
                self.marks.append((state, self._name(slot)))
                if state == "active":
                    self.primary = self._name(slot)
                return Answer("ss", (self._name(slot), f"marked slot {slot} as {state}"))
        raise CallError(f"No such method “{asked.member}”")

    def _property(self, name: str) -> Variant:
        match name:
            case "Operation":
                return Variant("s", self._operation)
            case "LastError":
                return Variant("s", self.last_error)
            case "Progress":
                done = 100 * (self.steps - self._left) // self.steps
                return Variant("(isi)", (done, "Copying image to rootfs.1", 2))
            case "Compatible":
                return Variant("s", self.compatible)
            case "BootSlot":
                return Variant("s", self.booted)
        raise CallError(f"No such property “{name}”")

    def _inspected(self) -> dict[str, Variant]:
        update = {
            "compatible": Variant("s", self.bundle.get("compatible", self.compatible)),
            "version": Variant("s", self.bundle["version"]),
        }
        return {"manifest-hash": Variant("s", self.bundle["hash"]), "update": Variant("a{sv}", update)}

    def _slots(self) -> list[Any]:
        def row(name: str, **facts: str) -> Any:
            return name, {key.replace("_", "-"): Variant("s", value) for key, value in facts.items()}

        running, other = self._name("booted"), self._name("other")
        names = {"rootfs.0": "A", "rootfs.1": "B"}
        return [
            row(running, state="booted", bootname=names[running], boot_status="good"),
            row(other, state="inactive", bootname=names[other], **{"boot_status": "good", **self.other}),
        ]
