"""A box without memory left: the kernel ends the engine, never the gateway, and everybody hears what happened."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.box import Talker, said, talking
from tests.integration.engine.process import make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.memory_group import MemoryGroup, memory_group
from tests.integration.waiting import until
from tests.scenarios.test_engine_killed import engine_of

pytestmark = pytest.mark.engine

_MIB = 1 << 20
_LEFT = 24 * _MIB  # before the limit: less than the hog is


class Box(GatewayProcess):
    """A gateway that shares a limit of memory with everything that it starts."""

    group: MemoryGroup

    @property
    def prefix(self) -> list[str]:
        return self.group.command


@asynccontextmanager
async def box(folder: Path) -> AsyncIterator[Box]:
    # larger than the embedded model: of two that are equally expendable the kernel takes the larger one
    size = ("--context", "16384", "--width", "512", "--layers", "4")
    words = (f" w{number}" for number in range(1200))
    model = await asyncio.to_thread(make_model, folder / "talker.gguf", *size, "--reply", *words)
    config: dict[str, Any] = {
        "models": {"local": {"path": str(model), "contextTokens": 16384, "tune": False}, "mini": {"enabled": True}},
        "tools": {"allow": ["timer_set"]},
        "agents": {"defaults": {"model": {"primary": "local/any"}}},
    }
    with memory_group() as group:
        if group is None:
            pytest.skip("needs root and the memory controller of the kernel's control groups")
        gateway = Box(folder / "s", config)
        gateway.group = group
        await asyncio.to_thread(gateway.start)
        try:
            await asyncio.to_thread(until, lambda: _talks(gateway), what="the local model")
            yield gateway
        finally:
            assert await asyncio.to_thread(gateway.stop) == 0, "the gateway itself must have lived"


def _talks(gateway: GatewayProcess) -> bool:
    return any(one["provider"] == "local" for one in gateway.call("models.list")["models"])


async def _run_out(gateway: Box, engine: int) -> None:
    """Take the memory that is left until the kernel has ended the engine."""
    gateway.group.limit(gateway.group.used + _LEFT)
    await asyncio.to_thread(gateway.group.fill, 2 * _LEFT, lambda: engine_of(gateway) != engine)


async def test_who_runs_out_of_memory_loses_the_engine_for_a_moment_and_hears_so(tmp_path: Path) -> None:
    async with box(tmp_path) as gateway, talking(gateway.target) as talk:
        timers = Talker(talk.connection, "agent:main:kitchen")
        engine = engine_of(gateway)
        assert engine is not None
        run = await talk.send("tell me a long story", "k1")
        await talk.state(run, "delta")
        os.kill(engine, signal.SIGSTOP)  # so that it cannot be through with it before
        await _run_out(gateway, engine)
        end = await talk.state(run)
        assert end["state"] == "error"
        assert end["errorMessage"].startswith("The answer broke off: ")
        assert "The local model stopped in the middle of its work. It is started again by itself" in end["errorMessage"]
        assert (await asyncio.to_thread(gateway.call, "health"))["ok"]
        assert "engine-local ended: killed by SIGKILL, as it seems for want of memory" in gateway.output
        assert said((await timers.state(await timers.send("set a timer for 3 hours", "t1")))["message"])
        gateway.group.limit(1 << 40)
        await asyncio.to_thread(until, lambda: engine_of(gateway) not in (None, engine), what="a new engine")
        again = await talk.state(await talk.send("and now?", "k2"), "delta", "error")
        assert again["state"] == "delta", again
