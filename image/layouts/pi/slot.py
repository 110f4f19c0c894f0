"""What stands in a boot slot of a Pi: the files that its firmware reads. The same image fits both slots."""

import re
from collections.abc import Iterable
from pathlib import Path

from image.errors import ImageError
from image.layouts.pi.facts import Facts

_CHOICE = re.compile(r"\[boot_partition=\d+\]|\[all\]|cmdline=\S+|\s*(#.*)?")
_TEXTS = ("config.txt", "cmdline_a.txt", "cmdline_b.txt")
_ARM64_MAGIC = (56, b"ARM\x64")  # of an uncompressed kernel (Documentation/arch/arm64/booting.rst)
_GZIP_MAGIC = (0, b"\x1f\x8b")


def files(board: Path, facts: Facts, kernel: Path, trees: Iterable[Path]) -> dict[str, Path]:
    """Return name in the slot and file, for `fat.make`.

    `board`: the folder of the board's data. `kernel`: a folder with vmlinuz and initrd.img. `trees`: where device
    trees, overlays and firmware may be, the first that has one wins. Raises ImageError for what is missing.
    """
    places = list(trees)
    found = {name: board / name for name in _TEXTS}
    found |= {name: kernel / name for name in ("vmlinuz", "initrd.img")}
    _check_kernel(found["vmlinuz"])
    for name in facts.device_trees:
        if path := _first(places, name):
            found[name] = path
    if lost := [name for name in facts.device_trees_needed if name not in found]:
        raise ImageError(f"the kernel brings no device tree {', '.join(lost)}: a Pi would not start with it")
    for name in facts.firmware:
        if (path := _first(places, name)) is None:
            raise ImageError(f"the firmware package has no {name}: a Pi 4 would not start")
        found[name] = path
    for notice in (each.parent / "share/doc/raspi-firmware/copyright" for each in places):
        if notice.is_file():
            found["LICENCE.firmware"] = notice  # its terms: wherever the firmware goes, this goes too
    for folder in _overlays(places):
        # Debian's few, or the maker's many: the firmware takes what config.txt names
        found |= {
            f"overlays/{each.name}": each for each in sorted(folder.iterdir()) if each.suffix in (".dtbo", ".dtb")
        }
    return found


def without_choice(config: str) -> str:
    """Return config.txt for firmware that does not know [boot_partition=N] (Debian's, of 2024): slot A's command line.

    There is no trial boot with it, so no other slot is started; a filter that is not known would leave the kernel
    without any command line, or with that of slot B.
    """
    before, filters, choice = config.partition("[boot_partition=")
    if not filters:
        raise ImageError("config.txt chooses no command line by [boot_partition=N]: change image/layouts/pi/slot.py")
    if lost := [line for line in (filters + choice).splitlines() if not _CHOICE.fullmatch(line)]:
        raise ImageError(f"config.txt says more than which command line after [boot_partition=N]: move up {lost[0]!r}")
    return f"{before.rstrip()}\ncmdline=cmdline_a.txt\n"


def _first(places: list[Path], name: str) -> Path | None:
    found = (each for place in places for each in sorted(place.rglob(name)))
    return next((each for each in found if each.is_file()), None)


def _overlays(places: list[Path]) -> list[Path]:
    found = [each for place in places for each in sorted(place.rglob("overlays")) if each.is_dir()]
    return found[:1]


def _check_kernel(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(64)
    if not any(head[at : at + len(magic)] == magic for at, magic in (_ARM64_MAGIC, _GZIP_MAGIC)):
        raise ImageError(
            f"{path} is not a kernel that the Pi's firmware starts: it wants an arm64 Image, plain or gzip"
        )
