"""A recorded run of a disk, and disks as a power cut at any moment of it would have left them.

The record is a log in the format of the kernel's dm-log-writes, as QEMU's blklogwrites writes it: a superblock, then an
entry (one sector) before the data of each write. What a flush covers is on the disk for good; of what came after it,
a real disk may have written all, nothing, or the first sectors.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tests.image.disks import data_areas

# drivers/md/dm-log-writes.c: little-endian; flags of an entry.
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
_MAGIC = 0x6A736677736872
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_TORN_SECTOR = 512
_CHUNK = 1 << 20


class LogError(Exception):
    """The record cannot be read."""


@dataclass(frozen=True, slots=True)
class Write:
    """One entry: `place` and `size` on the disk in bytes, `at` the place of its data in the log."""

    place: int
    size: int
    at: int
    flags: int

    @property
    def flush(self) -> bool:
        return bool(self.flags & _FLUSH)

    @property
    def durable(self) -> bool:
        """Forced to the medium by itself."""
        return bool(self.flags & _FUA)

    @property
    def changes(self) -> bool:
        """Whether it changes the disk: a discard leaves the old content, which a disk may do."""
        return self.size > 0 and not self.flags & (_DISCARD | _MARK)


class WriteLog:
    """The entries of a log that may still grow; `read` takes in what has come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[Write] = []
        self._sector = 0
        self._next = 0

    def read(self) -> int:
        """Read new entries; return how many there are now. Ends at the first that is not written yet."""
        with self.path.open("rb") as file:
            if not self._sector and not self._begin(file):
                return 0
            size = self.path.stat().st_size
            while self._next + self._sector <= size:
                file.seek(self._next)
                sector, count, flags, length = _ENTRY.unpack(file.read(_ENTRY.size))
                if not (count or flags):
                    break
                data = 0 if flags & _DISCARD else length if flags & _MARK else count * self._sector
                data = -(-data // self._sector) * self._sector
                at = self._next + self._sector
                if at + data > size:
                    break
                self.entries.append(Write(sector * self._sector, count * self._sector, at, flags))
                self._next = at + data
        return len(self.entries)

    def _begin(self, file: BinaryIO) -> bool:
        header = file.read(_SUPER.size)
        if len(header) < _SUPER.size or not any(header):
            # QEMU writes the superblock at the first flush; the size of its sectors is the one we asked for.
            self._sector = 0
            return False
        magic, version, _, sector = _SUPER.unpack(header)
        if magic != _MAGIC or version != 1:
            raise LogError(f"{self.path} is no log of writes: {header!r}")
        self._sector = self._next = sector
        return True


@dataclass(frozen=True, slots=True)
class Cut:
    """A power cut after `entries` entries; `seed` decides what became of what no flush covered, and `tears` whether a
    write may be half there.
    """

    entries: int
    seed: int
    tears: bool = True


@dataclass(frozen=True, slots=True)
class _Before:
    """What lay in a range of the disk: only what was not a hole."""

    place: int
    size: int
    areas: tuple[tuple[int, bytes], ...]


class Replay:
    """A disk file that is carried along the record: `cut` makes it what a cut leaves, `mend` takes that back."""

    def __init__(self, log: WriteLog, disk: Path) -> None:
        self.log = log
        self.disk = disk
        self._applied = 0  # entries that are on the disk for good
        self._undo: list[_Before] = []

    def cut(self, cut: Cut) -> str:
        """Change the disk to what `cut` leaves and say what was lost. Cuts come in the order of the record."""
        entries = self.log.entries[: cut.entries]
        flushed = max((number + 1 for number, each in enumerate(entries) if each.flush), default=0)
        if flushed < self._applied:
            raise ValueError("cuts have to come in order")
        chance = random.Random(cut.seed)
        whole = lost = torn = 0
        with self.log.path.open("rb", buffering=0) as source, self.disk.open("r+b", buffering=0) as disk:
            for each in entries[self._applied : flushed]:
                if each.changes:
                    _put(source, disk, each, each.size)
            self._applied = flushed
            part = chance.choice((0.0, 0.3, 0.5, 0.9))  # of some cuts nearly all is lost, of some nothing
            for each in entries[flushed:]:
                if not each.changes:
                    continue
                kept = each.size
                if not each.durable and chance.random() < part:
                    kept = chance.choice((0, chance.randrange(0, each.size, _TORN_SECTOR) if cut.tears else 0))
                whole, lost, torn = whole + (kept == each.size), lost + (kept == 0), torn + (0 < kept < each.size)
                if kept:
                    self._undo.append(_before(disk, each.place, kept))
                    _put(source, disk, each, kept)
        return f"entry {cut.entries}: {whole} unflushed writes kept, {torn} torn, {lost} lost"

    def mend(self) -> None:
        """Take back what the last cut wrote beyond the last flush."""
        with self.disk.open("r+b", buffering=0) as disk:
            for each in reversed(self._undo):
                _clear(disk, each.place, each.size)
                for place, content in each.areas:
                    os.pwrite(disk.fileno(), content, place)
        self._undo.clear()


def _before(disk: BinaryIO, place: int, size: int) -> _Before:
    areas = data_areas(disk, place, place + size)
    return _Before(place, size, tuple((start, os.pread(disk.fileno(), length, start)) for start, length in areas))


def _put(source: BinaryIO, disk: BinaryIO, write: Write, size: int) -> None:
    """Write the first `size` bytes of an entry. A disk that is made writes gigabytes of zeros: they stay holes."""
    _clear(disk, write.place, size)
    for start, length in data_areas(source, write.at, write.at + size):
        for place in range(start, start + length, _CHUNK):
            chunk = os.pread(source.fileno(), min(_CHUNK, start + length - place), place)
            os.pwrite(disk.fileno(), chunk, write.place + place - write.at)


def _clear(disk: BinaryIO, place: int, size: int) -> None:
    for start, length in data_areas(disk, place, place + size):
        for part in range(start, start + length, _CHUNK):
            os.pwrite(disk.fileno(), bytes(min(_CHUNK, start + length - part)), part)


def choose(phases: Sequence[tuple[int, int]], count: int, seed: int) -> Iterator[Cut]:
    """Choose `count` cuts, spread over phases given as (first, last) entry, in the order of the record."""
    chance = random.Random(seed)
    wide = [phase for phase in phases if phase[1] > phase[0]]
    places = [chance.randint(*wide[number % len(wide)]) for number in range(count)]
    for place in sorted(places):
        yield Cut(place, chance.randrange(1 << 30))
