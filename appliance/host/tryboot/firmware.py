"""What is kept of the slots of a Raspberry Pi, and what its firmware is told."""

from __future__ import annotations

import enum
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError
from appliance.host.slots import NAMES, booted_slot
from appliance.host.tryboot import eeprom

PARTITIONS: Final = {"A": 2, "B": 3}
_MAX_BYTES: Final = 512  # the firmware reads no more of autoboot.txt
_ARGUMENT: Final = "0 tryboot\n"
_FIX: Final = (
    "Write the current boot loader with Raspberry Pi Imager (Misc utility images, Bootloader), then try again."
)


class TrybootError(ApplianceError):
    """The firmware cannot do what was asked."""

    code = "tryboot_failed"


class Start(enum.Enum):
    """What was found at a start of the box."""

    FINE = "fine"
    MENDED = "mended"
    """autoboot.txt was missing or torn; it is there again."""
    WRONG_SLOT = "wrong_slot"
    """It was, and the firmware took the other slot meanwhile: restart, and the committed one runs."""


@dataclass(frozen=True, slots=True)
class Tryboot:
    """The firmware of the box whose file system begins at `root`."""

    root: Path = Path("/")

    @property
    def _file(self) -> Path:
        return self.root / "efi/autoboot.txt"

    @property
    def _folder(self) -> Path:
        return self.root / "data/system/tryboot"

    @property
    def _copy(self) -> Path:
        return self._folder / "autoboot.txt"

    @property
    def _states(self) -> Path:
        return self._folder / "states.json"

    @property
    def _armed(self) -> Path:
        """In memory: what was armed is gone after any restart, and so is this."""
        return self.root / "run/homarus-tryboot/armed"

    @property
    def _argument(self) -> Path:
        """systemd gives its content to reboot(2) (systemd-shutdown(8), systemctl(1) --reboot-argument)."""
        return self.root / "run/systemd/reboot-param"

    def current(self) -> str:
        """Return the slot that runs. Raises TrybootError."""
        slot = booted_slot(self.root)
        if not slot:
            number = self._number("partition")
            slot = next((name for name, partition in PARTITIONS.items() if partition == number), "")
        if not slot:
            raise TrybootError("neither the kernel command line nor the firmware says which slot runs")
        return slot

    def on_trial(self) -> bool:
        """Tell whether the firmware started this slot for one trial."""
        return self._number("tryboot") == 1

    def committed(self) -> str:
        """Return the slot that starts without a trial. Raises TrybootError."""
        found = _parsed(_read(self._file)) or _parsed(_read(self._copy))
        if found is None:
            raise TrybootError(f"neither {self._file} nor its copy says which slot starts")
        return found

    def primary(self) -> str:
        """Return the slot of the next restart."""
        armed = _read(self._armed).strip()
        return armed if armed in NAMES else self.committed()

    def set_primary(self, slot: str) -> None:
        """Let `slot` start next: at once for the committed one, as a trial for the other. Raises TrybootError."""
        self._disarm()
        if slot == self.committed():
            self._set(slot, "good")
            return
        self.check_firmware()
        self._write(self.committed())
        self._set(slot, "good")
        self._argument.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._armed.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._argument.write_text(_ARGUMENT)
        self._armed.write_text(slot)

    def state(self, slot: str) -> str:
        """Return `good` or `bad`. A slot that nobody said anything about is good where it is the committed one."""
        return self._all().get(slot) or ("good" if slot == self.committed() else "bad")

    def set_state(self, slot: str, state: str) -> None:
        """Note a state; `good` for the slot that runs commits it. Raises TrybootError, OSError."""
        if state == "good":
            before = self.committed()
            if slot == self.current() != before:
                self._write(slot)
                self._set(before, self._all().get(before, "good"))  # it was committed: one can go back to it
        elif slot == self.committed():
            raise TrybootError(f"slot {slot} is the committed one, and the firmware counts nothing: roll back instead")
        elif slot == self.primary():
            self._disarm()  # RAUC is about to write over it
        self._set(slot, state)

    def start(self) -> Start:
        """Mend what a power cut or a computer with the card in it left; to be called before anything is decided."""
        found = _parsed(_read(self._file))
        if found is not None:
            if found != _parsed(_read(self._copy)):
                self._keep(found)
            return Start.FINE
        kept = _parsed(_read(self._copy)) or self.current()
        self._write(kept)
        return Start.MENDED if kept == self.current() else Start.WRONG_SLOT

    def check_firmware(self) -> None:
        """Tell whether a trial can be armed, before anything is fetched for one. Raises TrybootError."""
        if self._number("tryboot") is None:
            raise TrybootError("this kernel or firmware knows no trial boot, so a bad version could not be taken back")
        built, earliest = eeprom.built(self.root), eeprom.earliest(self.root)
        if built is not None and built < earliest:
            raise TrybootError(f"the boot loader of this Raspberry Pi is of {built}, older than {earliest}. {_FIX}")

    def _write(self, slot: str) -> None:
        """Make `slot` the committed one. The card first: what the firmware reads is the truth, the copy follows."""
        content = _content(slot)
        fresh = self._file.with_name("autoboot.new")
        # No atomicfile here: FAT has no modes.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC)
        try:
            os.write(descriptor, content.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(fresh, self._file)
        _flush(self._file.parent)
        self._keep(slot)

    def _keep(self, slot: str) -> None:
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_atomic(self._copy, _content(slot).encode())

    def _disarm(self) -> None:
        if self._armed.exists():
            self._argument.unlink(missing_ok=True)
            self._armed.unlink()

    def _all(self) -> dict[str, str]:
        try:
            states = json.loads(_read(self._states))
        except ValueError:
            return {}
        return {str(name): str(state) for name, state in states.items()} if isinstance(states, dict) else {}

    def _set(self, slot: str, state: str) -> None:
        states = self._all()
        if states.get(slot) != state:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_atomic(self._states, json.dumps({**states, slot: state}).encode())

    def _number(self, name: str) -> int | None:
        """Return a number of the firmware: a cell of the device tree, 32 bits, big endian."""
        try:
            raw = (self.root / "proc/device-tree/chosen/bootloader" / name).read_bytes()
        except OSError:
            return None
        return int.from_bytes(raw, "big") if len(raw) == 4 else None


def _content(slot: str) -> str:
    other = "B" if slot == "A" else "A"
    return f"[all]\ntryboot_a_b=1\nboot_partition={PARTITIONS[slot]}\n[tryboot]\nboot_partition={PARTITIONS[other]}\n"


def _parsed(text: str) -> str | None:
    """Return the committed slot of an autoboot.txt; None for one that the firmware would not read as we mean it."""
    if len(text.encode()) > _MAX_BYTES or not text.endswith("\n"):
        return None
    section, found = "all", dict[tuple[str, str], str]()
    for line in (line.split("#")[0].strip() for line in text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line:
            key, _, value = line.partition("=")
            found[section, key.strip()] = value.strip()
    slots = {str(number): name for name, number in PARTITIONS.items()}
    slot, other = (slots.get(found.get((each, "boot_partition"), "")) for each in ("all", "tryboot"))
    if slot is None or other is None or slot == other or found.get(("all", "tryboot_a_b")) != "1":
        return None
    return slot


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
