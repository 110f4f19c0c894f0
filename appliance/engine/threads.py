"""How many cores a decode may use, by what the others on this box need: files in, a number out.

A thread of ours that waits for its core holds all others up: with one busy neighbour two threads on two cores are
slower than one (measured: 9.9 tokens a second instead of 12.3).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_INTERVAL_S = 0.5
# 30 s: the load before a pause says nothing of now. More than the slowest step takes: beside two busy neighbours two
# threads on two cores took 3.4 s for a token, and what is looked at only before a step must then still count.
_STALE_TICKS = 3000
_TOLERATED = 0.4  # of a core that others may use before it counts as taken
_CALM_LOOKS = 4  # in a row before a thread comes back
_IDLE, _IOWAIT = 3, 4  # fields of a cpu line of /proc/stat


@dataclass(frozen=True, slots=True)
class Sample:
    """Clock ticks since the boot: of our cores together, of them busy, and of this process."""

    total: int
    busy: int
    own: int


class LoadReader:
    """Reads /proc under `root`; only the cores that this process may use count."""

    def __init__(self, cores: frozenset[int], root: Path = Path("/")) -> None:
        self._names = {f"cpu{core}" for core in cores}
        self._stat = root / "proc/stat"
        self._self = root / "proc/self/stat"

    def read(self) -> Sample | None:
        """Return the ticks of this moment; None where the files do not tell them."""
        try:
            lines = self._stat.read_text("ascii", errors="replace").splitlines()
            own = self._self.read_text("utf-8", errors="replace").rpartition(")")[2].split()
            cores = [[int(value) for value in line.split()[1:9]] for line in lines if line.split(" ")[0] in self._names]
            total = sum(map(sum, cores))
            idle = sum(values[_IDLE] + values[_IOWAIT] for values in cores)
            return Sample(total, total - idle, int(own[11]) + int(own[12]))
        except (OSError, ValueError, IndexError):
            return None


class ThreadChooser:
    """Follows samples; `choose` returns 1 to `most`: down at once, up one by one after a calm while."""

    def __init__(self, cores: int, most: int) -> None:
        self._cores = cores
        self._most = max(most, 1)
        self._count = self._most
        self._last: Sample | None = None
        self._calm = 0

    def choose(self, sample: Sample | None) -> int:
        """Return how many threads to use after this sample."""
        last, self._last = self._last, sample
        if sample is None or last is None:
            return self._count
        total = sample.total - last.total
        if not 0 < total <= _STALE_TICKS * self._cores:
            return self._count
        others = max(0, (sample.busy - last.busy) - (sample.own - last.own)) / total * self._cores
        wanted = min(max(int(self._cores - others + _TOLERATED), 1), self._most)
        if wanted < self._count:
            self._count, self._calm = wanted, 0
        elif wanted == self._count:
            self._calm = 0
        else:
            self._calm += 1
            if self._calm >= _CALM_LOOKS:
                self._count, self._calm = self._count + 1, 0
        return self._count


class Threads:
    """The threads of the next decode: `single` for one token, `batch` for several. Looked at twice a second."""

    def __init__(self, single: int, batch: int, *, reader: LoadReader | None, cores: int) -> None:
        """Start with the most there may be; `reader` None: it stays at that."""
        self._most = (single, batch)
        self.single, self.batch = single, batch
        self._reader = reader
        self._chooser = ThreadChooser(cores, max(single, batch))
        self._next = 0.0

    def look(self, now: float) -> bool:
        """Return whether the numbers changed. `now`: seconds of a clock that only grows."""
        if self._reader is None or now < self._next:
            return False
        self._next = now + _INTERVAL_S
        allowed = self._chooser.choose(self._reader.read())
        before = self.single, self.batch
        self.single, self.batch = min(self._most[0], allowed), min(self._most[1], allowed)
        return (self.single, self.batch) != before


def allowed_cores() -> frozenset[int]:
    """Return the cores that this process may use."""
    return frozenset(os.sched_getaffinity(0))
