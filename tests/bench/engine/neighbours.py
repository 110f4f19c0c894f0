"""How fast one answer is written while others keep every core busy: threads that follow the load, and fixed ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.engine.bench import Bench
from tests.bench.engine.paired import in_turns
from tests.bench.engine.sides.answer import Streamed
from tests.bench.engine.sides.ours import Ours
from tests.bench.engine.sides.setting import NICENESS, Setting
from tests.bench.report import Figure

_TOKENS = 32
_LONGEST_S = 8.0  # of one measurement: threads that wait for each other write a word in three seconds


async def neighbours(rig: Bench) -> list[Figure]:
    """Measure beside as many busy processes as there are cores: the default threads and all cores, both chosen anew
    while it writes, against all cores held fast. Each waits for the slowest of its threads."""
    cores = len(os.sched_getaffinity(0))
    fixed = Setting(rig.model.path, threads=cores)
    ways = {
        "default threads": Setting(rig.model.path, threads=0, adaptive=True),
        f"{cores} threads that follow the load": Setting(rig.model.path, threads=cores, adaptive=True),
    }
    figures = []
    with rig.folder() as folder, Ours(fixed, folder) as held, busy(cores):
        for name, setting in ways.items():
            with rig.folder() as other, Ours(setting, other) as engine:
                await _rate(rig, engine)  # the threads have followed the load after two looks at it
                pairs = await in_turns(lambda e=engine: _rate(rig, e), lambda: _rate(rig, held), rig.amount(5))
            name = f"{name}, {cores} busy neighbours"
            figures += pairs.figures(name, "/s", f"{cores} fixed threads", 1.0, more_is_better=True)
    return figures


async def _rate(rig: Bench, engine: Ours) -> float:
    """Return the tokens per second of an answer that is broken off when it takes too long."""
    streamed = Streamed()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_S):
            await engine.stream(rig.part(1), rig.amount(_TOKENS, least=8), into=streamed)
    return len(streamed.times) / (streamed.times[-1] - streamed.began) if streamed.times else 1 / _LONGEST_S


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes computing meanwhile, as nice as the engine: else they would hardly be felt."""
    command = ["nice", "-n", str(NICENESS), sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
