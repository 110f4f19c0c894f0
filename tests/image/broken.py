"""Blocks of a disk that cannot be read any more, while the machine runs: a card that dies under a box.

QEMU's blkdebug is put below the disk that the machine sees, and taken away again.
"""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Iterator, Sequence

from tests.image.box import Box
from tests.image.machine import DISK, SURFACE, Machine

_BROKEN = "broken"
# Runs in the machine: which sectors of the disk hold the blocks of a file that hold a text (FIBMAP of linux/fs.h).
_FIND = """
import array, fcntl, json, os, sys
path, text = sys.argv[1], sys.argv[2].encode()
with open(path, "rb") as file:
    size, device = os.statvfs(path).f_bsize, os.fstat(file.fileno()).st_dev
    start = int(open(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/start").read())
    found = []
    for number in range(-(-os.fstat(file.fileno()).st_size // size)):
        if text in file.read(size):
            block = array.array("i", [number])
            fcntl.ioctl(file, 1, block)
            found += range(start + block[0] * size // 512, start + (block[0] + 1) * size // 512)
print(json.dumps(found))
"""


def sectors(box: Box, path: str, text: str) -> list[int]:
    """Return the sectors of the disk where a file of the box holds `text`; all of the file for an empty one."""
    box.guest.good("sync", path)
    found: list[int] = json.loads(box.guest.good("python3", "-I", "-c", _FIND, path, text))
    return found


@contextlib.contextmanager
def unreadable(machine: Machine, bad: Sequence[int]) -> Iterator[None]:
    """Let every reading of these sectors fail; what the machine has of them in memory is forgotten first."""
    rules = [{"event": "none", "iotype": "read", "errno": errno.EIO, "sector": each} for each in bad]
    node = {"driver": "blkdebug", "node-name": _BROKEN, "image": DISK, "inject-error": rules}
    machine.monitor("blockdev-add", **node)
    _put_on(machine, _BROKEN)
    machine.guest.shell("sync; echo 3 >/proc/sys/vm/drop_caches")
    try:
        yield
    finally:
        _put_on(machine, DISK)
        machine.monitor("blockdev-del", **{"node-name": _BROKEN})


def _put_on(machine: Machine, node: str) -> None:
    machine.monitor("blockdev-reopen", options=[{"driver": "raw", "node-name": SURFACE, "file": node}])
