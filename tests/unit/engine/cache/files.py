"""What the tests of files share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.engine.cache.envelope import Header, pack_tokens
from appliance.engine.cache.files.disk import Disk
from appliance.engine.cache.files.folder import Folder
from appliance.engine.cache.shelf import name_of

KEY = b"k" * 32
PRINT = b"f" * 32
OTHER = b"g" * 32
_seeds = itertools.count(1)


def header(tokens: tuple[int, ...], start: int = 0, *, length: int, pinned: bool = False) -> Header:
    return Header(PRINT, pack_tokens(tokens), start, len(tokens), length, pinned)


@contextmanager
def folder(path: Path) -> Iterator[Folder]:
    """Hold a folder; each start would make another key if it found none."""
    held = Folder(path, random_bytes=bytes([next(_seeds)]) * 32)
    try:
        yield held
    finally:
        held.close()


@contextmanager
def disk(path: Path, *, budget: int = 1 << 20, fingerprint: bytes = PRINT, reserve: int = 0) -> Iterator[Disk]:
    with folder(path) as held:
        yield Disk(held, fingerprint, budget=budget, reserve=reserve)


def put(files: Disk, tokens: tuple[int, ...], blob: bytes, *, pinned: bool = False) -> str:
    """Write one state and return its name."""
    name = name_of(tokens, 0)
    size, _ = files.write(name, header(tokens, length=len(blob), pinned=pinned), blob)
    assert size > 0
    return name


def states(path: Path) -> list[Path]:
    return sorted(path.glob("*.state"))
