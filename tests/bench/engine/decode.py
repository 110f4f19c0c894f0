"""How fast one answer is written: the engine over its socket, llama-bench without anything around it."""

from __future__ import annotations

import asyncio

from tests.bench.engine.bench import Bench
from tests.bench.engine.paired import in_turns
from tests.bench.engine.sides.ours import Ours
from tests.bench.engine.sides.peers import bench
from tests.bench.engine.sides.setting import Setting
from tests.bench.report import Figure

_TOKENS = 64  # few: what else runs on the machine must meet both sides


async def decode(rig: Bench) -> list[Figure]:
    """Measure the decode rate. The engine samples, watches and sends; llama-bench only decodes."""
    setting = Setting(rig.model.path, threads=rig.threads)
    tokens = rig.amount(_TOKENS, least=8)
    with rig.folder() as folder, Ours(setting, folder) as engine:
        await engine.stream(rig.model.part(0, 1), 8)

        async def ours() -> float:
            return (await engine.stream(rig.part(1), tokens)).rate

        async def peer() -> float:
            return await asyncio.to_thread(bench, setting, tokens)

        pairs = await in_turns(ours, peer, rig.amount(9))
    return pairs.figures("decode rate", "/s", "llama-bench", 0.97, more_is_better=True)
