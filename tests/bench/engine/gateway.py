"""How long the gateway's event loop keeps anyone waiting while the engine beside it writes as fast as it can."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.bench.engine.bench import Bench
from tests.bench.process import Child
from tests.bench.report import Figure, percentile
from tests.bench.rig import Rig
from tests.bench.wire import Client, Frame
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

_SESSIONS = 4
_EVERY_S = 0.005
_SAMPLES = 2000
_PATIENCE_S = 120.0  # until the first token of a real prompt


async def loop_delay(rig: Bench) -> list[Figure]:
    """Measure small requests, one every 5 ms, while four answers are written; the floor echoes beside it."""
    with rig.folder() as folder, Child("tests.bench.floor", str(folder)) as floor:
        gateway = GatewayProcess(folder / "s", _config(rig.model.path))
        try:
            await asyncio.to_thread(gateway.start)
            await asyncio.to_thread(until, lambda: _ready(gateway), timeout_s=_PATIENCE_S, what="the local model")
            ours, least, tokens = await _asked(rig, Rig(gateway, floor, rig.scale))
        finally:
            await asyncio.to_thread(gateway.stop)
    return [
        Figure("gateway's delay while answers are written p50", percentile(ours, 0.5), "ms", None),
        Figure("gateway's delay while answers are written p99", percentile(ours, 0.99), "ms", 10.0, floor=least),
        Figure("pieces of answers meanwhile", float(tokens), ""),
    ]


def _config(model: Path) -> dict[str, Any]:
    return {
        "models": {"local": {"path": str(model), "contextTokens": 4096}, "mini": {"enabled": False}},
        "tools": {"allow": ["clock_now"]},
        "agents": {"defaults": {"model": {"primary": "local/any"}}},
    }


def _ready(gateway: GatewayProcess) -> bool:
    return any(one["provider"] == "local" for one in gateway.call("models.list")["models"])


async def _asked(bench: Bench, rig: Rig) -> tuple[list[float], float, int]:
    """Return the delays of the gateway in ms, the p99 of the floor's, and how many pieces of answers came."""
    async with rig.client() as talker, rig.client() as client, rig.echo() as echo:
        writing = _Writing(talker)
        for number in range(_SESSIONS):
            params = {"sessionKey": f"agent:main:d{number}", "message": "Go on.", "idempotencyKey": f"d{number}"}
            answer = await talker.start("chat.send", params)
            if not answer.ok:
                raise RuntimeError(bytes(answer.error).decode())
        async with asyncio.timeout(_PATIENCE_S):
            await writing.begun.wait()
        before = writing.pieces
        ours, floor = [], []

        async def echoed() -> None:
            echo.send(b"hello")
            await echo.text()

        for _ in range(bench.amount(_SAMPLES, least=20)):
            ours.append(await _delay(lambda: client.call("last-heartbeat")))
            floor.append(await _delay(echoed))
        return ours, percentile(floor, 0.99), writing.pieces - before


async def _delay(ask: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await ask()
    took = time.perf_counter() - began
    await asyncio.sleep(max(0.0, _EVERY_S / 2 - took))
    return took * 1e3


class _Writing:
    """Counts the pieces of answers that arrive. Raises nothing: an answer that fails is seen by its missing pieces."""

    def __init__(self, client: Client) -> None:
        self.pieces = 0
        self.begun = asyncio.Event()
        client.on_event = self._hear

    def _hear(self, frame: Frame) -> None:
        if frame.event == "chat" and b'"delta"' in bytes(frame.payload):
            self.pieces += 1
            self.begun.set()
