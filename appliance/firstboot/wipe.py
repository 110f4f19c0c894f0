"""Secrets on the card are overwritten before their file is removed, and a power cut in between is told from a new file.

FAT keeps the content of a file that is removed. Overwriting in place reaches the same blocks; what the controller of
a card keeps behind them is out of reach, and the text on the card says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from appliance.firstboot.applying.files import flush_folder
from appliance.foundation.ids import digest

BLOCK: Final = 512
"""What a disk writes whole: after a power cut a block is the old one or the new one."""


def blocks(content: bytes) -> tuple[str, ...]:
    """Return the digest of each block, by which half a wipe is recognised."""
    return tuple(digest(content[at : at + BLOCK]) for at in range(0, len(content), BLOCK))


def is_torn(content: bytes, known: Sequence[str]) -> bool:
    """Tell whether `content` is what a wipe that did not end left of a file with these blocks."""
    found = [content[at : at + BLOCK] for at in range(0, len(content), BLOCK)]
    if len(found) != len(known):
        return False
    return all(not block.strip(b" ") or digest(block) == old for block, old in zip(found, known, strict=True))


def wipe(path: Path) -> None:
    """Overwrite a file with blanks and remove it; each step reaches the disk before the next. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        left = os.fstat(descriptor).st_size
        while left > 0:
            left -= os.write(descriptor, b" " * min(left, 64 * 1024))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
    flush_folder(path.parent)
