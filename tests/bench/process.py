"""Child processes of a measurement, and what the kernel says about a process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in MB (10^6 bytes): shared pages by share (PSS), not at all (USS), in full (RSS)."""

    pss: float
    uss: float
    rss: float


def memory(pid: int) -> Memory:
    """Return what a process holds now."""
    fields: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, kilobytes = line.split()[:2]
        fields[name.rstrip(":")] = int(kilobytes) * 1024
    private = fields["Private_Clean"] + fields["Private_Dirty"]
    return Memory(fields["Pss"] / 1e6, private / 1e6, fields["Rss"] / 1e6)


def cpu_s(pid: int) -> float:
    """Return the processor time of all threads so far, in seconds (steps of a hundredth)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


class Child:
    """A module of this folder in a process of its own; its first line of output is the port that it serves."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()
