"""A Raspberry Pi's firmware as far as a slot is concerned: what it reads from a disk, and what it would start.

Rules: raspberrypi.com, "config.txt" (conditional filters, include of files), "autoboot.txt", "boot flow". Only what our
files use is known; a line or a filter that is not, is an error here, since the firmware would pass over it in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from image import tools

MAX_LINE = 98  # of config.txt; what is behind it is not read
MODELS = {"pi4": "bcm2711-rpi-4-b.dtb", "pi5": "bcm2712-rpi-5-b.dtb"}
# A Pi 4 takes these from the card, a Pi 5 has its own.
_OWN_FILES = {"pi4": ("start4.elf", "fixup4.dat"), "pi5": ()}
_KEYS = {
    "arm_64bit", "kernel", "enable_uart", "disable_splash", "kernel_watchdog_timeout", "os_check", "cmdline", "dtparam",
    "tryboot_a_b", "boot_partition",
}  # fmt: skip


class Refused(Exception):
    """The firmware would not start this, or not as it is meant."""


@dataclass(frozen=True, slots=True)
class Started:
    """What runs in the end."""

    partition: int
    kernel: str
    initramfs: str
    command_line: str
    device_tree: str
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk image: `table` maps numbers to first sector, sectors and type."""

    path: Path
    table: dict[int, tuple[int, int, str]]

    def files(self, number: int) -> list[str]:
        """Names in a FAT partition, with their folders."""
        listed = tools.run(["mdir", "-/", "-b", "-i", self._at(number), "::"], environment={"MTOOLS_SKIP_CHECK": "1"})
        return sorted(line.removeprefix("::/") for line in listed.splitlines() if line.strip())

    def read(self, number: int, name: str) -> str:
        """The text of a file in a FAT partition."""
        return tools.run(["mtype", "-i", self._at(number), f"::{name}"], environment={"MTOOLS_SKIP_CHECK": "1"})

    def head(self, number: int, count: int) -> bytes:
        """The first bytes of a partition."""
        with self.path.open("rb") as file:
            file.seek(self.table[number][0] * 512)
            return file.read(count)

    def _at(self, number: int) -> str:
        return f"{self.path}@@{self.table[number][0] * 512}"


def open_disk(path: Path) -> tuple[str, Disk]:
    """Return the signature of an MBR disk (hexadecimal) and the disk."""
    dump = tools.run(["sfdisk", "--dump", path])
    if "label: dos" not in dump:
        raise Refused("not an MBR disk")
    found = re.findall(r"(\d+) : start= *(\d+), size= *(\d+), type=(\w+)", dump)
    signature = re.search(r"label-id: 0x([0-9a-f]{8})", dump)
    assert signature is not None
    return signature[1], Disk(path, {int(n): (int(start), int(size), kind) for n, start, size, kind in found})


def settings(text: str, *, partition: int, tryboot: bool, model: str) -> dict[str, str]:
    """Return what a config.txt or autoboot.txt says there; a later line wins. Raises Refused."""
    found: dict[str, str] = {}
    applies = True
    for line in (each.partition("#")[0].strip() for each in text.splitlines()):
        if len(line) > MAX_LINE:
            raise Refused(f"longer than {MAX_LINE}: {line}")
        if match := re.fullmatch(r"\[(.+)\]", line):
            applies = _applies(match[1], partition=partition, tryboot=tryboot, model=model)
        elif line.startswith("initramfs "):  # this one has no equals sign
            if applies:
                found["initramfs"] = line.removeprefix("initramfs ")
        elif line:
            key, equals, value = line.partition("=")
            if not equals or key not in _KEYS:
                raise Refused(f"not known: {line}")
            if applies:
                found[key] = value
    return found


def _applies(name: str, *, partition: int, tryboot: bool, model: str) -> bool:
    if match := re.fullmatch(r"boot_partition=(\d)", name):
        return int(match[1]) == partition
    if name not in ("all", "tryboot", *MODELS):
        raise Refused(f"no such filter: [{name}]")
    return name == "all" or (name == "tryboot" and tryboot) or name == model


def start(disk: Disk, *, model: str, tryboot: bool = False) -> Started:
    """Return what a Pi with this disk starts. Raises Refused."""
    if any(name.endswith(".elf") for name in disk.files(1)):
        raise Refused("partition 1 holds firmware: without autoboot.txt the Pi would start from it")
    chosen = settings(disk.read(1, "autoboot.txt"), partition=1, tryboot=tryboot, model=model)
    if chosen.get("tryboot_a_b") != "1":
        raise Refused("tryboot_a_b is not set: the firmware would look for tryboot.txt instead of the other partition")
    number = int(chosen["boot_partition"])
    files = disk.files(number)
    needed = [*_OWN_FILES[model], "config.txt", MODELS[model]]
    if missing := [name for name in needed if name not in files]:
        raise Refused(f"partition {number} lacks {', '.join(missing)}")
    found = settings(disk.read(number, "config.txt"), partition=number, tryboot=tryboot, model=model)
    initramfs, _, how = found["initramfs"].partition(" ")
    for name in (found["kernel"], initramfs, found["cmdline"]):
        if name not in files:
            raise Refused(f"partition {number} lacks {name}")
    if how != "followkernel":
        raise Refused(f"the initial RAM file system would lie somewhere else: {how}")
    line = disk.read(number, found["cmdline"])
    if line.strip().count("\n"):
        raise Refused("a command line is one line; the rest is not read")
    return Started(number, found["kernel"], initramfs, line.strip(), MODELS[model], found)
