"""How much memory is left, to the machine and to the control group that this process runs in, and who waits for it.

Sources: proc(5) meminfo and vmstat, Documentation/accounting/psi.rst and admin-guide/cgroup-v2.rst (memory.*) of the
kernel, cgroup-v1/memory.rst for kernels whose memory controller is the old one. A file that is missing or unreadable
says nothing: many kernels, and most containers, have only some of them.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_KIB = 1024
_MAX_LEVELS = 32  # of nested groups; a real path has five
_UNLIMITED = 1 << 60  # the old controller says "no limit" with a number near 2^63


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at memory. Bytes; 0 where a number is unknown or does not exist.

    `available`: what can still be taken without swapping, the smaller one of machine and group. Pages of files count
    as available, those of a mapped model among them: whoever wants to keep them has to leave as much. `psi_…10`: share
    of the last ten seconds, in percent, in which some (all) tasks waited for memory, the larger one of machine and
    group. `swapped_out`, `swapped_in` only grow.
    """

    total: int
    available: int
    psi_some10: float = 0.0
    psi_full10: float = 0.0
    cgroup_current: int = 0
    cgroup_limit: int = 0
    swap_total: int = 0
    swap_free: int = 0
    swapped_in: int = 0
    swapped_out: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """The tightest limit on the way from our group to the top. `room`: what is left below it."""

    current: int = 0
    limit: int = 0
    room: int = 0


class MemoryReader:
    """Reads the files below `root`; tests pass a recorded tree. `page_bytes` is the unit of vmstat's counters.

    `group` is a path in the tree of control groups whose limits count too: what is asked for is to run there.
    """

    def __init__(
        self, root: Path = Path("/"), page_bytes: int = os.sysconf("SC_PAGE_SIZE"), *, group: str | None = None
    ) -> None:
        self._page_bytes = page_bytes
        self._group = group
        self._proc = root / "proc"
        self._mounts = root / "sys/fs/cgroup"

    def read(self) -> Reading:
        """Return what is known now (about a millisecond: a dozen small files). Never raises."""
        memory = {name: value * _KIB for name, value in _table(self._proc / "meminfo").items()}
        events = _table(self._proc / "vmstat")
        total = memory.get("MemTotal", 0)
        available = memory.get("MemAvailable", memory.get("MemFree", 0))
        folders = self._folders()
        elsewhere = _upwards(self._group)[:-1] if self._group else []
        group = _tightest([*folders, *(self._mounts / part for part in elsewhere)])
        some, full = _pressure(self._proc / "pressure/memory")
        if folders:
            group_some, group_full = _pressure(folders[0] / "memory.pressure")
            some, full = max(some, group_some), max(full, group_full)
        if group.limit:
            available = min(available, group.room) if total else group.room
            total = min(total, group.limit) if total else group.limit
        return Reading(
            total=total,
            available=available,
            psi_some10=some,
            psi_full10=full,
            cgroup_current=group.current,
            cgroup_limit=group.limit,
            swap_total=memory.get("SwapTotal", 0),
            swap_free=memory.get("SwapFree", 0),
            swapped_in=events.get("pswpin", 0) * self._page_bytes,
            swapped_out=events.get("pswpout", 0) * self._page_bytes,
        )

    def _folders(self) -> list[Path]:
        """Return the folders of our group and all above it, the innermost first: v2 where it has memory, else v1."""
        new, old = _memberships(_text(self._proc / "self/cgroup"))
        for mount, path in ((self._mounts, new), (self._mounts / "unified", new), (self._mounts / "memory", old)):
            if path is None:
                continue
            folders = [mount / part for part in _upwards(path)]
            if any((folder / name).is_file() for folder in folders for name in ("memory.current", _OLD_CURRENT)):
                return folders
        return []


_OLD_CURRENT = "memory.usage_in_bytes"
_OLD_LIMIT = "memory.limit_in_bytes"


def _tightest(folders: list[Path]) -> _Group:
    best = _Group()
    for folder in folders:
        limits = [
            limit
            for name in ("memory.max", "memory.high", _OLD_LIMIT)
            if (limit := _number(folder / name)) is not None and limit < _UNLIMITED
        ]
        current = _number(folder / "memory.current")
        if current is None:
            current = _number(folder / _OLD_CURRENT)
        if not limits or current is None:
            continue
        room = max(0, min(limits) - current + _reclaimable(folder))
        if not best.limit or room < best.room:
            best = _Group(current, min(limits), room)
    return best


def _reclaimable(folder: Path) -> int:
    """Return the bytes of file pages, which the kernel takes back before it swaps (as MemAvailable counts them)."""
    table = _table(folder / "memory.stat")
    names = ("active_file", "inactive_file")
    # the old controller counts the groups below only in names of their own
    return sum(table.get(f"total_{name}", table.get(name, 0)) for name in names)


def _memberships(text: str) -> tuple[str | None, str | None]:
    """Return our path in the v2 tree and in the v1 memory tree, from /proc/self/cgroup."""
    new = old = None
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            new = path
        elif "memory" in controllers.split(","):
            old = path
    return new, old


def _upwards(path: str) -> list[str]:
    """Return a group's path and those above it, relative to the mount.

    Inside a container the path is that of the host, or begins with "..": the mount then shows our group at its top,
    so the path as a whole is tried and so is each part above.
    """
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")][:_MAX_LEVELS]
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text("ascii")
    return ""


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _table(path: Path) -> dict[str, int]:
    """Return the lines `name value …` of a file."""
    table = {}
    for line in _text(path).splitlines():
        name, *values = line.replace(":", " ").split()[:2] or [""]
        if values and values[0].isdecimal():
            table[name] = int(values[0])
    return table


def _pressure(path: Path) -> tuple[float, float]:
    """Return avg10 of the lines `some` and `full`."""
    shares = {"some": 0.0, "full": 0.0}
    for line in _text(path).splitlines():
        kind, *fields = line.split()
        for field in fields:
            name, _, value = field.partition("=")
            if kind in shares and name == "avg10":
                with contextlib.suppress(ValueError):
                    shares[kind] = float(value)
    return shares["some"], shares["full"]
