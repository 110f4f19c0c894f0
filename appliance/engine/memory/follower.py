"""Reads memory every few seconds and has the engine follow: cells through the scheduler, bytes through the store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from appliance.engine.memory.plan import Shape, Target, Usage
from appliance.engine.memory.policy import MemoryPolicy
from appliance.foundation.clock import Clock
from appliance.host.pressure import Reading

_log = logging.getLogger(__name__)

_PERIOD_S = 5.0


class Engine(Protocol):
    """What is steered; every method may be called from any thread."""

    def usage(self) -> Usage: ...

    def resize(self, cells: int) -> None: ...

    def set_ram_budget(self, size: int) -> None: ...


class Counts(Protocol):
    """Numbers of a scheduler: all cells of its context and those that no running request holds."""

    @property
    def cells(self) -> int: ...

    @property
    def free(self) -> int: ...


class Scheduler(Protocol):
    @property
    def counts(self) -> Counts: ...

    def resize(self, cells: int) -> None: ...


class Store(Protocol):
    """Stored states in memory."""

    def set_ram_budget(self, size: int) -> None: ...


class Steered:
    """Scheduler and prefix store as one engine; `held` returns the bytes of stored states."""

    def __init__(self, scheduler: Scheduler, store: Store | None, held: Callable[[], int] = lambda: 0) -> None:
        self._scheduler = scheduler
        self._store = store
        self._held = held

    def usage(self) -> Usage:
        counts = self._scheduler.counts
        return Usage(counts.cells, counts.cells - counts.free, self._held())

    def resize(self, cells: int) -> None:
        self._scheduler.resize(cells)

    def set_ram_budget(self, size: int) -> None:
        if self._store is not None:
            self._store.set_ram_budget(size)


class MemoryFollower:
    """Carries targets out, each once."""

    def __init__(self, read: Callable[[], Reading], shape: Shape, engine: Engine) -> None:
        self._read = read
        self._policy = MemoryPolicy(shape)
        self._engine = engine
        self._blobs: int | None = None

    @property
    def level(self) -> str:
        """Return ample, tight or critical."""
        return self._policy.level.value

    def poll(self, now: float) -> Target:
        """Look once and act; `now` is in seconds that only grow. About a millisecond."""
        usage = self._engine.usage()
        target = self._policy.take(self._read(), usage, now)
        if target.cells != usage.cells:
            _log.info("memory is %s: %d cells instead of %d", target.level, target.cells, usage.cells)
            self._engine.resize(target.cells)
        if target.blobs != self._blobs:
            self._blobs = target.blobs
            self._engine.set_ram_budget(target.blobs)
        return target

    async def follow(self, clock: Clock) -> None:
        """Poll for ever."""
        while True:
            await clock.sleep(_PERIOD_S)
            self.poll(clock.monotonic())
