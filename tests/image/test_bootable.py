"""What is looked for on a disk after a power cut, on a small disk with the partitions of a box."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.image import tools
from tests.image.bootable import Software, problems, starts
from tests.image.disks import copy_sparse, partition
from tests.image.kept import kept_tree

_MIB = 1 << 20
_PARTITIONS = (("esp", 1, 40), ("boot_a", 41, 1), ("boot_b", 42, 1), ("root_a", 43, 2), ("root_b", 45, 2))
_LAYOUT = "label: gpt\n" + "".join(
    f'start={start}MiB, size={size}MiB, name="{name}"\n' for name, start, size in _PARTITIONS
)
_FRESH = {"ORDER": "A B", "A_OK": "1", "A_TRY": "0", "B_OK": "0", "B_TRY": "0"}

pytestmark = pytest.mark.skipif(kept_tree("tools") is None, reason="no tools tree: scripts/image makes it")


def _block(variables: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}={value}\n" for name, value in variables.items())
    return f"# GRUB Environment Block\n{lines}".encode().ljust(1024, b"#")


def _put(disk: Path, name: str, content: bytes) -> None:
    source = disk.with_suffix(".file")
    source.write_bytes(content)
    esp = f"{disk}@@{partition(disk, 'esp').start}"
    tools.run("mcopy", "-o", "-i", esp, source, f"::{name}")


def _write(disk: Path, label: str, content: bytes) -> None:
    with disk.open("r+b") as file:
        file.seek(partition(disk, label).start)
        file.write(content)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Software]:
    """A disk as it comes from the builder, with version 1 in slot A, and what may stand on it."""
    folder = tmp_path_factory.mktemp("bootable")
    disk = folder / "disk.raw"
    with disk.open("wb") as file:
        file.truncate(48 * _MIB)
    (folder / "layout").write_text(_LAYOUT)
    tools.run("sh", "-c", f"sfdisk --quiet {disk} <{folder}/layout")
    esp = partition(disk, "esp")
    tools.run("mkfs.fat", "-F", "32", "-S", "512", "--offset", str(esp.start // 512), disk, str(esp.size // 1024))
    tools.run("mmd", "-i", f"{disk}@@{esp.start}", "::EFI", "::EFI/debian")
    _put(disk, "EFI/debian/grub.cfg", b"linux /vmlinuz ro gpt quiet\n")
    _put(disk, "EFI/debian/grubenv", _block(_FRESH))
    images = []
    for name, size in (("boot", _MIB), ("root", 2 * _MIB)):
        for version in (1, 2):
            images.append(folder / f"{name}{version}")
            images[-1].write_bytes(f"{name} of version {version}".encode().ljust(size, b"."))
    _write(disk, "boot_a", images[0].read_bytes())
    _write(disk, "root_a", images[2].read_bytes())
    return disk, Software.of(disk, images, folder / "work")


def _found(box: tuple[Path, Software], tmp_path: Path, **changes: bytes) -> tuple[str, ...]:
    disk = copy_sparse(box[0], tmp_path / "disk.raw")
    for where, content in changes.items():
        if where.startswith(("boot", "root")):
            _write(disk, where, content)
        else:
            _put(disk, f"EFI/debian/{where.replace('_', '.')}", content)
    return problems(disk, box[1], tmp_path / "work")


def test_a_disk_that_nothing_happened_to_is_good(box: tuple[Path, Software], tmp_path: Path) -> None:
    assert _found(box, tmp_path) == ()


def test_an_empty_environment_block_is_found(box: tuple[Path, Software], tmp_path: Path) -> None:
    found = _found(box, tmp_path, grubenv=b"")
    assert [each for each in found if "no environment block" in each] != []


def test_a_second_block_is_good_enough(box: tuple[Path, Software], tmp_path: Path) -> None:
    assert _found(box, tmp_path, grubenv=b"", grubenv_copy=_block(_FRESH)) == ()


def test_a_changed_boot_loader_is_found(box: tuple[Path, Software], tmp_path: Path) -> None:
    assert "grub.cfg is changed" in "".join(_found(box, tmp_path, grub_cfg=b"halt\n"))


def test_a_half_written_slot_is_found_where_it_would_be_started(box: tuple[Path, Software], tmp_path: Path) -> None:
    half = b"root of version 2".ljust(_MIB, b".") + b"x" * _MIB
    assert _found(box, tmp_path, root_b=half) == ()  # nobody starts it yet
    other = _block({**_FRESH, "ORDER": "B A", "B_OK": "1"})
    assert "root_b" in "".join(_found(box, tmp_path, root_b=half, grubenv=other))


def test_a_damaged_file_system_is_found(box: tuple[Path, Software], tmp_path: Path) -> None:
    disk = copy_sparse(box[0], tmp_path / "disk.raw")
    esp = partition(disk, "esp")
    with disk.open("r+b") as file:
        file.seek(esp.start)
        file.write(bytes(4096))
    assert problems(disk, box[1], tmp_path / "work") != ()


def _cut_between_entries_and_header(disk: Path, *, second: bool) -> None:
    """Leave the first table as a cut while other ids are written does; `second`: those of the second are there."""
    newer = copy_sparse(disk, disk.with_suffix(".newer"))
    tools.run("sfdisk", "--quiet", "--part-uuid", newer, "4", "11111111-2222-3333-4444-555555555555")
    end = disk.stat().st_size
    with disk.open("r+b") as file, newer.open("rb") as source:
        for start, size in ((2 * 512, 32 * 512), *([(end - 33 * 512, 33 * 512)] if second else [])):
            source.seek(start)
            file.seek(start)
            file.write(source.read(size))


def test_a_table_in_the_middle_of_its_writing_is_good_where_the_second_one_is(
    box: tuple[Path, Software], tmp_path: Path
) -> None:
    disk = copy_sparse(box[0], tmp_path / "disk.raw")
    _cut_between_entries_and_header(disk, second=True)
    assert problems(disk, box[1], tmp_path / "work") == ()
    _put(disk, "EFI/debian/grub.cfg", b"linux /vmlinuz ro quiet\n")  # and nobody looks there
    assert "the kernel does not find" in "".join(problems(disk, box[1], tmp_path / "work"))


def test_other_ids_in_the_second_table_than_the_boot_loader_sees_are_found(
    box: tuple[Path, Software], tmp_path: Path
) -> None:
    disk = copy_sparse(box[0], tmp_path / "disk.raw")
    _cut_between_entries_and_header(disk, second=False)
    assert "the kernel does not find" in "".join(problems(disk, box[1], tmp_path / "work"))


@pytest.mark.parametrize(
    ("changes", "slot"),
    [
        ({}, "A"),
        ({"ORDER": "B A", "B_OK": "1"}, "B"),
        ({"ORDER": "B A", "B_OK": "1", "B_TRY": "3"}, "A"),
        ({"ORDER": "B A", "B_OK": "1", "B_TRY": "3", "HOMARUS_COMMITTED": "B"}, "B"),
        ({"A_TRY": "3"}, "A"),  # none left: it begins anew
        ({"ORDER": "B A", "A_OK": "0", "B_OK": "1", "B_TRY": "3"}, "B"),
    ],
)
def test_the_slot_is_the_one_that_the_boot_loader_takes(changes: dict[str, str], slot: str) -> None:
    assert starts({**_FRESH, **changes}) == slot
