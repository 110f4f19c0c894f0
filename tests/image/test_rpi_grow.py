"""The data partition of a Pi's card at its first boots: made once, given the whole card, and never made again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from image import board as boards
from image import tools
from image.layouts import fat, pi
from image.layouts.pi import disk, facts
from tests.image import pi_firmware
from tests.image.kept import kept_tree

pytestmark = pytest.mark.image

_BOARD = boards.load("rpi")
_SMALL = replace(_BOARD, partitions=replace(_BOARD.partitions, root_mib=64, boot_mib=64))
_FACTS = facts.read(_BOARD.folder)
_CARD = 3 << 30
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Card:
    """A card in a machine whose root is partition 5 of it; `programs` comes first in its PATH."""

    path: Path
    device: Path
    programs: Path

    def boot(self) -> subprocess.CompletedProcess[str]:
        """Run what the box runs before it mounts its data."""
        script = self.programs / "grow-disk"
        script.write_text(pi.script(_BOARD, "grow-disk.sh"))
        words = tools.command(["env", f"PATH={self.programs}:{_PATH}", "sh", script], [self.programs])
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def data(self) -> int:
        """Sectors of the data partition in the table."""
        return pi_firmware.open_disk(self.path)[1].table[7][1]

    def identity(self) -> str:
        """The file system of the data partition, "" where there is none."""
        words = ["blkid", "--probe", "--output", "value", "--match-tag", "UUID", f"{self.device}p7"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


@contextlib.contextmanager
def _inserted(path: Path, programs: Path) -> Iterator[Card]:
    """Attach an image as a disk with partitions, whatever tables the kernel can read by itself."""
    found = subprocess.run(["losetup", "--find", "--show", path], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"no loop device here: {found.stderr.strip()}")
    device = Path(found.stdout.strip())
    try:
        subprocess.run(["partx", "--add", device], check=True, capture_output=True)
        root = Path(f"/sys/class/block/{device.name}p5/dev").read_text().strip()
        (programs / "mountpoint").write_text(f"#!/bin/sh\necho {root}\n")
        (programs / "mountpoint").chmod(0o755)
        yield Card(path, device, programs)
    finally:
        subprocess.run(["partx", "--delete", device], check=False, capture_output=True)
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


@pytest.fixture
def flashed(tmp_path: Path) -> Iterator[Path]:
    """A card of 3 GiB with a new image."""
    if kept_tree("tools") is None or os.geteuid() != 0:
        pytest.skip("the tools tree is not here: scripts/image makes it")
    (tmp_path / "root.img").write_bytes(b"root")
    fat.make(tmp_path / "boot.img", 64, "BOOT", {}, 0)
    disk.make(_SMALL, _FACTS, tmp_path / "root.img", tmp_path / "boot.img", tmp_path / "card", 0)
    os.truncate(tmp_path / "card", _CARD)
    yield tmp_path / "card"
    shutil.rmtree(tmp_path)


def test_the_first_boot_makes_the_file_system_and_gives_it_the_card(flashed: Path, programs: Path) -> None:
    with _inserted(flashed, programs) as card:
        first = card.boot()
        assert first.returncode == 0, first.stderr
        made = card.identity()
        start = pi_firmware.open_disk(flashed)[1].table[7][0]
        assert made
        assert _CARD // 512 - (start + card.data()) < 2048
        assert card.boot().stdout == ""  # the second boot finds nothing to do
        assert card.identity() == made
        check = subprocess.run(["e2fsck", "-fn", f"{card.device}p7"], capture_output=True, text=True, check=False)
        assert check.returncode == 0, check.stdout


def test_a_power_cut_while_the_file_system_is_made_begins_it_again(flashed: Path, programs: Path) -> None:
    with _inserted(flashed, programs) as card:
        half = programs / "mkfs.ext4"
        half.write_text('#!/bin/sh\nfor last; do :; done\n/usr/sbin/mkfs.ext4 -q -F "$last"\nexit 9\n')
        half.chmod(0o755)
        shipped = card.data()
        assert card.boot().returncode == 9
        assert card.data() == shipped == _FACTS.data_shipped_mib * 2048
        half.unlink()
        assert card.boot().returncode == 0
        assert card.data() > shipped


def test_a_card_that_was_in_another_box_does_not_bring_its_data(flashed: Path, programs: Path) -> None:
    with _inserted(flashed, programs) as card:
        subprocess.run(
            ["mkfs.ext4", "-q", "-F", "-U", "11111111-1111-4111-8111-111111111111", f"{card.device}p7"], check=True
        )
        assert card.boot().returncode == 0
        assert card.identity() not in ("", "11111111-1111-4111-8111-111111111111")


def test_a_card_copied_to_a_larger_one_grows_and_keeps_its_data(flashed: Path, programs: Path) -> None:
    with _inserted(flashed, programs) as card:
        card.boot()
        made, size = card.identity(), card.data()
    os.truncate(flashed, 2 * _CARD)
    with _inserted(flashed, programs) as card:
        assert card.boot().returncode == 0
        assert (card.identity(), card.data()) == (made, size + _CARD // 512)


def test_a_card_that_is_too_small_is_named_and_left_as_it_is(flashed: Path, programs: Path) -> None:
    os.truncate(flashed, 1 << 30)
    with _inserted(flashed, programs) as card:
        refused = card.boot()
        assert refused.returncode == 1
        assert "this card is too small" in refused.stderr
        assert card.identity() == ""
