"""The disk of a Pi: an MBR, since its firmware is not to be relied on with GPT, with the slots of both kinds.

1 set-up (selector and the owner's files; no firmware, or a Pi whose selector is damaged would start from it), 2 and 3
boot slots, 4 the extended partition around 5 and 6, the root slots, and 7, the data. All are there from the start; the
first boot moves the end of 4 and 7 and makes the file system of 7.
"""

import json
import tempfile
from pathlib import Path

from image import tools
from image.board import EXAMPLE, Board
from image.layouts import fat
from image.layouts.pi.facts import Facts

_FAT = "0xc"
_LINUX = "0x83"
SLOTS = {"setup": 1, "boot_a": 2, "boot_b": 3, "root_a": 5, "root_b": 6, "data": 7}


def make(board: Board, facts: Facts, root: Path, boot: Path, target: Path, epoch: int) -> None:
    """Make the disk image from the images of a root slot and of a boot slot. Raises ImageError."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        work = Path(scratch)
        setup, empty = work / "setup.img", work / "empty.img"
        fat.make(setup, board.partitions.setup_mib, "HOMARUS", setup_files(board), epoch)
        fat.make(empty, board.partitions.boot_mib, "BOOT", {}, epoch)
        images = {"setup": setup, "boot_a": boot, "boot_b": empty, "root_a": root}
        (work / "genimage.cfg").write_text(configuration(board, facts, target.name, images), "utf-8")
        (work / "nothing").mkdir()
        folders = [f"--{name}path={work / name}" for name in ("tmp", "input")]
        words = [f"--rootpath={work / 'nothing'}", f"--outputpath={target.parent}", *folders]
        tools.run(["genimage", f"--config={work / 'genimage.cfg'}", *words], [target.parent, root.parent, boot.parent])
    _cover(target)


def _cover(disk: Path) -> None:
    """Let the file reach to the end of the data partition: what a card held there before is overwritten with it."""
    table = json.loads(tools.run(["sfdisk", "--json", disk], [disk.parent]))["partitiontable"]
    end = max(each["start"] + each["size"] for each in table["partitions"])
    with disk.open("r+b") as file:
        file.truncate(end * table["sectorsize"])


def setup_files(board: Board) -> dict[str, Path]:
    """The selector, and what tells the owner which settings may be put there."""
    return {"autoboot.txt": board.folder / "autoboot.txt", EXAMPLE.name: EXAMPLE}


def configuration(board: Board, facts: Facts, name: str, images: dict[str, Path]) -> str:
    """genimage's description of the disk; it makes the extended partition itself."""
    sizes = board.partitions
    parts = [
        ("setup", _FAT, sizes.setup_mib),
        ("boot_a", _FAT, sizes.boot_mib),
        ("boot_b", _FAT, sizes.boot_mib),
        ("root_a", _LINUX, sizes.root_mib),
        ("root_b", _LINUX, sizes.root_mib),
        ("data", _LINUX, facts.data_shipped_mib),
    ]
    body = "".join(_partition(label, kind, mib, images.get(label)) for label, kind, mib in parts)
    head = [
        'partition-table-type = "mbr"',
        f"disk-signature = 0x{facts.disk_signature}",
        'align = "1M"',
        "extended-partition = 4",
    ]
    table = "".join(f"\t\t{line}\n" for line in head)
    return f"image {name} {{\n\thdimage {{\n{table}\t}}\n{body}}}\n"


def _partition(label: str, kind: str, mib: int, image: Path | None) -> str:
    lines = [f"partition-type = {kind}", f"size = {mib}M"]
    if image is not None:
        lines.append(f'image = "{image}"')
    return f"\tpartition {label} {{\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n"
