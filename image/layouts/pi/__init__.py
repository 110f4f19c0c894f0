"""The Raspberry Pi: MBR, its own firmware, two boot slots with everything that the firmware reads, and autoboot.txt.

Which slot starts stands in autoboot.txt on partition 1; a trial is asked from the firmware for one boot and ends with
any restart. That wants the maker's kernel: with Debian's as a stand-in the layout is the same and there is no trial.
"""

import tempfile
from pathlib import Path

from image.board import Board
from image.context import Context
from image.layouts import Layout, fat
from image.layouts.pi import disk, facts, initrd, slot
from image.layouts.pi.facts import Facts, configured, maker, read
from image.stages import base

__all__ = ["LAYOUT", "Facts", "configured", "maker", "read"]

_HERE = Path(__file__).resolve().parent
_MIB_SECTORS = 2048
_UNITS = ("box-grow.service", "box-name-disk.service")
BACKEND = "/usr/lib/homarus/tryboot"  # RAUC's custom boot loader: get and set the primary slot, get and set states


class _Pi:
    """The layout; see the package."""

    def files(self, board: Board) -> dict[str, str]:
        """The data partition is made at the first boot, and grown, before it is checked and mounted."""
        return {
            "usr/lib/homarus/grow-disk": script(board, "grow-disk.sh"),
            "usr/lib/homarus/name-disk": script(board, "name-disk.sh"),
            **{f"usr/lib/systemd/system/{name}": (_HERE / name).read_text("utf-8") for name in _UNITS},
            "usr/lib/systemd/system/data.mount.d/10-grow.conf": "[Unit]\nWants=box-grow.service\n",
            # Without GRUB too: `initrd` reads the id from the data partition.
            "usr/lib/systemd/system/box-machine-id.service.d/10-pi.conf": "[Unit]\nConditionPathExists=\n",
        }

    def rauc(self) -> str:
        """Our own backend: the firmware's autoboot.txt and its trial boot."""
        return f"bootloader=custom\n\n[handlers]\nbootloader-custom-backend={BACKEND}\n"

    def firmware(self, board: Board, *, fresh: bool = False) -> list[Path]:
        """The kernel's device trees and the firmware. The maker's are in the root of the build: from its archive."""
        if board.kernel.source == "maker":
            return []
        known = facts.read(board.folder)
        names = (known.debian["kernel"], known.debian["firmware"])
        return [base.unpacked(names, board.arch, ("main", "non-free-firmware"), fresh=fresh)]

    def boot_image(self, context: Context, kernel: Path, target: Path) -> None:
        """The slot's FAT, from a folder with vmlinuz, initrd.img and, if the kernel brings them, device trees."""
        board = context.board
        known = facts.read(board.folder)
        files = slot.files(board.folder, known, kernel, [kernel, *(each / "usr/lib" for each in self.firmware(board))])
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            if not board.tryboot:
                plain = Path(scratch) / "config.txt"
                plain.write_text(slot.without_choice(files["config.txt"].read_text("utf-8")), "utf-8")
                files["config.txt"] = plain
            own = early_scripts(board)
            start = initrd.extended(files["initrd.img"], Path(scratch) / "initrd.img", own, context.epoch)
            fat.make(target, board.partitions.boot_mib, "BOOT", {**files, "initrd.img": start}, context.epoch)

    def disk(self, context: Context, root: Path, boot: Path, target: Path) -> None:
        """The whole disk, from images that are there already."""
        disk.make(context.board, facts.read(context.board.folder), root, boot, target, context.epoch)


def script(board: Board, name: str) -> str:
    """A program of this folder with the facts of the board."""
    known = facts.read(board.folder)
    told = {
        "@SHIPPED_SECTORS@": str(known.data_shipped_mib * _MIB_SECTORS),
        "@LEAST_SECTORS@": str(board.partitions.data_min_mib * _MIB_SECTORS),
        "@SIGNATURE@": known.disk_signature,
    }
    text = (_HERE / name).read_text("utf-8")
    for mark, value in told.items():
        text = text.replace(mark, value)
    return text


def early_scripts(board: Board) -> dict[str, str]:
    """What the initial RAM file system runs for us."""
    return {initrd.ROOT: script(board, "root-disk.sh"), initrd.MACHINE_ID: script(board, "machine-id.sh")}


LAYOUT: Layout = _Pi()
