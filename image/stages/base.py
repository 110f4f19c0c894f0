"""The base root: Debian packages and one initial RAM file system, nothing of ours. The slow stage, kept by its key."""

import shlex
import subprocess
import time
from pathlib import Path

from image import tools
from image.apt import Bootstrap, package_list
from image.board import Board
from image.cache import cached, key_of
from image.stages import times

_REPOSITORY = tools.REPOSITORY
_LIST = _REPOSITORY / "image" / "packages" / "base.txt"
# Packages that a UEFI box needs beside the common ones. The boot loader itself is not on the root file system.
_OF_LAYOUT = {"uefi": ("grub-common",), "pi": ()}
# Not built by the kernel's package but once, at the end, when everything that goes into it is there.
_NO_EARLY_INITRAMFS = "/etc/kernel/postinst.d/initramfs-tools"
# The maker's firmware copies itself to a mounted boot partition; here it is taken from its package.
_NO_FIRMWARE_COPY = ("/etc/kernel/*.d/z50-raspi-firmware", "/etc/initramfs/post-update.d/z50-raspi-firmware")
# 22 MB of grub modules and tools that make boot loaders: the box only edits its environment block.
_UNUSED = (
    "/usr/bin/grub-*",
    "!/usr/bin/grub-editenv",
    "/usr/sbin/grub-*",
    "/usr/lib/grub/*",
    "/usr/share/grub/*",
    "/usr/share/locale/*",
    "/usr/share/i18n/*",
    "/usr/share/pixmaps/*",
)
_RECIPE = 1  # raised when what is done after the packages changes
_INITRAMFS = """\
MODULES=list
COMPRESS=zstd
COMPRESSLEVEL=9
FSTYPE=erofs
RESUME=none
"""

# Of all processors: by itself it takes those of the building machine, where only named modules are taken.
_MICROCODE = "IUCODE_TOOL_INITRAMFS=early\nIUCODE_TOOL_SCANCPUS=no\nAMD64UCODE_INITRAMFS=early\n"


def bootstrap(board: Board, extra: tuple[str, ...] = ()) -> Bootstrap:
    """What the base of a board is made from."""
    from image import layouts  # a layout asks this module for unpacked packages

    maker = layouts.maker(board)
    kernel = (board.kernel.package, maker.firmware) if maker else (board.kernel.package,)
    names = (*package_list(_LIST), *_OF_LAYOUT[board.layout], *board.packages, *kernel, *extra)
    left_out = tuple(f"/usr/lib/modules/*/kernel/{each}/*" for each in board.kernel.left_out)
    modules = "\\n".join(["erofs", "overlay", *board.kernel.modules])
    configure = (
        f"printf {shlex.quote(_INITRAMFS)} > $1/etc/initramfs-tools/conf.d/homarus"
        f" && printf '{modules}\\n' > $1/etc/initramfs-tools/modules"
    )
    folders = "mkdir -p $1/etc/initramfs-tools/conf.d"
    build = "chroot $1 sh -c 'for each in /usr/lib/modules/*/; do update-initramfs -c -k $(basename $each); done'"
    return Bootstrap(
        names,
        board.arch,
        components=board.components,
        excluded=(*_UNUSED, *left_out, _NO_EARLY_INITRAMFS, *(_NO_FIRMWARE_COPY if maker else ())),
        hooks=(f"--essential-hook={folders} && {configure}", *_microcode(names), f"--customize-hook={build}"),
        more_sources=(maker.source,) if maker else (),
    )


def _microcode(names: tuple[str, ...]) -> list[str]:
    found = [each for each in names if each.endswith("-microcode")]
    write = "".join(f"printf {shlex.quote(_MICROCODE)} >> $1/etc/default/{each};" for each in found)
    return [f"--customize-hook={write}"] if found else []


def key(board: Board, epoch: int) -> str:
    """What the base depends on; not the day it is made on, so `--fresh` brings new versions of packages."""
    wanted = bootstrap(board)
    return key_of(wanted.key(epoch), _RECIPE, *(each.line() for each in wanted.more_sources))


def make(board: Board, epoch: int, *, fresh: bool = False) -> Path:
    """Return the folder of the base root; it must not be changed in place."""

    def build(target: Path) -> None:
        started = time.time()
        tools.quietly(bootstrap(board).command(target, epoch), target.parent / f"{board.name}.log")
        # What a package brought has the package's time; what was written just now gets that of the image.
        times.bound(target, epoch, younger_than=started - 1)

    return cached(f"base-{board.arch}", key(board, epoch), build, fresh=fresh)


def versions(root: Path) -> dict[str, str]:
    """Packages of a tree and their versions."""
    form = "${Package}\t${Version}\n"
    listed = subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show", f"--showformat={form}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return dict(sorted(line.split("\t") for line in listed.splitlines()))


def unpacked(
    packages: tuple[str, ...], arch: str, components: tuple[str, ...] = ("main",), *, fresh: bool = False
) -> Path:
    """Return a folder with the files of packages (and of what they need), unpacked and not configured.

    For boot loaders and firmware: nothing of it runs, so the architecture does not matter. `fresh`: fetched anew.
    """
    wanted = Bootstrap(packages, arch, variant="extract", components=components, lean=False)

    def build(target: Path) -> None:
        tools.quietly(wanted.command(target, 0), target.parent / "unpacked.log")

    return cached("unpacked", wanted.key(0), build, fresh=fresh)
