"""A factory reset on a file system in a file: real ext4, and programs that only write down what they were asked."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.hostservice.frame import RequestError
from appliance.hostservice.reset import start
from appliance.hostservice.resetting.disk import LABEL, PLAIN, Disk, ResetError
from appliance.hostservice.resetting.mark import mark
from appliance.hostservice.resetting.wipe import wipe

_REAL = ("mkfs.ext4", "e2label", "blkid", "wipefs")
pytestmark = pytest.mark.skipif(
    not all(shutil.which(one) for one in _REAL), reason="e2fsprogs and util-linux are not here"
)
_SIZE = 8 << 20


class _Box:
    """A root with a data partition in a file and a set-up partition in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        self.fails: set[str] = set()
        self.disk = Disk(root, self._run)
        self.disk.data.parent.mkdir(parents=True)
        self.disk.data.write_bytes(b"\0" * _SIZE)
        self.disk.setup.write_bytes(b"")
        self.card = root / "mounted/efi"
        (self.card / "EFI/debian").mkdir(parents=True)
        (root / "proc/self").mkdir(parents=True)
        self.command_line("root=PARTUUID=1 ro")
        subprocess.run(["mkfs.ext4", "-q", "-F", "-L", "data", self.disk.data], check=True)

    def command_line(self, text: str) -> None:
        (self.root / "proc/cmdline").write_text(f"{text}\n")

    def mount_data(self) -> None:
        (self.root / "proc/self/mountinfo").write_text(
            f"30 1 8:7 / /data rw,noatime shared:1 - ext4 {self.disk.data} rw,commit=30\n"
        )

    def wipe(self) -> bool:
        return wipe(self.disk, self.root / "mounted")

    def _run(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        name = Path(argv[0]).name
        self.asked.append(name)
        if name in self.fails:
            return subprocess.CompletedProcess(argv, 1, "", "it does not work")
        if argv[0] in _REAL:
            return subprocess.run(argv, capture_output=True, text=True, check=False)
        return subprocess.CompletedProcess(argv, 0, "", "")


@pytest.fixture
def box(tmp_path: Path) -> _Box:
    return _Box(tmp_path)


@pytest.mark.parametrize("block", ["grubenv", "grubenv.copy"])
def test_a_reset_is_asked_for_by_a_label_and_done_at_the_next_start(box: _Box, block: str) -> None:
    mark(box.disk)
    assert box.asked[-1] == "systemctl"
    assert box.disk.label() == LABEL
    for name in (
        "homarus.toml",
        "RPI-Preseed.toml",
        "firstrun.sh",
        "homarus-said.txt",
        "homarus-wifi.txt",
        "other.txt",
    ):
        (box.card / name).write_text("secret")
    (box.card / f"EFI/debian/{block}").write_text("")
    assert box.wipe() is True
    assert box.asked[-1] == "systemctl", "the next start is that of a new box"
    assert box.disk.label() == PLAIN
    assert sorted(path.name for path in box.card.iterdir()) == ["EFI", "other.txt"]
    order = [one for one in box.asked if one in ("mount", "grub-editenv", "umount", "blkdiscard", "mkfs.ext4")]
    assert order == ["mount", "grub-editenv", "umount", "blkdiscard", "mkfs.ext4"]
    assert box.wipe() is False, "and it does not ask again"


def test_nothing_is_touched_where_nobody_asked(box: _Box) -> None:
    before = box.disk.data.read_bytes()
    assert box.wipe() is False
    box.command_line("homarus.reset=0")
    assert box.wipe() is False
    assert box.disk.data.read_bytes() == before
    assert set(box.asked) == {"blkid"}


def test_the_menu_of_the_boot_loader_asks_too(box: _Box) -> None:
    box.command_line("ro homarus.reset=1")
    assert box.wipe() is True


def test_a_power_cut_in_between_begins_again(box: _Box) -> None:
    mark(box.disk)
    box.fails = {"mkfs.ext4"}
    with pytest.raises(ResetError):
        box.wipe()
    assert box.disk.label() == LABEL, "the label is what goes last"
    box.fails = set()
    assert box.wipe() is True
    assert box.disk.label() == PLAIN


def test_a_damaged_data_partition_is_reset_all_the_same(box: _Box) -> None:
    box.disk.data.write_bytes(b"\xff" * _SIZE)
    mark(box.disk)
    assert box.disk.label() == LABEL
    assert box.wipe() is True
    assert box.disk.label() == PLAIN


def test_a_data_partition_in_use_is_never_written_over(box: _Box) -> None:
    box.mount_data()
    mark(box.disk)
    with pytest.raises(ResetError, match="in use"):
        box.wipe()
    box.disk.data.write_bytes(b"\xff" * _SIZE)
    with pytest.raises(ResetError, match="restart"):
        mark(box.disk)
    assert box.disk.data.read_bytes() == b"\xff" * _SIZE


@pytest.mark.parametrize("broken", ["mount", "grub-editenv", "blkdiscard", "umount"])
def test_what_is_not_the_data_keeps_nobody_from_a_reset(box: _Box, broken: str) -> None:
    mark(box.disk)
    (box.card / "EFI/debian/grubenv").write_text("")
    box.fails = {broken}
    assert box.wipe() is True
    assert box.disk.label() == PLAIN


def test_a_box_without_a_data_partition_says_so(box: _Box) -> None:
    box.disk.data.unlink()
    with pytest.raises(ResetError, match="image"):
        mark(box.disk)


def test_a_restart_that_does_not_come_is_told(box: _Box) -> None:
    box.fails = {"systemctl"}
    with pytest.raises(ResetError, match="systemctl"):
        mark(box.disk)


def test_root_starts_it_only_with_the_name_of_the_box() -> None:
    asked: list[tuple[str, ...]] = []
    for name in (None, "", "kitchen2", 5):
        with pytest.raises(RequestError, match="kitchen"):
            start({"name": name}, name=lambda: "kitchen", begin=lambda *words: asked.append(words))
    assert asked == []
    start({"name": "kitchen"}, name=lambda: "kitchen", begin=lambda *words: asked.append(words))
    assert asked == [("start", "homarus-reset-mark.service")]
