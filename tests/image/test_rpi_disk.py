"""The disk of a Raspberry Pi, made offline from Debian's arm64 kernel and firmware, read as its firmware reads it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.host.tryboot import Tryboot
from image import board as boards
from image import tools
from image.cache import cache_folder
from image.errors import ImageError
from image.layouts import fat
from image.layouts.pi import disk, facts, slot
from tests.image import pi_firmware
from tests.image.kept import kept_firmware, kept_tree
from tests.image.pi_disks import MODES as MODES_OF_BOOT
from tests.image.pi_disks import Disk as OneDisk
from tests.image.pi_disks import start as look_for_root
from tests.image.pi_firmware import MODELS, Disk, Refused

pytestmark = pytest.mark.image

_LARGE = boards.load("rpi")
_BOARD = replace(
    _LARGE, partitions=replace(_LARGE.partitions, root_mib=64, boot_mib=64)
)  # quicker to copy and to compare
_FACTS = facts.read(_BOARD.folder)
_EPOCH = 1735689600
_UUID = "00000000-0000-4000-8000-000000000001"
_EROFS_MAGIC = (1024, bytes.fromhex("e2e1f5e0"))
_MIB_SECTORS = 2048


def _slot_files(folder: Path, packages: Path) -> dict[str, Path]:
    kernel = folder / "kernel"
    kernel.mkdir(exist_ok=True)
    shutil.copyfile(next(packages.glob("boot/vmlinuz-*-arm64")), kernel / "vmlinuz")
    (kernel / "initrd.img").write_bytes(b"070701")
    return slot.files(_BOARD.folder, _FACTS, kernel, [kernel, packages / "usr/lib"])


def _make(folder: Path, packages: Path) -> Path:
    tree = folder / "root"
    (tree / "usr/lib").mkdir(parents=True)
    (tree / "usr/lib/os-release").write_text("IMAGE_ID=homarus\n")
    tools.run(["mkfs.erofs", "--quiet", f"-T{_EPOCH}", "-U", _UUID, "-x-1", folder / "root.img", tree], [folder])
    fat.make(folder / "boot.img", _BOARD.partitions.boot_mib, "BOOT", _slot_files(folder, packages), _EPOCH)
    disk.make(_BOARD, _FACTS, folder / "root.img", folder / "boot.img", folder / "disk.img", _EPOCH)
    return folder / "disk.img"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder with disk.img, boot.img and root.img."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMARUS_IMAGE_CACHE", str(_CACHE))
        packages = kept_firmware()
        if packages is None or kept_tree("tools") is None:
            pytest.skip("Debian's kernel and firmware of the Pi are not here: scripts/image rpi fetches them")
        folder = tmp_path_factory.mktemp("pi")
        _make(folder, packages)
        yield folder
        shutil.rmtree(folder)  # the image is sparse, but not nothing


_CACHE = cache_folder()  # a test has another HOME


@pytest.fixture
def card(made: Path) -> Disk:
    return pi_firmware.open_disk(made / "disk.img")[1]


def test_the_table_has_the_slots_in_their_places(made: Path, card: Disk) -> None:
    signature, _ = pi_firmware.open_disk(made / "disk.img")
    sizes = _BOARD.partitions
    assert signature == _FACTS.disk_signature
    kinds = {number: kind for number, (_, _, kind) in card.table.items()}
    assert kinds == {1: "c", 2: "c", 3: "c", 4: "f", 5: "83", 6: "83", 7: "83"}
    mib = {number: size // _MIB_SECTORS for number, (_, size, _) in card.table.items() if number != 4}
    roots = {5: sizes.root_mib, 6: sizes.root_mib, 7: _FACTS.data_shipped_mib}
    assert mib == {1: sizes.setup_mib, 2: sizes.boot_mib, 3: sizes.boot_mib, **roots}
    assert all(start % _MIB_SECTORS == 0 for start, _, _ in card.table.values())
    start, size, _ = card.table[4]
    assert all(start < card.table[n][0] and sum(card.table[n][:2]) <= start + size for n in (5, 6, 7))


@pytest.mark.parametrize("model", MODELS)
def test_a_pi_starts_slot_a_and_nothing_else(card: Disk, model: str) -> None:
    started = pi_firmware.start(card, model=model)
    assert started.partition == 2
    assert {f"homarus.disk={_FACTS.disk_signature}", "rauc.slot=A"} <= set(started.command_line.split())
    at, magic = _EROFS_MAGIC
    assert card.head(5, at + 4)[at:] == magic


def test_slot_b_and_the_data_are_empty_when_shipped_whatever_the_card_held(card: Disk) -> None:
    assert card.files(3) == []
    assert card.head(6, 4096) == card.head(7, 4096) == bytes(4096)
    start, size, _ = card.table[7]
    assert card.path.stat().st_size == (start + size) * 512  # so flashing writes over it
    with pytest.raises(Refused, match="partition 3 lacks"):
        pi_firmware.start(card, model="pi5", tryboot=True)


def test_an_update_writes_the_same_boot_image_into_slot_b_and_a_trial_starts_it(made: Path, tmp_path: Path) -> None:
    updated = _with_slot_b(made, tmp_path)
    trial = pi_firmware.start(updated, model="pi5", tryboot=True)
    assert trial.partition == 3
    assert "rauc.slot=B" in trial.command_line.split()
    assert pi_firmware.start(updated, model="pi5").partition == 2  # any other restart goes back


def test_a_committed_slot_b_is_started_and_a_trial_then_goes_to_a(made: Path, tmp_path: Path) -> None:
    updated = _with_slot_b(made, tmp_path)
    (tmp_path / "autoboot.txt").write_text(_committed_b(updated, tmp_path))
    words: list[str | Path] = ["mcopy", "-o", "-i", updated._at(1), tmp_path / "autoboot.txt", "::"]
    tools.run(words, [tmp_path], environment={"MTOOLS_SKIP_CHECK": "1"})
    assert pi_firmware.start(updated, model="pi4").partition == 3
    assert pi_firmware.start(updated, model="pi4", tryboot=True).partition == 2


def _with_slot_b(made: Path, folder: Path) -> Disk:
    """A copy of the disk with the slot's images in B, as RAUC writes them."""
    folder.mkdir(exist_ok=True)
    tools.run(["cp", "--sparse=always", made / "disk.img", folder / "disk"], [made, folder])
    found = pi_firmware.open_disk(folder / "disk")[1]
    with found.path.open("r+b") as target:
        for number, name in ((3, "boot.img"), (6, "root.img")):
            target.seek(found.table[number][0] * 512)
            target.write((made / name).read_bytes())
    return found


