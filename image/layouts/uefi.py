"""UEFI: GPT, Debian's signed shim and GRUB, two boot slots and two root slots.

The shipped image ends with root slot A, no larger than its content. The first boot (systemd-repart) grows it to its
size, makes slot B and the data partition.
"""

import tempfile
from pathlib import Path

from image import tools
from image.board import EXAMPLE, REPOSITORY, Board
from image.context import Context
from image.layouts import Layout, fat
from image.stages import base

_COMMON = REPOSITORY / "firmware-config" / "common"
_SUFFIX = {"amd64": "x64", "arm64": "aa64"}
_ROOT_TYPE = {"amd64": "root-x86-64", "arm64": "root-arm64"}
_GRUB_FOLDER = {"amd64": "x86_64-efi-signed", "arm64": "arm64-efi-signed"}
# Types of GPT partitions, as systemd names and as UEFI knows them.
_ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
_BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
_ROOT_UUID = {
    "amd64": "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    "arm64": "b921b045-1df0-41c3-af44-4c6f280d3fae",
}
_COMMAND_LINE = (
    "panic=10",
    "systemd.gpt_auto=no",  # partitions are found by our own rule, on the boot disk only
    "fsck.repair=yes",  # nobody is there to answer
    "quiet",
)


class _Uefi:
    """The layout; see the module."""

    def files(self, board: Board) -> dict[str, str]:
        """What systemd-repart makes of the disk at the first boot."""
        sizes = board.partitions
        fixed = {
            "10-setup": ("esp", "esp", sizes.setup_mib),
            "20-boot-a": (_BASIC_DATA, "boot_a", sizes.boot_mib),
            "30-boot-b": (_BASIC_DATA, "boot_b", sizes.boot_mib),
            "40-root-a": (_ROOT_TYPE[board.arch], "root_a", sizes.root_mib),
            "50-root-b": (_ROOT_TYPE[board.arch], "root_b", sizes.root_mib),
        }
        made = {f"usr/lib/repart.d/{name}.conf": _repart(*facts) for name, facts in fixed.items()}
        made["usr/lib/repart.d/60-data.conf"] = (
            f"[Partition]\nType=linux-generic\nLabel=data\nFormat=ext4\nSizeMinBytes={sizes.data_min_mib}M\n"
        )
        return made

    def rauc(self) -> str:
        """GRUB's environment block, beside its configuration."""
        return "bootloader=grub\ngrubenv=/efi/EFI/debian/grubenv\n"

    def firmware(self, board: Board, *, fresh: bool = False) -> list[Path]:
        """Shim and GRUB, signed."""
        return [base.unpacked(("shim-signed", f"grub-efi-{board.arch}-signed"), board.arch, fresh=fresh)]

    def boot_image(self, context: Context, kernel: Path, target: Path) -> None:
        """Kernel and initial RAM file system."""
        files = {name: kernel / name for name in ("vmlinuz", "initrd.img")}
        fat.make(target, context.board.partitions.boot_mib, "BOOT", files, context.epoch)

    def disk(self, context: Context, root: Path, boot: Path, target: Path) -> None:
        """The whole disk by genimage, from images that are there already."""
        board = context.board
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            work = Path(scratch)
            setup = work / "setup.img"
            fat.make(setup, board.partitions.setup_mib, "HOMARUS", _setup_files(board, work), context.epoch)
            empty = work / "empty.img"
            fat.make(empty, board.partitions.boot_mib, "BOOT", {}, context.epoch)
            (work / "genimage.cfg").write_text(configuration(board, target.name, setup, boot, empty, root))
            (work / "nothing").mkdir()
            folders = [f"--{name}path={work / name}" for name in ("tmp", "input")]
            words = [f"--rootpath={work / 'nothing'}", f"--outputpath={target.parent}", *folders]
            tools.run(["genimage", f"--config={work / 'genimage.cfg'}", *words], [target.parent, root.parent])


def _repart(kind: str, label: str, mib: int) -> str:
    return f"[Partition]\nType={kind}\nLabel={label}\nSizeMinBytes={mib}M\nSizeMaxBytes={mib}M\n"


def grub_configuration(board: Board) -> str:
    """grub.cfg with the board's kernel command line."""
    words = " ".join([*_COMMAND_LINE, *board.kernel.command_line])
    return (_COMMON / "grub.cfg").read_text().replace("@COMMAND_LINE@", words)


def environment_block() -> bytes:
    """The grubenv of a new box: slot A is good, slot B is empty. 1024 bytes, as GRUB wants it."""
    text = b"# GRUB Environment Block\nORDER=A B\nA_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=0\n"
    return text + b"#" * (1024 - len(text))


def _setup_files(board: Board, work: Path) -> dict[str, Path]:
    suffix = _SUFFIX[board.arch]
    signed = LAYOUT.firmware(board)[0] / "usr/lib"
    (work / "grub.cfg").write_text(grub_configuration(board))
    (work / "grubenv").write_bytes(environment_block())
    files = {
        f"EFI/BOOT/BOOT{suffix.upper()}.EFI": signed / f"shim/shim{suffix}.efi.signed",
        f"EFI/BOOT/grub{suffix}.efi": signed / f"grub/{_GRUB_FOLDER[board.arch]}/grub{suffix}.efi.signed",
        f"EFI/BOOT/mm{suffix}.efi": signed / f"shim/mm{suffix}.efi.signed",
        # Debian's signed GRUB looks for its configuration here and nowhere else.
        "EFI/debian/grub.cfg": work / "grub.cfg",
        "EFI/debian/grubenv": work / "grubenv",
        "EFI/debian/grubenv.copy": work / "grubenv",
        EXAMPLE.name: EXAMPLE,
    }
    return files


def configuration(board: Board, name: str, setup: Path, boot: Path, empty: Path, root: Path) -> str:
    """genimage's description of the disk."""
    parts = [
        ("esp", _ESP, setup),
        ("boot_a", _BASIC_DATA, boot),
        ("boot_b", _BASIC_DATA, empty),
        ("root_a", _ROOT_UUID[board.arch], root),
    ]
    body = "".join(
        f'\tpartition {label} {{\n\t\tpartition-type-uuid = "{kind}"\n\t\timage = "{image}"\n\t\talign = "1M"\n\t}}\n'
        for label, kind, image in parts
    )
    return f'image {name} {{\n\thdimage {{\n\t\tpartition-table-type = "gpt"\n\t\talign = "1M"\n\t}}\n{body}}}\n'


LAYOUT: Layout = _Uefi()
__all__ = ["LAYOUT", "configuration", "environment_block", "grub_configuration"]
