"""What a power cut left for the boot loader: the set-up partition, its environment block, and the slot it would start.

GRUB reads the partition as the cut left it; the box repairs it before it mounts it (systemd-fsck). Both have to find a
block with an order, and the boot loader unchanged.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tests.image import tools
from tests.image.disks import SECTOR, Partition, copy_sparse, partitions

_BLOCKS = ("EFI/debian/grubenv", "EFI/debian/grubenv.copy")  # GRUB takes the second where the first has no order
_SIGNATURE = b"# GRUB Environment Block\n"
_BLOCK_BYTES = 1024
_LOADER = "EFI"  # below it lies what nothing on a box ever writes, but for the blocks
_CONFIGURATION, _SECOND_TABLE = "EFI/debian/grub.cfg", " gpt "
_TRIES, _TRIES_OF_OWN = 3, 10  # grub.cfg
_CHUNK = 1 << 22
# UEFI specification 2.10, 5.3.2: the size of the header, its sum, and from byte 72 the entries and theirs.
_GPT_SIGNATURE = b"EFI PART"
_HEADER = struct.Struct("<8sIII")
_ENTRIES = struct.Struct("<QIII")
_ENTRIES_AT = 72


@dataclass(frozen=True, slots=True)
class Software:
    """What may stand on a disk: digests of the boot loader's files, and of whole boot and root slots by their size."""

    loader: Mapping[str, str]
    slots: Mapping[int, frozenset[str]]

    @classmethod
    def of(cls, pristine: Path, slots: Iterable[Path], work: Path) -> Software:
        """Take the boot loader of a disk that was never started, and the images that are written to slots."""
        known: dict[int, frozenset[str]] = {}
        for each in slots:
            size = each.stat().st_size
            known[size] = known.get(size, frozenset()) | {_digest(each, 0, size)}
        part = _cut_out(pristine, _named(pristine)["esp"], work)
        return cls(dict(_loader(_files(part, work))), known)


def problems(disk: Path, known: Software, work: Path) -> tuple[str, ...]:
    """Return what would keep `disk` from starting a whole slot, empty where nothing does."""
    try:
        return tuple(_problems(disk, known, work))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _problems(disk: Path, known: Software, work: Path) -> Iterator[str]:
    parts = _named(disk)
    if "esp" not in parts:
        yield "no set-up partition"
        return
    setup = _cut_out(disk, parts["esp"], work)
    block = yield from _setup(setup, known, work, "as GRUB finds it")
    if block is not None:
        yield from _slot(disk, parts, known, starts(block))
    configured = work / "files" / _CONFIGURATION
    if not _same_slots(disk, configured.is_file() and _SECOND_TABLE in configured.read_text("utf-8", "replace")):
        yield "the kernel does not find the partitions that GRUB finds"
    # What systemd-fsck does at the next start; after it there must be nothing more to mend.
    tools.run("fsck.fat", "-a", setup, good=(0, 1))
    done = tools.run("fsck.fat", "-n", setup, good=(0, 1))
    if done.returncode != 0:
        yield f"set-up partition: {done.stdout.strip()[-400:]}"
    yield from _setup(setup, known, work, "after its repair")


def _setup(setup: Path, known: Software, work: Path, when: str) -> Generator[str, None, dict[str, str] | None]:
    """Yield what is wrong with the files; return the environment that GRUB takes, None where there is none."""
    try:
        files = _files(setup, work)
    except RuntimeError as error:
        yield f"set-up partition {when}: {error}"
        return None
    found = dict(_loader(files))
    for name in sorted(known.loader):
        if found.get(name) != known.loader[name]:
            yield f"set-up partition {when}: {name} is {'changed' if name in found else 'gone'}"
    block = environment(files)
    if block is None:
        yield f"set-up partition {when}: no environment block with an order"
    return block


