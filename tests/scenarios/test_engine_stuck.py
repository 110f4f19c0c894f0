"""SIGSTOP of the engine: alive but stuck. The gateway notices, says so, and starts another one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.integration.box import said, talking
from tests.integration.engine.process import make_model
from tests.integration.test_local_engine import box, engine_of
from tests.integration.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.long]


async def test_an_engine_that_is_stuck_is_ended_and_its_turn_answered(tmp_path: Path) -> None:
    model = await asyncio.to_thread(
        make_model, tmp_path / "speaker.gguf", "--context", "8192", "--reply", "The box", " speaks", "."
    )
    async with box(tmp_path, model, ["local/any", "fake/big"]) as (gateway, _), talking(gateway.target) as talk:
        engine = engine_of(gateway)
        assert engine is not None
        os.kill(engine, signal.SIGSTOP)
        run = await talk.send("who speaks", "k1")
        await asyncio.to_thread(
            until, lambda: engine_of(gateway) not in (None, engine), timeout_s=100, what="a new engine"
        )
        assert "did not answer any more" in gateway.output
        end = await talk.state(run)
        assert (end["state"], said(end["message"])) == ("final", "The cloud speaks.")
