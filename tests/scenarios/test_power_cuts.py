"""SIGKILL at random points of a conversation with timers: nothing acknowledged is lost, doubled or said twice."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from appliance.client.errors import ClientError
from tests.fakes.cloud import openai_chat
from tests.fakes.cloud.script import Answer, Call, Say, Step
from tests.fakes.cloud.server import FakeCloud, serve
from tests.integration.gateway_process import GatewayProcess

KILLS = 200 if os.environ.get("HOMARUS_LONG") == "1" else 8
SESSIONS = ("agent:main:main", "agent:main:kitchen", "agent:main:study")


def _answer(body: Any) -> Step:
    """Set a timer when asked to; otherwise echo, in many small pieces so that a kill falls into them."""
    last = body["messages"][-1]
    text = last["content"] if isinstance(last["content"], str) else last["content"][-1]["text"]
    word = text.split()[-1]
    if last["role"] == "user" and "timer" in text:
        return Answer([Call("timer_set", {"duration_s": 1, "label": word}, id=f"call-{word}")])
    return Answer([Say(f"You said {word}, and I have heard it.", piece=3)])


class Household:
    """People who talk all the time and remember what was acknowledged."""

    def __init__(self, gateway: GatewayProcess, chance: random.Random) -> None:
        self._gateway = gateway
        self._chance = chance
        self._count = 0
        self.acknowledged: dict[str, str] = {}
        self.unsure: dict[str, str] = {}

    async def talk(self, session: str) -> None:
        """Send messages until the gateway is gone. A message without an answer is sent again after the restart."""
        while True:
            self._count += 1
            key = f"m{self._count}"
            text = f"set a timer named {key}" if self._count % 3 == 0 else f"hello number {key}"
            self.unsure[key] = session
            if not await self._send(key, session, text):
                return
            await asyncio.sleep(self._chance.random() * 0.05)

    async def repeat_what_is_unsure(self) -> None:
        """Send again, under the same key, what was cut off before its acknowledgement."""
        for key, session in list(self.unsure.items()):
            number = int(key[1:])
            text = f"set a timer named {key}" if number % 3 == 0 else f"hello number {key}"
            assert await self._send(key, session, text)

    async def _send(self, key: str, session: str, text: str) -> bool:
        params = {"sessionKey": session, "message": text, "idempotencyKey": key}
        try:
            await asyncio.to_thread(self._gateway.call, "chat.send", params)
        except (ClientError, OSError):
            return False
        self.acknowledged[key] = session
        del self.unsure[key]
        return True


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> tuple[Household, Path]:
    """Kill the gateway again and again, then let it finish and stop it."""
    state = tmp_path_factory.mktemp("power")
    return asyncio.run(_live_through(state)), state


async def _live_through(state: Path) -> Household:
    chance = random.Random(20261121)
    async with serve(openai_chat.OpenAIChatWire()) as cloud:
        cloud.choose = _answer
        gateway = GatewayProcess(state, _config(cloud))
        household = Household(gateway, chance)
        for _ in range(KILLS):
            await asyncio.to_thread(gateway.start)
            await household.repeat_what_is_unsure()
            people = [asyncio.ensure_future(household.talk(session)) for session in SESSIONS]
            await asyncio.sleep(0.05 + chance.random() * 0.6)
            gateway.kill()
            await asyncio.gather(*people)
        await asyncio.to_thread(gateway.start)
        await household.repeat_what_is_unsure()
        await _until_quiet(gateway)
        assert await asyncio.to_thread(gateway.stop) == 0
    return household


def _config(cloud: FakeCloud) -> dict[str, Any]:
    fake = {"baseUrl": cloud.url, "apiKey": cloud.key, "models": [{"id": "big"}]}
    return {
        "models": {"mini": {"enabled": False}, "providers": {"fake": fake}},
        "agents": {"defaults": {"model": "fake/big"}},
        "messages": {"queue": {"mode": "followup", "debounceMs": 0, "cap": 500}},
    }


async def _until_quiet(gateway: GatewayProcess) -> None:
    """Wait until no run waits or works and the last timer had its time."""
    quiet_since = None
    async with asyncio.timeout(120):
        while True:
            lanes = (await asyncio.to_thread(gateway.call, "diagnostics.lanes"))["lanes"]
            sessions = (await asyncio.to_thread(gateway.call, "sessions.list", {"limit": 50}))["sessions"]
            busy = any(one["activeCount"] or one["queuedCount"] for one in lanes)
            busy = busy or any(row.get("hasActiveRun") for row in sessions)
            now = asyncio.get_running_loop().time()
            quiet_since = None if busy else quiet_since or now
            if quiet_since is not None and now - quiet_since > 2.5:
                return
            await asyncio.sleep(0.1)


def _rows(state: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{state / 'homarus.sqlite'}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_every_acknowledged_message_is_there_exactly_once(aftermath: tuple[Household, Path]) -> None:
    household, state = aftermath
    assert len(household.acknowledged) > KILLS
    stored = Counter(
        key.removesuffix(":user") for (key,) in _rows(state, "SELECT idempotency_key FROM entries WHERE role = 'user'")
    )
    assert set(stored) == set(household.acknowledged)
    assert [key for key, count in stored.items() if count != 1] == []


def test_every_run_has_exactly_one_end(aftermath: tuple[Household, Path]) -> None:
    household, state = aftermath
    runs = _rows(state, "SELECT run_id, status, ended_ms FROM runs")
    assert {status for _, status, _ in runs} <= {"ok", "error", "merged"}
    assert all(ended for _, status, ended in runs if status != "merged")
    assert len(runs) == len(household.acknowledged)


def test_every_timer_speaks_once(aftermath: tuple[Household, Path]) -> None:
    _, state = aftermath
    labels = {label for (label,) in _rows(state, "SELECT text FROM agenda")}
    said = [
        text for (text,) in _rows(state, "SELECT message FROM entries WHERE role = 'assistant'") if '"agenda"' in text
    ]
    assert labels
    assert {label: sum(f"“{label}”" in text for text in said) for label in labels} == dict.fromkeys(labels, 1)


def test_the_database_is_whole(aftermath: tuple[Household, Path]) -> None:
    _, state = aftermath
    assert _rows(state, "PRAGMA integrity_check") == [("ok",)]
