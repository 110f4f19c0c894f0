"""An engine that is started anew with other arguments: who asks meanwhile is answered by the new one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from appliance.daemon.local.engines import Engines, EngineUnusableError
from appliance.engine.client import EngineClient
from appliance.foundation.clock import SystemClock
from appliance.foundation.tasks import TaskSet
from tests.unit.daemon.live import Live

pytestmark = pytest.mark.engine


async def _ready(_: EngineClient) -> None:
    """Nobody has to be told."""


async def test_no_request_falls_into_the_gap(folder: Path, random_model: Path) -> None:
    tasks, live = TaskSet("test"), Live(folder)
    engines = Engines(environ=dict(os.environ), sockets=folder, clock=SystemClock(), tracker=live.tracker, tasks=tasks)
    arguments = ["--model", str(random_model)]
    try:
        first = await engines.start("gap", arguments, _ready)
        assert first is not None
        await first.came_up()
        old = first.client
        pids = {(await old.info()).pid}
        change = asyncio.ensure_future(engines.replace("gap", [*arguments, "--threads", "1"], _ready, beside=False))
        while not change.done():
            pids.add((await old.info()).pid)
        new = await change
        pids.add((await old.info()).pid)
        assert len(pids) == 2, "the old client found the new process, and missed neither"
        with pytest.raises(EngineUnusableError):
            await engines.replace("gap", ["--model", "/nothing.gguf"], _ready, beside=False)
        assert (await new.client.info()).pid not in pids, "the one before was started again"
    finally:
        await engines.aclose()
        await tasks.aclose()
