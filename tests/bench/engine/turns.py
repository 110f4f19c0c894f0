"""How long the first token takes when most of the prompt was computed before: in a sequence, in memory, in a file."""

from __future__ import annotations

import asyncio
import time
from statistics import median

from tests.bench.engine.bench import Bench
from tests.bench.engine.sides.ours import Ours
from tests.bench.engine.sides.setting import Setting
from tests.bench.report import Figure

_PROMPT = 4096
_ANSWER = 16
_QUESTION = 32
_OTHERS = 3
_RAM_BYTES = 512 * 1024 * 1024
_STORED_S = 120.0


async def turns(rig: Bench) -> list[Figure]:
    """Measure four turns of one session: the first, the next, one after three others, one after a crash."""
    prompt = rig.amount(_PROMPT, least=256)
    # with the three others in it the session does not fit any more
    setting = Setting(rig.model.path, threads=rig.threads, sessions=2, cells=_rounded(prompt + prompt // 4))
    cold, second, later, crashed = [], [], [], []
    for _ in range(rig.amount(2)):
        with rig.folder() as folder, Ours(setting, folder, state=folder / "s", ram_bytes=_RAM_BYTES) as engine:
            session = _Session(rig, engine, prompt)
            cold.append(await session.turn(""))
            second.append(await session.turn("resident"))
            for number in range(_OTHERS):
                await engine.stream(rig.part(prompt // 6), _ANSWER, session=f"other-{number}")
            later.append(await session.turn("ram"))
            await _stored(engine)
            began = time.perf_counter()
            await asyncio.to_thread(engine.restart_after_a_kill)
            started = time.perf_counter() - began
            crashed.append(started + await session.turn("disk"))
    return [
        Figure(f"first token, prompt of {prompt}, cold", median(cold), "s"),
        *_figures("second turn", second, cold, 1 / 20),
        *_figures("after three other sessions", later, cold, 1 / 20),
        *_figures("after a kill, with the start", crashed, cold, 1 / 10),
    ]


def _rounded(cells: int) -> int:
    return -(-cells // 256) * 256


class _Session:
    """One conversation: each turn adds an answer and a question to the prompt."""

    def __init__(self, rig: Bench, engine: Ours, prompt: int) -> None:
        self._rig = rig
        self._engine = engine
        self._tokens = rig.part(prompt)

    async def turn(self, source: str) -> float:
        """Do a turn and return the seconds to its first token; its beginning must come from `source`."""
        answer = await self._engine.stream(self._tokens, _ANSWER, session="measured")
        if answer.restored != source:
            raise RuntimeError(
                f"the beginning came from {answer.restored or 'nowhere'}, not from {source or 'nowhere'}"
            )
        said = self._rig.model.after(self._tokens[-1], _ANSWER)
        self._tokens = [*self._tokens, *said, *self._rig.part(_QUESTION)]
        return answer.first_s


async def _stored(engine: Ours) -> None:
    """Wait until nothing more is written to files. Raises TimeoutError."""
    async with asyncio.timeout(_STORED_S):
        before = -1
        while (written := (await engine.info()).cache.written_bytes) != before or not written:
            before = written
            await asyncio.sleep(1.0)


def _figures(name: str, values: list[float], cold: list[float], goal: float) -> list[Figure]:
    ratio = median(value / whole for value, whole in zip(values, cold, strict=True))
    return [
        Figure(f"first token, {name}, of cold", ratio, "x", goal),
        Figure(f"first token, {name}", median(values), "s"),
    ]
