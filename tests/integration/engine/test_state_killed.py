"""An engine that keeps states in files is killed at any moment: what it says afterwards is what it always said."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
from pathlib import Path

import pytest

from appliance.engine.api import Generate, Raw
from appliance.engine.client import EngineClient
from tests.integration.engine.asking import ask
from tests.integration.engine.process import EngineProcess, make_model

pytestmark = pytest.mark.engine

_STORY = "a quite long story about nothing at all " * 20
_ENDLESS = "root ::= [a-z ] root"  # random weights would end by chance


def _frame(number: int) -> Generate:
    raw = Raw([f"{number} {_STORY}"], grammar=_ENDLESS)
    return Generate(raw, 12, 0, session_key=f"session{number}", watch=False)


async def _asked_until_it_dies(client: EngineClient, first: int) -> None:
    """Ask one thing after another; the engine is killed in between."""
    with contextlib.suppress(Exception):
        for number in itertools.count(first):
            await ask(client, _frame(number % 5))


async def _killed(folder: Path, model: Path, state: Path, times: int) -> None:
    chance = random.Random(5)
    options = ("--state", str(state), "--cells", "2048")
    process = EngineProcess(folder / "killed.sock", model, "--cells", "2048")
    expected = [(await ask(process.client, _frame(number))).text for number in range(5)]
    assert process.stop() == 0
    restored = 0
    for _ in range(times):
        process = EngineProcess(folder / "killed.sock", model, *options)
        number = chance.randrange(5)
        heard = await ask(process.client, _frame(number))
        assert heard.text == expected[number]
        restored += heard.done.restored == "disk"
        assert (await process.client.info()).cache.rejected == 0
        moment = chance.uniform(0.05, 1.0)
        killer = asyncio.get_running_loop().call_later(moment, os.kill, process.pid, signal.SIGKILL)
        await _asked_until_it_dies(process.client, number + 1)
        assert process.stop() == -signal.SIGKILL
        killer.cancel()
    assert restored > 0, "what was written before the end is used"
    process = EngineProcess(folder / "killed.sock", model, *options)
    assert process.stop() == 0
    left = {path.suffix for path in (state / "prefixes").iterdir()}
    assert left <= {"", ".state"}


@pytest.fixture
def exact_model(folder: Path) -> Path:
    """Weights of 32 bits: a prompt read in other chunks computes too little else to change a choice."""
    return make_model(folder / "exact-killed.gguf", "--quantisation", "f32", "--width", "128", "--layers", "4")


async def test_an_engine_that_was_killed_goes_on_from_its_files(
    folder: Path, exact_model: Path, tmp_path: Path
) -> None:
    await _killed(folder, exact_model, tmp_path, times=5)


@pytest.mark.long
async def test_an_engine_that_was_killed_a_hundred_times_goes_on_from_its_files(
    folder: Path, exact_model: Path, tmp_path: Path
) -> None:
    await _killed(folder, exact_model, tmp_path, times=100)


async def test_a_second_engine_on_the_same_folder_answers_without_files(
    folder: Path, random_model: Path, tmp_path: Path
) -> None:
    first = EngineProcess(folder / "first.sock", random_model, "--state", str(tmp_path))
    second = None
    try:
        await ask(first.client, _frame(1))
        second = EngineProcess(folder / "second.sock", random_model, "--state", str(tmp_path))
        assert (await ask(second.client, _frame(1))).done.restored == ""
        assert (await second.client.info()).cache.disk_budget == 0
        assert (await first.client.info()).cache.disk_budget > 0
        assert (await ask(second.client, _frame(1))).done.restored == "resident"
    finally:
        assert first.stop() == 0
        assert second is None or second.stop() == 0
