"""The image of a Pi started for real, as far as a machine that is none can: its early system, its disk, its own id.

Kernel and Debian's programs are those of amd64, and QEMU stands for the firmware by its rules (`pi_firmware`). The
application is of arm64 and does not run, so the box restarts in the end: what is asked about happens before.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from image import tools
from image.layouts import pi
from image.layouts.pi import initrd
from tests.image import pi_firmware
from tests.image.kept import newest
from tests.image.pi_disks import BOARD, EVERYBODYS
from tests.image.test_rpi_whole import Made, made
from tests.image.waiting import until

pytestmark = [pytest.mark.image, pytest.mark.qemu, pytest.mark.slow, pytest.mark.timeout(900)]

__all__ = ["made"]  # the fixture
_MACHINE = ("-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-display", "none", "-nodefaults")
_CARD_BYTES = 6 << 30
_PATIENCE_S = 400
_SCREEN = "console=serial0,115200 console=tty1 quiet"


def _line(disk: Path) -> str:
    """The command line that the firmware takes from a disk, with the console of this machine."""
    line = pi_firmware.start(pi_firmware.open_disk(disk)[1], model="pi4").command_line
    assert _SCREEN in line
    return line.replace(_SCREEN, "console=ttyS0")


@contextmanager
def _started(folder: Path, line: str, *disks: Path) -> Iterator[Path]:
    """Start with disks in the order of their names; yield what the console says. The end is a power cut."""
    kept = newest("root-qemu-amd64")
    if kept is None:
        pytest.skip("no kernel for this machine: scripts/image qemu-amd64 makes it")
    early = initrd.extended(kept / "kernel/initrd.img", folder / "initrd.img", pi.early_scripts(BOARD), 1)
    console = folder / "console"
    console.unlink(missing_ok=True)
    words: list[str | Path] = ["qemu-system-x86_64", *_MACHINE, "-no-reboot", "-serial", f"file:{console}"]
    words += ["-kernel", kept / "kernel/vmlinuz", "-initrd", early, "-append", line]
    for number, disk in enumerate(disks):
        words += ["-drive", f"if=none,id=d{number},format=raw,file={disk}"]
        words += ["-device", f"virtio-blk-pci,drive=d{number}"]
    machine = subprocess.Popen(tools.command(words, [folder, kept]), stdout=subprocess.DEVNULL)
    try:
        yield console
    finally:
        machine.kill()
        machine.wait()


def _says(console: Path, text: str) -> bool:
    said = console.read_text(errors="replace") if console.exists() else ""
    assert "reboot: " not in said, said[-4000:]
    return text in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said)


def test_a_new_disk_gets_its_id_and_is_found_beside_another_new_one(made: Made, tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for disk in (own, other):
        tools.run(["cp", "--sparse=always", made.card.path, disk], [made.card.path.parent, tmp_path])
        with disk.open("r+b") as file:
            file.truncate(_CARD_BYTES)
    with _started(tmp_path, _line(own), own) as console:
        until(lambda: _says(console, "Finished box-name-disk"), timeout_s=_PATIENCE_S, what="an id", pause_s=1)
    name, card = pi_firmware.open_disk(own)
    assert name != EVERYBODYS
    assert f" homarus.disk={name} " in card.read(2, "cmdline_a.txt")
    assert card.table[7][0] + card.table[7][1] == _CARD_BYTES // 512  # grown as well
    before = pi_firmware.open_disk(other)
    with _started(tmp_path, _line(own), other, own) as console:
        until(lambda: _says(console, "mounted with root inode"), timeout_s=_PATIENCE_S, what="a root", pause_s=1)
        assert "erofs: (device vdb5)" in console.read_text(errors="replace")
    assert pi_firmware.open_disk(other) == before
    shutil.rmtree(tmp_path)
