"""The list that Raspberry Pi Imager 2 reads: `rpi-imager --repo URL`, or a *.rpi-imager-manifest by double click.

Fields and values of its documentation, version 2.0; `devices` are the tags of its own live list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from image.board import Board
from image.release.files import sha256

_DEVICES: Mapping[str, tuple[str, ...]] = {"rpi": ("pi4-64bit", "pi5-64bit")}
_ARCHITECTURES: Mapping[str, str] = {"arm64": "armv8"}
_DESCRIPTION = "A private assistant that lives on its own box"


@dataclass(frozen=True, slots=True)
class Download:
    """A compressed image and what is in it."""

    board: Board
    version: str
    image: Path
    compressed: Path


def entry(download: Download, base_url: str, released: datetime) -> dict[str, Any]:
    """Return one entry of the list. `init_format` lets Imager ask for name, Wi-Fi and key and write them for us."""
    board, image = download.board, download.image
    found: dict[str, Any] = {
        "name": f"Homarus {download.version} ({board.title})",
        "description": _DESCRIPTION,
        "url": base_url.rstrip("/") + "/" + download.compressed.name,
        "extract_size": image.stat().st_size,
        "extract_sha256": sha256(image),
        "image_download_size": download.compressed.stat().st_size,
        "release_date": released.strftime("%Y-%m-%d"),
        "devices": list(_DEVICES.get(board.name, ())),
        "init_format": "rpi-preseed",
    }
    if (architecture := _ARCHITECTURES.get(board.arch)) is not None:
        found["architecture"] = architecture
    return found


def os_list(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole list."""
    return {"os_list": entries}
