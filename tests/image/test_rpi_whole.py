"""The whole image of a Raspberry Pi, made offline by the builder's own steps and read as the firmware and the box do.

No arm64 program is run for it: the root is Debian's amd64 tree with the arm64 application and our files; kernel, device
trees and firmware are unpacked packages. It is made in seconds, and all but the programs of Debian is the real thing.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from image import board as boards
from image import keyring, layouts, payload, tools
from image.cache import cache_folder
from image.context import Context
from image.layouts.pi import initrd, script
from image.stages import overlay, seal, times
from tests.image import pi_firmware
from tests.image.kept import kept_firmware, kept_tree, newest
from tests.image.pi_disks import Disk as Disks
from tests.image.pi_disks import start
from tests.image.pi_firmware import MODELS, Disk

pytestmark = pytest.mark.image

_BOARD = boards.load("rpi")
_EPOCH = 1735689600
_UUID = "00000000-0000-4000-8000-000000000002"
_AARCH64 = 183  # of an ELF header
_CACHE = cache_folder()  # a test has another HOME
_PARTS = ("environment-gateway-arm64", "environment-engine-arm64", "llama-arm64", "application")


@dataclass(frozen=True, slots=True)
class Made:
    """The root as a tree and as an image, the image of a boot slot, and the disk."""

    tree: Path
    root: Path
    card: Disk


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMARUS_IMAGE_CACHE", str(_CACHE))
        bottom, packages = newest("base-amd64"), kept_firmware()
        if bottom is None or packages is None or kept_tree("tools") is None or not all(map(newest, _PARTS)):
            pytest.skip("its parts are not here: scripts/image qemu-amd64, then python3 -m image.payload arm64")
        folder = tmp_path_factory.mktemp("rpi")
        yield _make(folder, bottom, packages)
        shutil.rmtree(folder)


def _make(folder: Path, bottom: Path, packages: Path) -> Made:
    context = Context(_BOARD, "1.2.3", _EPOCH, keyring.trust(None), folder, build="0123456789ab")
    tree, kernel = folder / "tree", folder / "kernel"
    subprocess.run(["cp", "-a", "--reflink=auto", bottom, tree], check=True)
    payload.install(tree, _BOARD.name, _BOARD.arch, context.version)
    overlay.apply(tree, context)
    seal.take_kernel(tree, kernel)
    shutil.copyfile(next(packages.glob("boot/vmlinuz-*")), kernel / "vmlinuz")
    seal.clean(tree)
    times.bound(tree, _EPOCH)
    seal.pack(tree, folder / "root.img", _EPOCH, _UUID)
    layout = layouts.of(_BOARD)
    layout.boot_image(context, kernel, folder / "boot.img")
    layout.disk(context, folder / "root.img", folder / "boot.img", folder / "disk.img")
    return Made(tree, folder / "root.img", pi_firmware.open_disk(folder / "disk.img")[1])


@pytest.mark.parametrize("model", MODELS)
def test_the_firmware_starts_slot_a_of_the_whole_image(made: Made, model: str) -> None:
    started = pi_firmware.start(made.card, model=model)
    assert (started.partition, started.kernel, started.initramfs) == (2, "vmlinuz", "initrd.img")
    assert "rauc.slot=A" in started.command_line.split()
    assert "[boot_partition" not in made.card.read(2, "config.txt"), "Debian's firmware does not know it"


def test_the_root_slot_holds_the_root_whole_and_sound(made: Made) -> None:
    start, sectors, _ = made.card.table[5]
    size = made.root.stat().st_size
    assert size <= sectors * 512
    words = ["cmp", f"--ignore-initial={start * 512}:0", f"--bytes={size}", made.card.path, made.root]
    assert tools.run(words, [made.root.parent]) == ""
    tools.run(["fsck.erofs", made.root], [made.root.parent])


def test_the_early_system_finds_the_disk_and_the_id_with_programs_that_it_has(made: Made, tmp_path: Path) -> None:
    image = tmp_path / "initrd.img"
    words: list[str | Path] = ["mcopy", "-i", made.card._at(2), "::initrd.img", image]
    tools.run(words, [tmp_path], environment={"MTOOLS_SKIP_CHECK": "1"})
    content = image.read_bytes()
    own = content.rindex(initrd._MAGIC + b"00000001")  # ours lies behind Debian's
    first = {Path(name).name for name in initrd.names(content[:own].rstrip(b"\0"), tmp_path)}
    assert {"init", "blkid", "sh", "mount", "umount", "sleep", "erofs.ko", "functions", "head", "tr", "grep"} <= {
        name.removesuffix(".xz") for name in first
    }
    assert [name for name in initrd.names(content[own:], tmp_path) if "/homarus-" in name] == [
        initrd.ROOT,
        initrd.MACHINE_ID,
    ]


def test_the_early_system_meets_the_command_line_of_a_slot_in_the_part_that_it_reads(made: Made) -> None:
    read = int(re.findall(r"(?m)^enough=(\d+)", script(_BOARD, "root-disk.sh"))[0])
    with made.card.path.open("rb") as disk:
        disk.seek(made.card.table[2][0] * 512)
        content = disk.read(read)
    for slot in "ab":
        assert (_BOARD.folder / f"cmdline_{slot}.txt").read_bytes().strip() in content


@pytest.mark.parametrize("mode", [6, None])
def test_the_shell_of_the_early_system_finds_the_root(made: Made, tmp_path: Path, mode: int | None) -> None:
    libraries = made.tree / "usr/lib/x86_64-linux-gnu"
    loader = libraries / "ld-linux-x86-64.so.2"
    shell = (loader, "--library-path", libraries, made.tree / "usr/bin/busybox", "sh")
    disk = Disks.flashed(tmp_path / "disk")
    for _ in range(2):
        found = start(tmp_path, {"nvme0n1": disk}, disk.line("A"), mode=mode, shell=shell)
        assert (found.root, found.screen) == ("nvme0n1p5", "")
        disk.name()


def test_the_box_is_described_as_what_it_is(made: Made) -> None:
    box = json.loads((made.tree / "usr/lib/homarus/box.json").read_text())
    facts = ("board", "version", "layout", "tryboot", "kernel")
    assert [box[each] for each in facts] == ["rpi", "1.2.3", "pi", False, "debian"]
    hardware = json.loads((made.tree / "usr/lib/homarus/hardware.json").read_text())
    assert hardware["eeprom_min"] == {"bcm2711": "2022-12-01", "bcm2712": "2025-04-01"}
    rauc = (made.tree / "etc/rauc/system.conf").read_text()
    assert "bootloader-custom-backend=/usr/lib/homarus/tryboot\n" in rauc
    assert (made.tree / "etc/machine-id").read_text() == ""
    assert not (made.tree / "usr/lib/repart.d/60-data.conf").exists()  # the disk is grown by our own script


def test_what_a_pi_does_at_its_start_is_switched_on(made: Made) -> None:
    wanted = made.tree / "etc/systemd/system/multi-user.target.wants"
    assert (wanted / "box-name-disk.service").is_symlink()
    assert (made.tree / "etc/systemd/system/homarus-state.service.requires/homarus-tryboot.service").is_symlink()
    for name in ("grow-disk", "name-disk", "tryboot"):
        assert (made.tree / "usr/lib/homarus" / name).stat().st_mode & 0o777 == 0o755


def test_systemd_finds_nothing_wrong_with_the_units_of_a_pi(made: Made) -> None:
    names = ["box-name-disk.service", "box-grow.service", "homarus-tryboot.service", "data.mount"]
    places = [f"/usr/lib/systemd/system/{name}" for name in names[:-1]]
    words = tools.command(["systemd-analyze", f"--root={made.tree}", "verify", "--man=no", *places], [made.tree])
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if any(name in line for name in names)] == []


def test_every_program_of_ours_is_for_the_pi(made: Made) -> None:
    found = {
        str(path.relative_to(made.tree)): machine
        for path in (made.tree / "usr/lib/homarus").rglob("*")
        if path.is_file() and not path.is_symlink() and (machine := _machine(path)) is not None
    }
    assert len(found) > 10
    assert set(found.values()) == {_AARCH64}


def _machine(path: Path) -> int | None:
    with path.open("rb") as file:
        head = file.read(20)
    return struct.unpack_from("<H", head, 18)[0] if head.startswith(b"\x7fELF") else None
