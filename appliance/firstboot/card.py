"""The partition that a flash tool wrote to: what lies on it, what is left on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.firstboot import report as reports
from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.reading.look import CANDIDATES
from appliance.firstboot.reading.table import MAX_BYTES
from appliance.firstboot.report import Report
from appliance.firstboot.values import SAID
from appliance.firstboot.wipe import blocks, is_torn, wipe
from appliance.foundation.filetrouble import told

FOLDER: Final = "efi"
_MAX_NAMES: Final = 4096


@dataclass(frozen=True, slots=True)
class Card:
    """The partition below a root path. Names on FAT have no case; here they are compared in small letters."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / FOLDER

    def names(self) -> dict[str, Path]:
        """Return what lies on top, small letters to path. Raises OSError where the partition cannot be read."""
        found: dict[str, Path] = {}
        for path in self.folder.iterdir():
            if len(found) < _MAX_NAMES:
                found.setdefault(path.name.lower(), path)
        return found

    def files(self, names: dict[str, Path]) -> dict[str, bytes]:
        """Return the files that may hold settings, each with at most one byte more than is read."""
        return {name: _read(names[name]) for name in CANDIDATES if name in names and names[name].is_file()}

    def remove(self, names: dict[str, Path], wanted: tuple[str, ...]) -> None:
        """Make files unreadable and take them away. Raises OSError."""
        for name in wanted:
            if name in names:
                wipe(names[name])

    def leave(self, report: Report, box: str) -> None:
        """Leave what happened for whoever puts the card into a computer. Raises OSError."""
        worth = report.applied or report.all_mistakes or report.notes or (self.folder / SAID).exists()
        if worth:
            readable = any((self.folder / name).exists() for name in CANDIDATES)
            do(self.folder, Put(SAID, reports.said(report, box, readable=readable)))


def wiping(files: dict[str, bytes], wanted: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the digests by which a wipe that was cut short is known again."""
    return {name: blocks(files[name]) for name in wanted if name in files}


def torn(files: dict[str, bytes], known: Report) -> tuple[str, ...]:
    """Return the files whose wipe did not end."""
    old = known.wiping or {}
    return tuple(name for name, content in files.items() if name in old and is_torn(content, old[name]))


def trouble(error: OSError) -> str:
    """Return what is wrong with the card, as a sentence."""
    return f"The partition with the settings cannot be used: {told(error)}"


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
