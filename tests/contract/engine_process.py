"""A real engine process with a tiny model that the test made."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineHome, locate
from appliance.generation import ModelError

_START_S = 30.0


@asynccontextmanager
async def engine(folder: Path, *model_options: str, options: Sequence[str] = ()) -> AsyncIterator[EngineClient]:
    """Make a model in `folder`, run an engine with it, yield a client once it answers."""
    home = locate(os.environ)
    if not isinstance(home, EngineHome):
        pytest.fail(f"these tests need the engine: {home.reason}")
    environ = {**os.environ, **home.variables()}
    model, socket = folder / "tiny.gguf", folder / "engine.sock"
    maker = await asyncio.create_subprocess_exec(
        str(home.python), "-m", "appliance.engine.tinymodel", str(model), *model_options, env=environ
    )
    assert await maker.wait() == 0
    process = await asyncio.create_subprocess_exec(
        str(home.python), "-m", "appliance.engine", "--socket", str(socket), "--model", str(model), "--name", "tiny",
        "--threads", "1", *options, env=environ, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        client = EngineClient(socket)
        async with asyncio.timeout(_START_S):
            while not await _answers(client):
                assert process.returncode is None, "the engine did not start"
                await asyncio.sleep(0.05)
        yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(client: EngineClient) -> bool:
    try:
        await client.info()
    except ModelError:
        return False
    return True
