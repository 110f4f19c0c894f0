"""Speculation and monitoring over real llama.cpp, checked in a process of its own (guessing_side.py)."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from appliance.engine.api import Generate, Raw
from appliance.engine.monitor.repetition import needed
from tests.integration.engine.asking import ask
from tests.integration.engine.process import EngineProcess, environment, home

pytestmark = pytest.mark.engine

_SOURCE = Path(__file__).with_name("guessing_side.py")
_CHECKS = re.findall(r"^def (check_\w+)", _SOURCE.read_text("utf-8"), re.M)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    engine, folder = home(), tmp_path_factory.mktemp("guessing")
    command = [str(engine.python), "-m", "tests.integration.engine.guessing_side", str(folder)]
    done = subprocess.run(command, env=environment(engine), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-2000:]}"
    results: dict[str, str] = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("name", _CHECKS)
def test_guessing_and_watching_hold(results: dict[str, str], name: str) -> None:
    assert results[name] == "", results[name]


_LOOP = 'root ::= "tick tock " root'


async def test_an_answer_in_a_loop_is_halted_with_the_reason(engine: EngineProcess) -> None:
    frame = Generate(Raw(["what does the clock say"], grammar=_LOOP), max_tokens=1500, temperature=0, keep=False)
    done = (await ask(engine.client, frame)).done
    assert (done.stop, done.reason) == ("degenerated", "repetition")
    assert 4 * needed(10) <= done.output_tokens < 4 * needed(10) + 32, "a grammar repeats its keys by right"


async def test_a_loop_that_nobody_watches_goes_on_to_its_end(engine: EngineProcess) -> None:
    frame = Generate(Raw(["and now"], grammar=_LOOP), max_tokens=900, temperature=0, keep=False, watch=False)
    done = (await ask(engine.client, frame)).done
    assert (done.stop, done.reason, done.output_tokens) == ("length", "", 900)


async def test_an_answer_that_quotes_is_guessed_and_stays_as_it_is(engine: EngineProcess) -> None:
    def frame(speculate: bool, temperature: float) -> Generate:
        prompt = Raw(["tell me a story, tell me a story"], grammar="root ::= [a-e ] root")
        return Generate(
            prompt, 400, temperature=temperature, seed=7, watch=False, speculate=speculate, keep=False, session_key="s"
        )

    for temperature in (0.0, 0.05):
        plain = await ask(engine.client, frame(False, temperature))
        guessed = await ask(engine.client, frame(True, temperature))
        assert guessed.text == plain.text
        assert (plain.done.drafted, plain.done.accepted) == (0, 0)
        assert 0 < guessed.done.accepted <= guessed.done.drafted
