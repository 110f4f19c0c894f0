"""A control group with a memory limit, in which the kernel itself ends who takes too much. Needs root."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

_OLD = Path("/sys/fs/cgroup/memory")  # cgroup-v1/memory.rst
_NEW = Path("/sys/fs/cgroup")  # admin-guide/cgroup-v2.rst
_DEADLINE_S = 60.0
_HOG = """
import sys, time
taken = []
for _ in range(int(sys.argv[1])):
    taken.append(b"x" * (1 << 20))
    time.sleep(0.001)
print("done", flush=True)
time.sleep(600)
"""


class MemoryGroup:
    """One group. `limit` bounds all processes in it together; swap counts too where the kernel says so."""

    def __init__(self, path: Path, *, old: bool) -> None:
        self.path = path
        self._old = old

    def limit(self, size: int) -> None:
        (self.path / ("memory.limit_in_bytes" if self._old else "memory.max")).write_text(str(size))

    @property
    def used(self) -> int:
        """Bytes that its processes hold, files that could be read again left out."""
        rows = (line.split() for line in (self.path / "memory.stat").read_text().splitlines())
        numbers = {name: int(value) for name, value in rows}
        return numbers["total_rss"] if self._old else numbers["anon"]

    @property
    def command(self) -> list[str]:
        """What stands in front of a command that is to run in the group."""
        return ["sh", "-c", f'echo $$ >{self.path}/cgroup.procs && exec "$@"', "sh"]

    def fill(self, size: int, until: Callable[[], bool]) -> None:
        """Take memory, MiB by MiB up to `size`, until something happens."""
        hog = subprocess.Popen([*self.command, sys.executable, "-c", _HOG, str(size >> 20)], stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + _DEADLINE_S
            while not until():
                assert hog.poll() is None, "the kernel ended the hog"
                assert time.monotonic() < deadline, "nobody was ended"
                time.sleep(0.01)
        finally:
            hog.kill()
            hog.wait()


@contextlib.contextmanager
def memory_group() -> Iterator[MemoryGroup | None]:
    """Make a group and remove it; None where the kernel or the rights do not allow one."""
    group = _made()
    try:
        yield group
    finally:
        if group is not None:
            group.path.rmdir()


def _made() -> MemoryGroup | None:
    if os.geteuid() != 0:
        return None
    name = f"homarus-{uuid.uuid4().hex[:8]}"
    for root, file in ((_OLD, "memory.limit_in_bytes"), (_NEW, "memory.max")):
        path = root / name
        with contextlib.suppress(OSError):
            path.mkdir()
            if (path / file).exists():
                return MemoryGroup(path, old=root == _OLD)
            path.rmdir()
    return None
