"""How a board starts: partitions, boot loader, what a boot slot holds. One module per layout that board data names."""

import importlib
from pathlib import Path
from typing import Protocol

from image.apt import Source
from image.board import Board
from image.context import Context


class Layout(Protocol):
    """What a module of this package offers."""

    def files(self, board: Board) -> dict[str, str]:
        """Files of the root file system that depend on the layout: path and text."""

    def rauc(self) -> str:
        """Lines of RAUC's [system] section: which boot loader, and where it keeps its state."""

    def firmware(self, board: Board, *, fresh: bool = False) -> list[Path]:
        """Folders of Debian's boot loaders and firmware, unpacked: they are not in the root. `fresh`: fetched anew."""

    def boot_image(self, context: Context, kernel: Path, target: Path) -> None:
        """Make the FAT image of a boot slot from a folder with vmlinuz, initrd.img and what else the kernel brings."""

    def disk(self, context: Context, root: Path, boot: Path, target: Path) -> None:
        """Make the disk image from the images of a root slot and of a boot slot."""


class Maker(Protocol):
    """Kernel and firmware from the archive of a board's maker."""

    @property
    def source(self) -> Source:
        """The archive."""

    @property
    def firmware(self) -> str:
        """The package of the firmware."""


_MODULES = {"uefi": "image.layouts.uefi", "pi": "image.layouts.pi"}


def of(board: Board) -> Layout:
    """The layout that a board names."""
    module = importlib.import_module(_MODULES[board.layout])
    return module.LAYOUT  # type: ignore[no-any-return]  # chosen by name; each module declares it as a Layout


def configured(board: Board) -> Board:
    """The board as it is built here: a Pi has its maker's kernel where the build is told of that archive."""
    if board.layout != "pi":
        return board
    from image.layouts import pi

    return pi.configured(board)


def maker(board: Board) -> Maker | None:
    """Where kernel and firmware come from, if not from Debian."""
    if board.kernel.source != "maker":
        return None
    from image.layouts import pi

    return pi.maker(pi.read(board.folder))
