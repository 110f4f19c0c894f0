"""Boot loaders and firmware: they are in the image and not in its root, so dpkg's records there do not name them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from image import layouts
from image.board import Board
from image.layouts import pi
from image.payload.bill import debian
from image.payload.bill.component import Component, Kind

_ORIGIN = "Boot loaders and firmware"


def components(board: Board, suite: str) -> Iterator[Component]:
    """Yield what of Debian stands on the boot partitions of a board. Raises ImageError."""
    uefi = board.layout == "uefi"
    names = ("shim-signed", f"grub-efi-{board.arch}-signed") if uefi else (pi.read(board.folder).debian["firmware"],)
    for folder in layouts.of(board).firmware(board):
        for name in names:
            yield _component(folder, name, board.arch, suite)


def _component(folder: Path, name: str, arch: str, suite: str) -> Component:
    version = version_of(folder, name)
    purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={arch}&distro={suite}"
    licences = debian.licence_names(debian.copyright_of(folder, name))
    return Component(name, version, purl, _ORIGIN, licences=licences, kind=Kind.FIRMWARE)


def version_of(folder: Path, name: str) -> str:
    """Return the version of a package that is unpacked and not installed: its change log begins with it."""
    documents = folder / "usr/share/doc" / name
    for each in ("changelog.Debian.gz", "changelog.gz"):
        if (documents / each).is_file():
            with gzip.open(documents / each, "rt", encoding="utf-8") as text:
                if found := re.match(r"\S+ \(([^)]+)\)", text.readline()):
                    return found[1]
    return "unknown"
