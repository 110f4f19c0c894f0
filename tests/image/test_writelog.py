"""The replay of recorded writes: what is flushed stays, what is not may be lost or torn, and nothing else happens."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tests.image.disks import copy_sparse, partition, partitions
from tests.image.writelog import Cut, LogError, Replay, WriteLog, choose

_SECTOR = 512
_FLUSH, _FUA, _DISCARD = 1, 2, 4


def _log(path: Path, *entries: tuple[int, bytes, int]) -> WriteLog:
    """Write a log by the description of the format: superblock, then for each entry a sector and its data."""
    parts = [struct.pack("<QQQI", 0x6A736677736872, 1, len(entries), _SECTOR).ljust(_SECTOR, b"\0")]
    for sector, data, flags in entries:
        parts.append(struct.pack("<QQQQ", sector, len(data) // _SECTOR, flags, 0).ljust(_SECTOR, b"\0"))
        if not flags & _DISCARD:
            parts.append(data)
    path.write_bytes(b"".join(parts))
    log = WriteLog(path)
    log.read()
    return log


def _disk(path: Path, sectors: int = 16) -> Path:
    path.write_bytes(bytes(sectors * _SECTOR))
    return path


def _block(letter: str, sectors: int = 1) -> bytes:
    return letter.encode() * _SECTOR * sectors


def _letters(disk: Path) -> str:
    content = disk.read_bytes()
    return "".join(chr(content[place] or ord(".")) for place in range(0, len(content), _SECTOR))


def test_what_a_flush_covers_survives_every_cut_after_it(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", (0, _block("a", 2), 0), (4, _block("b"), 0), (0, b"", _FLUSH), (8, _block("c"), 0))
    for seed in range(50):
        disk = _disk(tmp_path / "disk")
        Replay(log, disk).cut(Cut(4, seed))
        assert _letters(disk).startswith("aa..b")


def test_what_no_flush_covers_is_kept_lost_or_torn_by_chance(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", (0, _block("a", 4), 0))
    seen = set()
    for seed in range(200):
        disk = _disk(tmp_path / "disk")
        Replay(log, disk).cut(Cut(1, seed))
        seen.add(_letters(disk)[:4])
    assert seen == {"....", "a...", "aa..", "aaa.", "aaaa"}


def test_a_forced_write_survives_without_a_flush_and_a_discard_changes_nothing(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", (0, _block("a"), _FUA), (0, _block("x", 2), _DISCARD), (3, _block("b"), _FUA))
    for seed in range(50):
        disk = _disk(tmp_path / "disk")
        Replay(log, disk).cut(Cut(3, seed))
        assert _letters(disk).startswith("a..b")


def test_cuts_in_order_share_one_disk_and_equal_replays_from_the_beginning(tmp_path: Path) -> None:
    chance = random.Random(5)
    letters = (chr(ord("a") + number % 26) for number in range(60))
    entries = [
        (0, b"", _FLUSH) if chance.random() < 0.2 else (chance.randrange(12), _block(each, chance.randint(1, 4)), 0)
        for each in letters
    ]
    log = _log(tmp_path / "log", *entries)
    shared = Replay(log, _disk(tmp_path / "shared"))
    for cut in choose([(0, 20), (20, 60)], 25, seed=1):
        shared.cut(cut)
        alone = Replay(log, _disk(tmp_path / "alone"))
        alone.cut(cut)
        assert _letters(shared.disk) == _letters(alone.disk)
        shared.mend()
    with pytest.raises(ValueError, match="in order"):
        shared.cut(Cut(1, 0))


def test_gigabytes_of_zeros_stay_holes_and_can_be_taken_back(tmp_path: Path) -> None:
    size = 3 << 30
    log = _log(tmp_path / "log", (8, _block("a", 4), _FUA))
    with log.path.open("r+b") as file:
        file.seek(0, 2)
        file.write(struct.pack("<QQQQ", 0, size // _SECTOR, 0, 0).ljust(_SECTOR, b"\0"))
        file.truncate(file.tell() + size)
    assert log.read() == 2
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(4 << 30)
    replay = Replay(log, disk)
    seen = set()
    for seed in range(12):
        replay.cut(Cut(2, seed))
        with disk.open("rb") as file:
            file.seek(8 * _SECTOR)
            seen.add(file.read(1))
        replay.mend()
    assert seen == {b"a", b"\0"}
    assert disk.stat().st_blocks * 512 < 1 << 20


def test_a_log_is_read_as_it_grows(tmp_path: Path) -> None:
    whole = _log(tmp_path / "whole", (0, _block("a"), 0), (0, b"", _FLUSH), (1, _block("b", 3), 0)).path.read_bytes()
    growing = tmp_path / "growing"
    growing.write_bytes(b"")
    log = WriteLog(growing)
    counts = []
    for size in range(0, len(whole) + 1, _SECTOR):
        growing.write_bytes(whole[:size])
        counts.append(log.read())
    assert counts == [0, 0, 0, 1, 2, 2, 2, 2, 3]


def test_another_file_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 2048)
    with pytest.raises(LogError, match="no log of writes"):
        WriteLog(tmp_path / "log").read()


def test_cuts_are_spread_over_the_phases_and_come_in_order() -> None:
    cuts = list(choose([(0, 10), (5, 5), (100, 110)], 20, seed=3))
    places = [cut.entries for cut in cuts]
    assert places == sorted(places)
    assert sum(place <= 10 for place in places) == sum(100 <= place <= 110 for place in places) == 10
    assert [cut.seed for cut in cuts] == [cut.seed for cut in choose([(0, 10), (100, 110)], 20, seed=3)]


def test_partitions_of_a_gpt_disk_are_found_by_their_labels(tmp_path: Path) -> None:
    entry = struct.pack("<16s16sQQQ72s", b"k" * 16, b"u" * 16, 2048, 4095, 0, "root_a".encode("utf-16-le"))
    disk = tmp_path / "disk"
    header = b"EFI PART".ljust(72, b"\0") + struct.pack("<QII", 2, 128, 128)
    disk.write_bytes(bytes(_SECTOR) + header.ljust(_SECTOR, b"\0") + (bytes(128) + entry).ljust(128 * 128, b"\0"))
    found = partition(disk, "root_a")
    assert (found.number, found.start, found.size) == (2, 2048 * _SECTOR, 2048 * _SECTOR)
    with pytest.raises(LookupError, match="no partition data"):
        partition(disk, "data")


def test_partitions_of_an_mbr_disk_include_the_logical_ones(tmp_path: Path) -> None:
    def table(*rows: tuple[int, int, int]) -> bytes:
        entries = b"".join(struct.pack("<B3sB3sII", 0, b"", kind, b"", first, count) for kind, first, count in rows)
        return bytes(446) + entries.ljust(64, b"\0") + b"\x55\xaa"

    disk = tmp_path / "disk"
    disk.write_bytes(bytes(400 * _SECTOR))
    with disk.open("r+b") as file:
        for sector, rows in {
            0: ((0xC, 8, 16), (0xF, 100, 300)),
            100: ((0x83, 8, 20), (0x5, 50, 60)),
            150: ((0x83, 8, 30),),
        }.items():
            file.seek(sector * _SECTOR)
            file.write(table(*rows))
    assert [(each.number, each.start // _SECTOR, each.size // _SECTOR) for each in partitions(disk)] == [
        (1, 8, 16),
        (2, 100, 300),
        (5, 108, 20),
        (6, 158, 30),
    ]


def test_a_sparse_copy_has_the_same_content_and_the_same_holes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(20 << 20)
        file.write(b"x" * 100_000)
    whole = copy_sparse(source, tmp_path / "whole", grown=80 << 20)
    assert whole.stat().st_size == 80 << 20
    assert whole.stat().st_blocks * 512 < 1 << 20
    assert whole.read_bytes()[: 64 << 20] == source.read_bytes()
    part = copy_sparse(source, tmp_path / "part", start=(20 << 20) - 10, size=1000)
    assert part.read_bytes() == bytes(10) + b"x" * 990
