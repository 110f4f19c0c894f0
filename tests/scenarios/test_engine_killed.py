"""SIGKILL of the engine at random points of mixed traffic: the gateway answers all the while, and no turn is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.engine import api
from appliance.engine.client import EngineClient
from appliance.generation import ModelError
from tests.integration.box import Talker, said, talking
from tests.integration.engine.asking import ask
from tests.integration.engine.process import make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

pytestmark = pytest.mark.engine

_LONG = os.environ.get("HOMARUS_LONG") == "1"
KILLS = 100 if _LONG else 4
_KILLS_OF_ONE_GATEWAY = 4  # the fifth within five minutes opens the breaker, which is another story
_WORDS = 60
_STORY = "and then the quiet lamp in the kitchen told the music of the door again "
_SESSIONS = ("main", "study", "hall")
_PATIENCE = 8  # of the usual deadline for an event
_HEALTH_S = 5.0  # of a call that waits for nothing; the answers of the engine take as long as they take


class Witness:
    """Everything that was seen, over all gateways."""

    def __init__(self) -> None:
        self.ends: dict[str, dict[str, Any]] = {}
        self.health = 0
        self.embedded = 0
        self.background = 0
        self.broken_background = 0
        self.restored = 0
        self.rejected = 0
        self.kills = 0


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> tuple[Witness, Path]:
    state = tmp_path_factory.mktemp("k")
    model = make_model(
        tmp_path_factory.mktemp("model") / "talker.gguf",
        *("--context", "16384", "--width", "128", "--reply", *(f" w{number}" for number in range(_WORDS))),
    )
    return asyncio.run(_live_through(state, model)), state


def _config(model: Path) -> dict[str, Any]:
    return {
        "models": {"local": {"path": str(model), "contextTokens": 16384, "tune": False}, "mini": {"enabled": True}},
        "tools": {"allow": ["clock_now", "timer_set"]},
        "agents": {"defaults": {"model": {"primary": "local/any"}}},
        "messages": {"queue": {"mode": "followup", "debounceMs": 0, "cap": 500}},
    }


async def _live_through(state: Path, model: Path) -> Witness:
    witness, chance = Witness(), random.Random(20261121)
    while witness.kills < KILLS:
        gateway = GatewayProcess(state, _config(model))
        await asyncio.to_thread(gateway.start)
        try:
            await _killed_again_and_again(gateway, witness, chance)
        finally:
            assert await asyncio.to_thread(gateway.stop) == 0
    return witness


async def _killed_again_and_again(gateway: GatewayProcess, witness: Witness, chance: random.Random) -> None:
    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        names = [f"agent:main:{name}{witness.kills}" for name in _SESSIONS]
        talks = [await stack.enter_async_context(talking(gateway.target, name)) for name in names]
        kitchen = await stack.enter_async_context(talking(gateway.target, "agent:main:kitchen"))
        await _until(lambda: engine_of(gateway) is not None)
        people = [
            *(asyncio.ensure_future(_converse(talk, witness, stop, chance)) for talk in talks),
            asyncio.ensure_future(_set_timers(kitchen, witness, stop)),
            asyncio.ensure_future(_look_after(gateway, witness, stop)),
            asyncio.ensure_future(_work_behind(gateway, witness, stop)),
        ]
        kills = min(_KILLS_OF_ONE_GATEWAY, KILLS - witness.kills)
        for number in range(kills):
            if number == kills - 1:  # on a busy machine none of them may have lived long enough to keep anything
                await _until(lambda: len(list(gateway.state.rglob("prefixes/*.state"))) > 1)
            await _kill(gateway, chance)
            witness.kills += 1
        await _until(lambda: any(one["provider"] == "local" for one in gateway.call("models.list")["models"]))
        await _serves(gateway)
        stop.set()
        await asyncio.gather(*people)
        # behind the last kill everybody is answered by the new engine, and what was said before is not read again
        for number, talk in enumerate(talks):
            key = f"last{witness.kills}-{number}"
            end = await _end(talk, await talk.send("and now?", key))
            assert end["state"] == "final", end.get("errorMessage")
            witness.ends[key] = end
        info = await EngineClient(gateway.state / "run" / "engine-local.sock").info()
        witness.restored += info.cache.hits_disk
        witness.rejected += info.cache.rejected


async def _kill(gateway: GatewayProcess, chance: random.Random) -> None:
    """Kill the engine some time after it came up: while it loads, reads, writes or saves."""
    await _until(lambda: engine_of(gateway) is not None)
    await asyncio.sleep(chance.choice((0.0, 0.2, 1.0)) + chance.random() * 0.6)
    engine = engine_of(gateway)
    if engine is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(engine, signal.SIGKILL)
        await _until(lambda: engine_of(gateway) != engine)


async def _end(talk: Talker, run: str) -> dict[str, Any]:
    """Wait for the end of a run longer than others do: a busy machine reads long prompts slowly."""
    for _ in range(_PATIENCE):
        with contextlib.suppress(AssertionError):
            return await talk.state(run)
    return await talk.state(run)


async def _serves(gateway: GatewayProcess) -> None:
    """Wait until the engine of after the last kill is there."""
    client = EngineClient(gateway.state / "run" / "engine-local.sock")
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(ModelError):
                await client.info()
                return
            await asyncio.sleep(0.05)


async def _until(true: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, true, what="the engine")


async def _converse(talk: Talker, witness: Witness, stop: asyncio.Event, chance: random.Random) -> None:
    """Ask one thing after another, short and long ones; each must end, and in words."""
    number = 0
    while not stop.is_set():
        number += 1
        key = f"{talk.session}-{number}"
        text = f"tell me number {number} {_STORY * chance.choice((0, 0, 3))}"
        witness.ends[key] = await _end(talk, await talk.send(text, key))
        # who reads that it did not work does not ask again in the same moment
        await asyncio.sleep(chance.random() * (0.4 if witness.ends[key]["state"] == "final" else 2.0))


async def _set_timers(talk: Talker, witness: Witness, stop: asyncio.Event) -> None:
    """Ask what the embedded model does by itself, with a tool: it runs in a process of its own."""
    while not stop.is_set():
        key = f"timer{witness.kills}-{witness.embedded}"
        end = await _end(talk, await talk.send("set a timer for 3 hours", key))
        assert end["state"] == "final", end.get("errorMessage")
        witness.ends[key] = end
        witness.embedded += 1
        await asyncio.sleep(0.3)


async def _look_after(gateway: GatewayProcess, witness: Witness, stop: asyncio.Event) -> None:
    """Ask the gateway how it is, all the while."""
    while not stop.is_set():
        health = await asyncio.to_thread(gateway.call, "health", timeout_s=_HEALTH_S)
        assert health["ok"]
        witness.health += 1
        await asyncio.sleep(0.05)


async def _work_behind(gateway: GatewayProcess, witness: Witness, stop: asyncio.Event) -> None:
    """Have the engine do background work that gives way to everybody."""
    client = EngineClient(gateway.state / "run" / "engine-local.sock")
    while not stop.is_set():
        frame = api.Generate(api.Raw([_STORY * 3]), 100, 0, background=True, watch=False, session_key="behind")
        try:
            await ask(client, frame)
            witness.background += 1
        except ModelError:
            witness.broken_background += 1
            await asyncio.sleep(0.1)


def engine_of(gateway: GatewayProcess) -> int | None:
    """Return the process of the large model, not that of the embedded one."""
    wanted = str(gateway.state / "run" / "engine-local.sock").encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"appliance.engine" in words and wanted in words:
                    return int(entry.name)
    return None


def _rows(state: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{state / 'homarus.sqlite'}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_the_gateway_and_its_embedded_model_answer_all_the_while(witness: tuple[Witness, Path]) -> None:
    seen, _ = witness
    assert seen.kills == KILLS
    assert seen.health > 2 * KILLS
    assert seen.embedded > KILLS


def test_every_turn_ends_once_and_in_words(witness: tuple[Witness, Path]) -> None:
    seen, state = witness
    states = Counter(end["state"] for end in seen.ends.values())
    assert set(states) <= {"final", "error"}, states
    assert states["final"] > KILLS / 2
    for end in seen.ends.values():
        words = said(end["message"]) if end["state"] == "final" else end["errorMessage"]
        assert len(words.split()) > 2, end
    runs = _rows(state, "SELECT run_id, status, ended_ms FROM runs")
    assert {status for _, status, _ in runs} <= {"ok", "error", "merged"}
    assert all(ended for _, _, ended in runs)
    assert len(runs) == len(seen.ends), "one run for each message, and each was heard to end"


def test_the_next_turn_is_not_read_from_its_beginning(witness: tuple[Witness, Path]) -> None:
    seen, _ = witness
    assert seen.restored > 0
    assert seen.rejected == 0, "what a kill left is whole"


def test_nothing_half_written_is_left(witness: tuple[Witness, Path]) -> None:
    _, state = witness
    assert _rows(state, "PRAGMA integrity_check") == [("ok",)]
    left = [path for path in state.rglob("prefixes/*") if path.suffix not in (".state", "")]
    assert left == []
    assert list(state.rglob("prefixes/*.state"))
