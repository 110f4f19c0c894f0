"""Disk images read and copied without mounting them: a partition table, sparse copies, one partition by itself."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SECTOR = 512
_CHUNK = 1 << 20
# UEFI specification 2.10, 5.3.2: signature, then at 72 the place of the entries, their number and their size.
_GPT_SIGNATURE = b"EFI PART"
_GPT_ENTRIES = struct.Struct("<QII")
_GPT_ENTRY = struct.Struct("<16s16sQQQ72s")
_EXTENDED = {0x05, 0x0F}


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: `number` as the kernel counts, `start` and `size` in bytes, `label` empty on an MBR disk."""

    number: int
    label: str
    start: int
    size: int


def partitions(disk: Path) -> list[Partition]:
    """Read the partition table of `disk`: GPT where there is one, else MBR with its logical partitions."""
    with disk.open("rb") as file:
        file.seek(SECTOR)
        header = file.read(SECTOR)
        return _gpt(file, header) if header.startswith(_GPT_SIGNATURE) else _mbr(file)


def partition(disk: Path, label: str) -> Partition:
    """Return the partition of that label; raise LookupError where there is none (yet)."""
    for each in partitions(disk):
        if each.label == label:
            return each
    raise LookupError(f"{disk} has no partition {label}")


def _gpt(file: BinaryIO, header: bytes) -> list[Partition]:
    place, count, size = _GPT_ENTRIES.unpack_from(header, 72)
    file.seek(place * SECTOR)
    table = file.read(count * size)
    found = []
    for index in range(count):
        kind, _, first, last, _, name = _GPT_ENTRY.unpack_from(table, index * size)
        if kind != bytes(16):
            label = name.decode("utf-16-le").rstrip("\0")
            found.append(Partition(index + 1, label, first * SECTOR, (last - first + 1) * SECTOR))
    return found


def _mbr(file: BinaryIO) -> list[Partition]:
    found = []
    extended = None
    for index, (kind, first, count) in enumerate(_mbr_entries(file, 0)):
        if kind:
            found.append(Partition(index + 1, "", first * SECTOR, count * SECTOR))
        if kind in _EXTENDED:
            extended = first
    place, number = extended, 5
    while place is not None:
        logical, link = _mbr_entries(file, place)[:2]
        if logical[0]:
            found.append(Partition(number, "", (place + logical[1]) * SECTOR, logical[2] * SECTOR))
            number += 1
        place = (extended or 0) + link[1] if link[0] else None
    return found


def _mbr_entries(file: BinaryIO, sector: int) -> list[tuple[int, int, int]]:
    file.seek(sector * SECTOR)
    block = file.read(SECTOR)
    rows = (block[446 + 16 * index : 462 + 16 * index] for index in range(4))
    return [(row[4], *struct.unpack_from("<II", row, 8)) for row in rows]


def data_areas(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (place, length) of what is not a hole between two places of a sparse file.

    The position of the file moves: read and write it by place (os.pread) meanwhile.
    """
    place = start
    while place < end:
        try:
            place = os.lseek(file.fileno(), place, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        hole = min(os.lseek(file.fileno(), place, os.SEEK_HOLE), end)
        if place >= end:
            return
        yield place, hole - place
        place = hole


def copy_sparse(source: Path, target: Path, *, start: int = 0, size: int | None = None, grown: int = 0) -> Path:
    """Copy `size` bytes from `start` (default: all) to a new sparse file, at least `grown` bytes long."""
    with source.open("rb", buffering=0) as here, target.open("wb", buffering=0) as there:
        end = start + size if size is not None else source.stat().st_size
        there.truncate(max(grown, end - start))
        for area, length in data_areas(here, start, end):
            for place in range(area, area + length, _CHUNK):
                chunk = os.pread(here.fileno(), min(_CHUNK, area + length - place), place)
                os.pwrite(there.fileno(), chunk, place - start)
    return target