def environment(files: Path) -> dict[str, str] | None:
    """Return the variables that GRUB reads from the files of a set-up partition; None without an order in them."""
    for name in _BLOCKS:
        path = files / name
        content = path.read_bytes() if path.is_file() else b""
        if len(content) != _BLOCK_BYTES or not content.startswith(_SIGNATURE):
            continue
        lines = content.decode("utf-8", "replace").splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        if found.get("ORDER"):
            return found
    return None


def starts(block: Mapping[str, str]) -> str:
    """Return the slot that grub.cfg starts with these variables."""
    order = block.get("ORDER", "").split()
    for each in order:
        limit = _TRIES_OF_OWN if each == block.get("HOMARUS_COMMITTED") else _TRIES
        if block.get(f"{each}_OK") == "1" and int(block.get(f"{each}_TRY") or 0) < limit:
            return each
    return next((each for each in (*order, "A") if each == "A" or block.get("B_OK") == "1"), "A")


def _slot(disk: Path, parts: Mapping[str, Partition], known: Software, slot: str) -> Iterator[str]:
    for name in (f"boot_{slot.lower()}", f"root_{slot.lower()}"):
        part = parts.get(name)
        if part is None:
            yield f"GRUB starts slot {slot}, and there is no {name}"
            continue
        fitting = {size: whole for size, whole in known.slots.items() if size <= part.size}
        if not any(_digest(disk, part.start, size) in whole for size, whole in fitting.items()):
            yield f"GRUB starts slot {slot}, and what lies in {name} is no version that was ever written there whole"


def _same_slots(disk: Path, second: bool) -> bool:
    """Tell whether the kernel finds the partitions that GRUB finds, under the same ids.

    GRUB reads the first table and no sums; Linux takes a table whose sums are right, and looks at the second one, at
    the end of the disk, only when its command line says `gpt` (block/partitions/efi.c).
    """
    last = disk.stat().st_size // SECTOR - 1
    with disk.open("rb") as file:
        taken = _entries(file, 1, whole=True) or (_entries(file, last, whole=True) if second else None)
        return taken is not None and taken == _entries(file, 1, whole=False)


def _entries(file: BinaryIO, sector: int, *, whole: bool) -> list[bytes] | None:
    """Return type, id and place of each partition; None without a header, or (`whole`) with a sum that is wrong."""
    file.seek(sector * SECTOR)
    header = bytearray(file.read(SECTOR))
    if not header.startswith(_GPT_SIGNATURE):
        return None
    _, _, size, expected = _HEADER.unpack_from(header)
    header[16:20] = bytes(4)
    place, count, each, sum_of_entries = _ENTRIES.unpack_from(header, _ENTRIES_AT)
    file.seek(place * SECTOR)
    table = file.read(count * each)
    good = size <= SECTOR and zlib.crc32(header[:size]) == expected and zlib.crc32(table) == sum_of_entries
    if whole and not good:
        return None
    rows = (table[start : start + each] for start in range(0, len(table), each))
    return [row[:48] for row in rows if any(row[:16])]


def _named(disk: Path) -> dict[str, Partition]:
    return {each.label: each for each in partitions(disk)}


def _cut_out(disk: Path, part: Partition, work: Path) -> Path:
    work.mkdir(parents=True, exist_ok=True)
    return copy_sparse(disk, work / "setup.img", start=part.start, size=part.size)


def _files(setup: Path, work: Path) -> Path:
    """Copy everything out of a FAT file system. Raises RuntimeError where that cannot be done."""
    target = work / "files"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    tools.run("mcopy", "-s", "-n", "-i", setup, "::*", target)
    return target


def _loader(files: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((files / _LOADER).rglob("*")):
        name = str(path.relative_to(files))
        if path.is_file() and not name.startswith(_BLOCKS[0]):
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(path: Path, start: int, size: int) -> str:
    digest = hashlib.blake2b(digest_size=20)
    with path.open("rb") as file:
        file.seek(start)
        while size > 0 and (chunk := file.read(min(_CHUNK, size))):
            digest.update(chunk)
            size -= len(chunk)
    return digest.hexdigest()
