"""A recorded run of a disk, and disks as a power cut at any moment of it would have left them.

The record is a log in the format of the kernel's dm-log-writes, as QEMU's blklogwrites writes it: a superblock, then an
entry (one sector) before the data of each write. What a flush covers is on the disk for good; of what came after it,
a real disk may have written all, nothing, or the first sectors.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# drivers/md/dm-log-writes.c: little-endian; flags of an entry.
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
_MAGIC = 0x6A736677736872
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_TORN_SECTOR = 512


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
    """A power cut after `entries` entries; `seed` decides what became of what no flush covered."""

    entries: int
    seed: int


class Replay:
    """A disk file that is carried along the record: `cut` makes it what a cut leaves, `mend` takes that back."""

    def __init__(self, log: WriteLog, disk: Path) -> None:
        self.log = log
        self.disk = disk
        self._applied = 0  # entries that are on the disk for good
        self._undo: list[tuple[int, bytes]] = []

    def cut(self, cut: Cut) -> str:
        """Change the disk to what `cut` leaves and say what was lost. Cuts come in the order of the record."""
        entries = self.log.entries[: cut.entries]
        flushed = max((number + 1 for number, each in enumerate(entries) if each.flush), default=0)
        if flushed < self._applied:
            raise ValueError("cuts have to come in order")
        chance = random.Random(cut.seed)
        whole = lost = torn = 0
        with self.log.path.open("rb") as source, self.disk.open("r+b") as disk:
            for each in entries[self._applied : flushed]:
                if each.changes:
                    _put(source, disk, each, each.size)
            self._applied = flushed
            mode = chance.choice((0.0, 0.3, 0.5, 0.9))  # of some cuts nearly all is lost, of some nothing
            for each in entries[flushed:]:
                if not each.changes:
                    continue
                kept = each.size
                if not each.durable and chance.random() < mode:
                    kept = chance.choice((0, chance.randrange(0, each.size, _TORN_SECTOR)))
                whole, lost, torn = whole + (kept == each.size), lost + (kept == 0), torn + (0 < kept < each.size)
                if kept:
                    disk.seek(each.place)
                    self._undo.append((each.place, disk.read(kept)))
                    _put(source, disk, each, kept)
        return f"entry {cut.entries}: {whole} unflushed writes kept, {torn} torn, {lost} lost"

    def mend(self) -> None:
        """Take back what the last cut wrote beyond the last flush."""
        with self.disk.open("r+b") as disk:
            for place, content in reversed(self._undo):
                disk.seek(place)
                disk.write(content)
        self._undo.clear()


def _put(source: BinaryIO, disk: BinaryIO, write: Write, size: int) -> None:
    source.seek(write.at)
    disk.seek(write.place)
    disk.write(source.read(size))


def choose(phases: Sequence[tuple[int, int]], count: int, seed: int) -> Iterator[Cut]:
    """Choose `count` cuts, spread over phases given as (first, last) entry, in the order of the record."""
    chance = random.Random(seed)
    wide = [phase for phase in phases if phase[1] > phase[0]]
    places = [chance.randint(*wide[number % len(wide)]) for number in range(count)]
    for place in sorted(places):
        yield Cut(place, chance.randrange(1 << 30))
