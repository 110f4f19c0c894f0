"""One box from its first boot on, with a record of every write: what the tests of the story share."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.image.box import Box
from tests.image.disks import copy_sparse
from tests.image.machine import Machine, Setup, fresh_disk
from tests.image.phone import Phone
from tests.image.writelog import WriteLog

_BUILD = Path(__file__).resolve().parents[2] / "build" / "image"
_GROWN = 6 << 30


@dataclass(frozen=True, slots=True)
class Said:
    """A message that the box acknowledged before the entry `entry` of the record was written."""

    text: str
    entry: int


@dataclass(frozen=True, slots=True)
class Built:
    """What scripts/image left for a board."""

    board: str
    image: Path
    root: Path
    boot: Path
    facts: Mapping[str, object]

    @classmethod
    def of(cls, board: str, folder: Path) -> Built:
        """Take what is there now: a build that comes meanwhile puts other files in its place."""
        for each in (_BUILD / board).glob("*.*"):
            try:
                os.link(each, folder / each.name)
            except OSError:
                shutil.copy(each, folder / each.name)
        (image,) = folder.glob(f"homarus-{board}-*.img")
        return cls(
            board, image, folder / "root.img", folder / "boot.img", json.loads((folder / "manifest.json").read_text())
        )

    @property
    def arch(self) -> str:
        return "arm64" if self.board.endswith("arm64") else "amd64"


class Story:
    """The machine of the story, its disk at the beginning, the record, the phone of its owner."""

    def __init__(self, built: Built, folder: Path, credentials: Mapping[str, str]) -> None:
        self.built = built
        self.folder = folder
        self.pristine = copy_sparse(built.image, folder / "pristine.raw", grown=_GROWN)
        (folder / "writes.log").touch()
        self.log = WriteLog(folder / "writes.log")
        disk = fresh_disk(built.image, folder, "box", _GROWN)
        self.machine = Machine(disk, "box", Setup(built.arch, credentials=credentials, log=self.log.path))
        self.box = Box(self.machine)
        self.phases: dict[str, tuple[int, int]] = {}
        self.ids: dict[str, str] = {}
        self.said: list[Said] = []
        self.roots = [built.root]  # images of root slots that were written to the disk, or may have been
        self._unplaced: list[str] = []
        self._keys = count(1)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Remember which part of the record belongs to what is done inside."""
        first = self.log.read()
        yield
        self.phases[name] = (first, self.log.read())

    @contextlib.contextmanager
    def phone(self) -> Iterator[Phone]:
        """The phone of the owner, as it is now."""
        with Phone(self.folder / "phone.json", f"wss://127.0.0.1:{self.machine.port}") as phone:
            yield phone

    def say(self, phone: Phone, text: str) -> str:
        """Send a message; return its run when it is acknowledged. From then on no power cut may lose it."""
        run = phone.send(text, f"story-{next(self._keys)}")
        # An entry of the record may still be on its way, so this one is placed where the next look finds the end.
        self.place_said()
        self._unplaced.append(text)
        return run

    def place_said(self) -> None:
        entry = self.log.read()
        self.said += [Said(text, entry) for text in self._unplaced]
        self._unplaced.clear()

    def close(self) -> None:
        self.machine.close()
        shutil.rmtree(self.folder, ignore_errors=True)
