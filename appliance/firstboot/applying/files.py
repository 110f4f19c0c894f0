"""The few things that are done to files, as values: what is planned can be looked at before it is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.ids import digest


@dataclass(frozen=True, slots=True)
class Put:
    """Write a file. `path` is relative to the root of the system; folders on the way are made with `folder_mode`."""

    path: str
    content: bytes
    mode: int = 0o644
    folder_mode: int = 0o755

    def __repr__(self) -> str:
        return f"Put({self.path!r}, {len(self.content)} bytes, {self.mode:#o})"  # the content may be a secret


@dataclass(frozen=True, slots=True)
class Link:
    """Make a symbolic link, in place of whatever has the name."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a file away, if it is there."""

    path: str


Act: TypeAlias = Put | Link | Remove


def do(root: Path, act: Act) -> None:
    """Do it so that a power cut leaves the state before or after. A second time changes nothing. Raises OSError."""
    path = root / act.path
    match act:
        case Put(_, content, mode, folder_mode):
            path.parent.mkdir(mode=folder_mode, parents=True, exist_ok=True)
            if not _is(path, content, mode):
                write_atomic(path, content, mode=mode)
        case Link(_, target):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not (path.is_symlink() and os.readlink(path) == target):
                _link(path, target)
        case Remove():
            path.unlink(missing_ok=True)
            flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Write the names of a folder to the disk; one that is not there has none."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is(path: Path, content: bytes, mode: int) -> bool:
    """A card wears with every write: what is there already is left."""
    try:
        found = path.lstat()
        same = found.st_size == len(content) and found.st_mode & 0o7777 == mode and not path.is_symlink()
        return same and digest(path.read_bytes()) == digest(content)
    except FileNotFoundError:
        return False


def _link(path: Path, target: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    os.replace(beside, path)
    flush_folder(path.parent)
