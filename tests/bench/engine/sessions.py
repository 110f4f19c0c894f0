"""Several sessions at once: tokens per second of all, and how long the others wait while a long prompt is read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from statistics import median
from typing import Protocol

from tests.bench.engine.bench import Bench
from tests.bench.engine.paired import in_turns
from tests.bench.engine.sides.answer import Streamed, together, worst_gap
from tests.bench.engine.sides.ours import Ours
from tests.bench.engine.sides.peers import LlamaServer
from tests.bench.engine.sides.setting import Setting
from tests.bench.process import cpu_s
from tests.bench.report import Figure

_SESSIONS = (1, 4, 8)
_PROMPT = 16
_TOKENS = 40
_LONG_PROMPT = 2048
_WRITERS = 2
_CELLS = 8192
_PAUSE_S = 0.3  # people do not ask in the moment in which the last answer ends
_RAM_BYTES = 256 * 1024 * 1024


class Side(Protocol):
    """The engine or llama-server."""

    name: str

    @property
    def pid(self) -> int: ...

    async def stream(
        self, prompt: Sequence[int], tokens: int, *, session: str = "", into: Streamed | None = None
    ) -> Streamed: ...


async def sessions(rig: Bench) -> list[Figure]:
    """Measure 1, 4 and 8 answers that are written at the same time."""
    setting = Setting(rig.model.path, threads=rig.threads, sessions=max(_SESSIONS), cells=_CELLS)
    tokens = rig.amount(_TOKENS, least=16)
    figures = []
    with rig.folder() as folder, Ours(setting, folder, ram_bytes=_RAM_BYTES) as engine, LlamaServer(setting) as server:
        for count in _SESSIONS:
            used: dict[str, list[float]] = {}
            pairs = await in_turns(
                lambda count=count, used=used: _counted(rig, engine, count, tokens, used),
                lambda count=count, used=used: _counted(rig, server, count, tokens, used),
                rig.amount(7),
            )
            name = f"{count} session{'s' * (count > 1)}"
            figures += pairs.figures(f"tokens of {name}", "/s", server.name, 1.0, more_is_better=True)
            figures.append(_processor(name, used[engine.name], used[server.name]))
    return figures


async def _counted(rig: Bench, side: Side, count: int, tokens: int, used: dict[str, list[float]]) -> float:
    """Do `written` and note the processor time of the whole process per token, prompts and saving included."""
    before = cpu_s(side.pid)
    rate = await written(rig, side, count, tokens)
    used.setdefault(side.name, []).append((cpu_s(side.pid) - before) / (count * tokens))
    return rate


def _processor(name: str, ours: list[float], theirs: list[float]) -> Figure:
    """Return what no neighbour's load moves much: processor time per token, in ms."""
    return Figure(f"processor time per token of {name}", median(ours) * 1e3, "ms", peer=median(theirs) * 1e3)


async def written(rig: Bench, side: Side, count: int, tokens: int) -> float:
    """Have `count` answers written at once and return the tokens per second of all."""
    await asyncio.sleep(_PAUSE_S)
    prompts = [rig.part(_PROMPT) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(side.stream(prompt, tokens)) for prompt in prompts]
    return together([task.result() for task in tasks])


async def gap(rig: Bench) -> list[Figure]:
    """Measure the worst gap between two tokens of the other sessions while a prompt of 2k tokens is read."""
    setting = Setting(rig.model.path, threads=rig.threads, sessions=_WRITERS + 1, cells=_CELLS)
    with rig.folder() as folder, Ours(setting, folder, ram_bytes=_RAM_BYTES) as engine, LlamaServer(setting) as server:
        pairs = await in_turns(lambda: waited(rig, engine), lambda: waited(rig, server), rig.amount(3))
    return pairs.figures("worst gap while a prompt is read", "s", server.name, 1 / 3, more_is_better=False)


async def waited(rig: Bench, side: Side) -> float:
    """Have two answers written, a long prompt read beside them, and return the worst gap in those meanwhile."""
    writers = [Streamed() for _ in range(_WRITERS)]
    room = _CELLS // (_WRITERS + 1) - _PROMPT  # they must not end before the prompt is read
    tasks = [asyncio.create_task(side.stream(rig.part(_PROMPT), room, into=writer)) for writer in writers]
    try:
        while not all(len(writer.times) >= 2 for writer in writers):
            if any(task.done() for task in tasks):
                raise RuntimeError("an answer ended before the prompt came")
            await asyncio.sleep(0.01)
        reader = await side.stream(rig.part(rig.amount(_LONG_PROMPT, least=512)), 4)
        while not all(writer.times[-1] > reader.times[0] for writer in writers):
            await asyncio.sleep(0.01)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return worst_gap(writers, reader.began, reader.times[0])
