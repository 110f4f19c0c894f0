"""What every part of the measurement is given: the model, the threads, and how much is done."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.engine.synthetic.files import BenchModel

_STRIDE = 12_007  # between two parts of the chain: a prime, so that they do not meet soon


@dataclass(frozen=True, slots=True)
class Bench:
    """One run. `scale` 1 is the usual amount; `threads` on both sides."""

    model: BenchModel
    threads: int = 1
    scale: float = 1.0
    _parts: Iterator[int] = field(default_factory=itertools.count)

    def amount(self, usual: int, *, least: int = 1) -> int:
        """Return how much of something is done in this run."""
        return max(least, round(usual * self.scale))

    def part(self, count: int) -> list[int]:
        """Return another part of the chain at each call: no prompt begins like one before."""
        return self.model.part(next(self._parts) * _STRIDE, count)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give a new folder with a short name: the path of a Unix socket holds 107 bytes."""
        with tempfile.TemporaryDirectory(prefix="hb") as name:
            yield Path(name)
