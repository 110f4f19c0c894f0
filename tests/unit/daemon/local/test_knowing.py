"""What the gateway finds out about its model: probes set what it does, and real rates correct its advice."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from appliance.config.sections.models import LocalModelSection
from appliance.daemon.local.knowing import _MAX_WAITING, AdviceBusyError, ModelAdvice, ModelProbes, NothingToAskError
from appliance.engine import api
from appliance.engine.locate import EngineAbsent, EngineHome
from appliance.engine.models.lock import Pin
from appliance.foundation.clock import SystemClock
from tests.unit.daemon.local.speaking import speaking
from tests.unit.daemon.local.test_local_engine import PLENTY, SECTION, Box, box

FILE = "Qwen3-0.6B-Q8_0.gguf"
# Stands for the measurement, which needs llama.cpp.
_MEASURE = """#!/bin/sh
echo '{"cores": 2, "threads": 1, "speeds": {"Q8_0": {"prefill": 4e10, "decode": 1e10}}, "seconds": 2.5}'
"""


def nonsense(_: api.Generate) -> list[api.StreamAnswer]:
    return [api.Token("?"), api.Done("stop", 300, 0, 20, prompt_ms=3000.0, generate_ms=2000.0, confidence=0.2)]


async def running(one: Box) -> None:
    one.put(FILE)
    await one.engine.serve(SECTION)
    await one.until(f"start {FILE}")
    async with asyncio.timeout(10):
        while one.models.find("local/local") is None:
            await asyncio.sleep(0.01)


async def test_a_probe_sets_tools_per_turn_and_the_threshold_and_survives_a_new_start(tmp_path: Path) -> None:
    async with box(tmp_path) as one, speaking(tmp_path / "engine-local.sock", nonsense):
        await running(one)
        assert one.models.probed_tools() is None
        result = await ModelProbes(one.engine, SystemClock()).run(lambda done, total: None)
        assert (result.tools_per_turn, result.rates.prefill, result.rates.decode) == (3, 100.0, 10.0)
        assert one.models.probed_tools() == 3
        found = one.models.find("local/local")
        assert found is not None
        assert found.least_confidence == result.least_confidence > 0.2
        assert one.library.probes.of(result.sha256) == result
        await one.engine.serve(LocalModelSection(enabled=False))
        assert one.models.find("local/local") is None
        one.models.probed(None)
        await one.engine.serve(SECTION)
        async with asyncio.timeout(10):
            while one.models.probed_tools() != 3:
                await asyncio.sleep(0.01)


async def test_states_of_models_that_were_not_used_lately_are_deleted(tmp_path: Path) -> None:
    states = tmp_path / "engine" / "states"
    for name in ("older", "last", Path(FILE).stem):
        (states / name).mkdir(parents=True)
    async with box(tmp_path) as one, speaking(tmp_path / "engine-local.sock", nonsense):
        for name in ("older.gguf", "last.gguf", FILE):
            one.library.choose(one.put(name))
        await running(one)
        async with asyncio.timeout(10):
            while (states / "older").exists():
                await asyncio.sleep(0.01)
        assert {path.name for path in states.iterdir()} == {"last", Path(FILE).stem}


async def test_without_a_model_there_is_nothing_to_probe(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        with pytest.raises(NothingToAskError, match="homarus models pull"):
            ModelProbes(one.engine, SystemClock()).file()


def adviser(one: Box, home: EngineHome | EngineAbsent) -> ModelAdvice:
    return ModelAdvice(one.engine, home, lambda: SECTION, lambda: PLENTY, {"PATH": "/usr/bin:/bin"})


async def test_advice_knows_what_runs_here_and_how_fast_it_really_is(tmp_path: Path) -> None:
    measure = tmp_path / "measure"
    measure.write_text(_MEASURE)
    measure.chmod(0o700)
    async with box(tmp_path) as one:
        one.library.lock.pin("x.gguf", Pin("hf:a/b/x.gguf", "0" * 64, 1))
        advice = adviser(one, EngineHome(measure, tmp_path))
        _, plain, here = await advice.advise(None, None)
        assert here == set()
        async with speaking(tmp_path / "engine-local.sock", nonsense, prefill=50.0, decode=5.0):
            await running(one)
            found, models, here = await advice.advise("de", 1000.0)
        assert (found.measurement.cores, found.memory_available) == (2, PLENTY.available)
        assert here == {"qwen3-0.6b"}
        (mine,) = (row for row in models if row.entry.name == "qwen3-0.6b")
        assert (mine.speed.prefill, mine.speed.decode, mine.speed.measured) == (50.0, 5.0, True)
        before = next(row for row in plain if row.entry.name == "qwen3-1.7b")
        after = next(row for row in models if row.entry.name == "qwen3-1.7b")
        assert after.speed.decode < before.speed.decode, "one slow model makes the others' estimates slower"


async def test_a_box_that_cannot_be_measured_says_why(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        with pytest.raises(NothingToAskError, match="scripts/engine"):
            await adviser(one, EngineAbsent("the engine is not set up: run scripts/engine")).advise(None, None)
        with pytest.raises(NothingToAskError, match=r"could not be measured: .*No module named"):
            await adviser(one, _without_engine(tmp_path)).advise(None, None)


async def test_one_more_than_may_wait_for_advice_is_told_so_at_once(tmp_path: Path) -> None:
    measure, gate = tmp_path / "measure", tmp_path / "gate"
    os.mkfifo(gate)
    measure.write_text(_MEASURE.replace("\n", f"\nread _ < {gate}\n", 1))
    measure.chmod(0o700)
    # Held open for both directions: a line that comes between two readers waits in the pipe for the next of them.
    with os.fdopen(os.open(gate, os.O_RDWR), "wb", buffering=0) as held:
        async with box(tmp_path) as one, asyncio.TaskGroup() as group:
            advice = adviser(one, EngineHome(measure, tmp_path))
            asked = [group.create_task(advice.advise(None, None)) for _ in range(1 + _MAX_WAITING)]
            await asyncio.sleep(0)  # each of them runs up to its first wait: one measures, the others stand behind it
            with pytest.raises(AdviceBusyError, match=f"{_MAX_WAITING} already wait"):
                await advice.advise(None, None)
            held.write(b"go\n" * len(asked))
    assert all(task.result()[0].measurement.cores == 2 for task in asked)


def _without_engine(folder: Path) -> EngineHome:
    """Return a home whose Python knows nothing of the product."""
    python = folder / "bare-python"
    python.write_text(f'#!/bin/sh\nunset PYTHONPATH\ncd /\nexec {sys.executable} -I "$@"\n')
    python.chmod(0o700)
    return EngineHome(python, folder)
