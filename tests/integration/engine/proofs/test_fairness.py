"""One session asks 200 times at once: a second person waits a bounded number of answers, and who is refused is told."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from appliance.engine.api import Generate, Raw
from appliance.engine.client import EngineClient
from appliance.generation import FailureKind, ModelError
from tests.integration.engine.asking import ask
from tests.integration.engine.process import EngineProcess, environment, home

pytestmark = pytest.mark.engine

_FLOOD, _PERSONS, _ACTIVE, _TOKENS = 200, 10, 2, 12  # as fair_side.py does
_ENDLESS = "root ::= [a-z ] root"


def _frame(text: str, key: str, tokens: int = 12, **options: bool) -> Generate:
    return Generate(Raw([text], grammar=_ENDLESS), tokens, 0, session_key=key, watch=False, keep=False, **options)


class Flood:
    """Asks `_FLOOD` times in one session, all at once."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self.ended = 0
        self.refused: list[ModelError] = []

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            # the engine takes 64 connections; one that is refused is refused in words too
            for number in range(_FLOOD):
                group.create_task(self._ask(number))

    async def _ask(self, number: int) -> None:
        try:
            await ask(self._client, _frame(f"{number} again and again", "flood"))
        except ModelError as error:
            self.refused.append(error)
        else:
            self.ended += 1


def test_a_flood_of_one_session_keeps_nobody_else_waiting(random_model: Path) -> None:
    """Counted in steps of the engine: who asks waits for an answer that is being written, not for the queue."""
    command = [str(home().python), "-m", "tests.integration.engine.proofs.fair_side", str(random_model)]
    done = subprocess.run(command, env=environment(home()), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    assert seen["ended"] == _FLOOD
    assert seen["refused"] > 0
    assert len(seen["waits"]) == _PERSONS
    for steps, ended in seen["waits"]:
        assert ended <= 2 * _ACTIVE, seen["waits"]
        # reading the question, an answer of somebody else, the own answer; each token is at most two steps
        assert steps <= 2 * (2 * _TOKENS + 4), seen["waits"]


async def test_who_is_refused_is_told_when_to_come_again(folder: Path, random_model: Path) -> None:
    engine = EngineProcess(folder / "flood.sock", random_model, "--active", "2", "--waiting", "30", "--cells", "4096")
    try:
        flood = Flood(engine.client)
        await flood.run()
        assert flood.ended + len(flood.refused) == _FLOOD
        assert flood.ended >= 32, "all who may be served or wait are"
        assert flood.refused, "the queue was full"
        for error in flood.refused:
            assert error.kind is FailureKind.OVERLOADED
            assert error.retry_after_s is not None
            assert error.retry_after_s > 0
            assert "local model" in str(error)
    finally:
        assert engine.stop() == 0


async def test_background_work_in_any_number_keeps_nobody_waiting(folder: Path, random_model: Path) -> None:
    engine = EngineProcess(folder / "back.sock", random_model, "--active", str(_ACTIVE), "--waiting", "60")
    try:
        ended: list[int] = []

        async def work(number: int) -> None:
            await ask(engine.client, _frame(f"{number} background", f"b{number}", 60, background=True))
            ended.append(number)

        tasks = [asyncio.ensure_future(work(number)) for number in range(40)]
        async with asyncio.timeout(30):
            while not (await engine.client.info()).active:
                await asyncio.sleep(0.01)
        for number in range(5):
            before = len(ended)
            await ask(engine.client, _frame(f"{number} a person", "person"))
            # one may end in the step in which the person comes, each of those who were being answered
            assert len(ended) - before <= _ACTIVE
        await asyncio.gather(*tasks)
        assert len(ended) == 40
    finally:
        assert engine.stop() == 0