def _committed_b(card: Disk, folder: Path) -> str:
    """autoboot.txt after the box has committed the slot that runs on trial."""
    box = folder / "box"
    bootloader = box / "proc/device-tree/chosen/bootloader"
    bootloader.mkdir(parents=True)
    for name, value in (("tryboot", 1), ("partition", 3)):
        (bootloader / name).write_bytes(value.to_bytes(4, "big"))
    (box / "proc/cmdline").write_text(pi_firmware.start(card, model="pi5", tryboot=True).command_line)
    (box / "efi").mkdir()
    (box / "efi/autoboot.txt").write_text(card.read(1, "autoboot.txt"))
    Tryboot(box).set_state("B", "good")
    return (box / "efi/autoboot.txt").read_text()


@pytest.mark.parametrize("tryboot", [False, True])
def test_of_two_disks_in_one_pi_the_one_that_the_firmware_read_is_taken(
    made: Path, tmp_path: Path, tryboot: bool
) -> None:
    one, other = (_with_slot_b(made, tmp_path / name) for name in ("one", "other"))
    disks = {name: OneDisk(card.path.parent) for name, card in (("mmcblk0", one), ("nvme0n1", other))}
    for name, card in (("mmcblk0", one), ("nvme0n1", other)):
        line = pi_firmware.start(card, model="pi5", tryboot=tryboot).command_line
        found = look_for_root(tmp_path, disks, line, mode=MODES_OF_BOOT[name])
        assert found.root == f"{name}p{6 if tryboot else 5}"


def test_the_same_parts_give_the_same_disk(made: Path, tmp_path: Path) -> None:
    packages = kept_firmware()
    assert packages is not None
    again = _make(tmp_path, packages)
    assert tools.run(["cmp", again, made / "disk.img"], [tmp_path, made]) == ""


def test_the_set_up_partition_holds_the_selector_and_an_example_of_settings(card: Disk) -> None:
    assert card.files(1) == ["autoboot.txt", "homarus.toml.example"]


def test_a_slot_carries_what_a_pi_4_needs_and_the_licence_of_it(card: Disk) -> None:
    files = card.files(2)
    assert {"start4.elf", "fixup4.dat", "LICENCE.firmware"} <= set(files)
    assert not [name for name in files if name in ("start.elf", "bootcode.bin")]  # of models before it


def test_a_kernel_that_the_firmware_cannot_start_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(b"MZ" + bytes(100))
    (tmp_path / "initrd.img").touch()
    with pytest.raises(ImageError, match="arm64 Image"):
        slot.files(_BOARD.folder, _FACTS, tmp_path, [])


def test_a_kernel_without_a_needed_device_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(b"\x1f\x8b" + bytes(100))
    (tmp_path / "initrd.img").touch()
    (tmp_path / "bcm2711-rpi-4-b.dtb").touch()
    with pytest.raises(ImageError, match=r"no device tree bcm2712-rpi-5-b\.dtb"):
        slot.files(_BOARD.folder, _FACTS, tmp_path, [tmp_path])
