"""What the builder writes, read by the programs that will read it: GRUB, systemd, sfdisk, mtools, RAUC's own parser.

Only where the tools tree is there already (`scripts/image` makes it): these take seconds, making it takes minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from image import apt, board, cache, tools
from image.layouts import fat, uefi

_CACHE = str(cache.cache_folder())  # read here: a test has another HOME
_BOARD = board.load("qemu-amd64")
_MIB = 1024 * 1024
pytestmark = pytest.mark.image


def _there() -> bool:
    found = apt.Bootstrap(apt.package_list(board.REPOSITORY / "image/packages/tools.txt"), tools.host_arch())
    return os.geteuid() == 0 and (Path(_CACHE) / "tree-tools" / found.key(tools.EPOCH)).is_dir()


@pytest.fixture(autouse=True)
def _tools_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    if not _there():
        pytest.skip("needs the tools tree and root: python3 -m image.tools path")
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", _CACHE)


@pytest.mark.parametrize("name", ["qemu-amd64", "nuc"])
def test_grub_accepts_its_configuration(name: str, tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text(uefi.grub_configuration(board.load(name)))
    tools.run(["grub-script-check", tmp_path / "grub.cfg"], [tmp_path])


def test_grub_reads_and_writes_the_shipped_environment(tmp_path: Path) -> None:
    block = tmp_path / "grubenv"
    block.write_bytes(uefi.environment_block())
    tools.run(["grub-editenv", block, "set", "MACHINE_ID=" + "a" * 32, "A_TRY=2"], [tmp_path])
    listed = tools.run(["grub-editenv", block, "list"], [tmp_path]).splitlines()
    assert listed == ["ORDER=A B", "A_OK=1", "A_TRY=2", "B_OK=0", "B_TRY=0", "MACHINE_ID=" + "a" * 32]
    assert block.stat().st_size == 1024


def _disk(folder: Path) -> Path:
    small = {"setup": 64, "boot": 33, "empty": 33}
    paths = {name: folder / f"{name}.img" for name in (*small, "root")}
    for name, mib in small.items():
        fat.make(paths[name], mib, "TEST", {}, 0)
    paths["root"].write_bytes(b"\0" * 3 * _MIB)
    text = uefi.configuration(_BOARD, "disk.img", paths["setup"], paths["boot"], paths["empty"], paths["root"])
    (folder / "genimage.cfg").write_text(text)
    (folder / "nothing").mkdir()
    words = [f"--{name}path={folder / name}" for name in ("tmp", "input")]
    place = [f"--rootpath={folder / 'nothing'}", f"--outputpath={folder}"]
    tools.run(["genimage", f"--config={folder / 'genimage.cfg'}", *place, *words], [folder])
    return folder / "disk.img"


def _table(disk: Path) -> list[dict[str, object]]:
    partitions = json.loads(tools.run(["sfdisk", "--json", disk], [disk.parent]))["partitiontable"]["partitions"]
    assert isinstance(partitions, list)
    return partitions


def test_the_disk_has_four_partitions_and_the_first_boot_makes_six_of_them(tmp_path: Path) -> None:
    disk = _disk(tmp_path)
    assert [each["name"] for each in _table(disk)] == ["esp", "boot_a", "boot_b", "root_a"]
    with disk.open("r+b") as file:
        file.truncate(4096 * _MIB)
    definitions = tmp_path / "repart.d"
    definitions.mkdir()
    for name, text in uefi.LAYOUT.files(_BOARD).items():
        # the test's boot slots are as small as FAT32 allows
        (definitions / Path(name).name).write_text(text.replace("=96M", "=33M"))
    words: list[str | Path] = ["systemd-repart", "--offline=yes", "--dry-run=no", f"--definitions={definitions}", disk]
    tools.run(words, [tmp_path])
    found = _table(disk)
    assert [each["name"] for each in found] == ["esp", "boot_a", "boot_b", "root_a", "root_b", "data"]
    sizes = {str(each["name"]): int(str(each["size"])) * 512 // _MIB for each in found}
    assert sizes["root_a"] == sizes["root_b"] == _BOARD.partitions.root_mib
    assert sizes["data"] > 2000


def test_a_fat_image_is_the_same_bytes_for_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("a kernel")
    images = []
    for name in ("first", "second"):
        image = tmp_path / name
        fat.make(image, 33, "BOOT", {"EFI/x/one": tmp_path / "one", "two": tmp_path / "one"}, 1_700_000_000)
        images.append(image.read_bytes())
        listed = tools.run(["mdir", "-/", "-b", "-i", image], [tmp_path])
        assert sorted(listed.split()) == ["::/EFI/", "::/EFI/x/", "::/EFI/x/one", "::/two"]
    assert images[0] == images[1]


def test_systemd_finds_nothing_wrong_with_the_early_units(tmp_path: Path) -> None:
    units = board.REPOSITORY / "image/rootfs/usr/lib/systemd/system"
    names = [each.name for each in sorted(units.glob("box-*"))]
    assert names
    for each in units.glob("box-*"):
        text = each.read_text().replace("/usr/lib/homarus/", "/usr/bin/true #")
        (tmp_path / each.name).write_text(text)
    words = tools.command(["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in names)], [tmp_path])
    done = subprocess.run(words, capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "box-" in line] == []


def test_udev_finds_nothing_wrong_with_the_rule_of_slots() -> None:
    rule = board.REPOSITORY / "image/rootfs/usr/lib/udev/rules.d/61-homarus-slots.rules"
    tools.run(["udevadm", "verify", "--no-style", rule])
