"""Turns: what the gateway adds to a model that answers at once, how many it does, and whether any is lost."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.bench.process import cpu_s, memory
from tests.bench.report import Figure, percentile
from tests.bench.rig import Rig
from tests.bench.wire import Client, Frame

_PATIENCE_S = 30.0
_SESSION_TURNS = 20  # a usual conversation: history grows to 40 entries


class _Chat(msgspec.Struct, rename="camel"):
    run_id: str
    state: str


_chat = msgspec.json.Decoder(_Chat).decode


class Talker:
    """Sends questions over one connection and waits for the end of each run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ends: dict[str, asyncio.Future[str]] = {}
        client.on_event = self._hear

    async def turn(self, session: str, number: int) -> float:
        """Do one turn and return its seconds. Raises RuntimeError when it does not end well."""
        run_id = f"{session}-{number}"
        end = self._ends[run_id] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        params = {"sessionKey": session, "message": _question(session, number), "idempotencyKey": run_id}
        accepted = self._client.start("chat.send", params)
        async with asyncio.timeout(_PATIENCE_S):
            state = await end
            took = time.perf_counter() - began
            answer = await accepted
        if state != "final" or not answer.ok:
            raise RuntimeError(f"{run_id} ended as {state} {bytes(answer.error).decode()}")
        return took

    async def converse(self, session: str, turns: int) -> list[float]:
        return [await self.turn(session, number) for number in range(turns)]

    def _hear(self, frame: Frame) -> None:
        if frame.event != "chat":
            return
        chat = _chat(frame.payload)
        if chat.state in ("final", "error", "aborted"):
            self._ends.pop(chat.run_id).set_result(chat.state)


def _question(session: str, number: int) -> str:
    return f"turn {number} of {session.rpartition('-')[2]}"


@dataclass(frozen=True, slots=True)
class Crowd:
    """The outcome of many sessions at once. `lost`: questions or answers that are missing, doubled or mixed up."""

    turns: int
    seconds: float
    cpu_seconds: float
    lost: int


async def crowd(rig: Rig, name: str, sessions: int, turns: int) -> Crowd:
    """Have `sessions` conversations of `turns` turns go on at the same time, then read every transcript."""
    keys = [f"agent:main:{name}-{number}" for number in range(sessions)]
    async with rig.client() as client:
        talker = Talker(client)
        before, began = cpu_s(rig.gateway.pid), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for key in keys:
                group.create_task(talker.converse(key, turns))
        seconds, cpu = time.perf_counter() - began, cpu_s(rig.gateway.pid) - before
        lost = await missing(client, keys, turns)
    return Crowd(sessions * turns, seconds, cpu, lost)


async def missing(client: Client, keys: Sequence[str], turns: int) -> int:
    """Count what the transcripts and the list of sessions lack, or have too often."""
    listed = await client.call("sessions.list", {"limit": 1000, "search": keys[0].rpartition("-")[0]})
    shown = Counter(row["key"] for row in listed["sessions"])
    wrong = sum(shown[key] != 1 for key in keys)
    for key in keys:
        history = await client.call("chat.history", {"sessionKey": key, "limit": 1000})
        found = [(message["role"], _text(message)) for message in history["messages"]]
        asked = [_question(key, number) for number in range(turns)]
        expected = [pair for text in asked for pair in (("user", text), ("assistant", f"This is answer to {text}"))]
        if found != expected:
            wrong += sum(((Counter(found) - Counter(expected)) | (Counter(expected) - Counter(found))).values()) or 1
    return wrong


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


async def overhead(rig: Rig) -> list[Figure]:
    """Measure turns one after another: time added, and processor time of the gateway."""
    sessions = rig.amount(25)
    async with rig.client() as client, rig.echo() as echo:
        talker = Talker(client)
        await talker.converse("agent:main:warm-0", _SESSION_TURNS)
        before, took = cpu_s(rig.gateway.pid), []
        for number in range(sessions):
            took += await talker.converse(f"agent:main:single-{number}", _SESSION_TURNS)
        cpu = (cpu_s(rig.gateway.pid) - before) / len(took)
        floor_before, floor = cpu_s(rig.floor.pid), []
        for _ in range(len(took)):
            began = time.perf_counter()
            echo.send(b"commit this, please")
            await echo.text()
            floor.append(time.perf_counter() - began)
        floor_cpu = (cpu_s(rig.floor.pid) - floor_before) / len(floor)

    def figure(share: float, goal: float | None = None, peer: float | None = None) -> Figure:
        name = f"turn overhead p{share * 100:.0f}"
        value, least = percentile(took, share) * 1e3, percentile(floor, share) * 1e3
        return Figure(name, value, "ms", goal, floor=least, peer=peer)

    return [
        figure(0.5, goal=5.0, peer=355.0),
        figure(0.95),
        figure(0.99, goal=15.0),
        Figure("processor time per turn", cpu * 1e3, "ms", goal=4.0, floor=floor_cpu * 1e3, peer=323.0),
    ]


async def throughput(rig: Rig) -> list[Figure]:
    """Measure many sessions at once."""
    figures = []
    for sessions in (50, 200):
        turns = max(1, rig.amount(2000) // sessions)
        outcome = await crowd(rig, f"crowd{sessions}", sessions, turns)
        floor = await _floor_rate(rig, sessions, rig.amount(2000))
        goal = 300.0 if sessions == 200 else None
        rate = outcome.turns / outcome.seconds
        name = f"{sessions} sessions"
        figures += [
            Figure(f"turns, {name}", rate, "/s", goal=goal, more_is_better=True, floor=floor, peer=3.8),
            Figure(f"lost or doubled, {name}", outcome.lost, "", goal=0.0),
            Figure(f"processor time per turn, {name}", outcome.cpu_seconds / outcome.turns * 1e3, "ms"),
        ]
    return figures


async def _floor_rate(rig: Rig, clients: int, messages: int) -> float:
    """Return echoes per second with a commit each, over as many sockets as there were sessions."""

    async def one() -> None:
        async with rig.echo() as echo:
            for _ in range(max(1, messages // clients)):
                echo.send(b"commit this, please")
                await echo.text()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(one())
    return max(1, messages // clients) * clients / (time.perf_counter() - began)


async def growth(rig: Rig) -> list[Figure]:
    """Measure what 1,000 turns leave behind in memory, after as many have warmed the caches up."""
    turns = rig.amount(1000)

    async def some(name: str) -> float:
        outcome = await crowd(rig, name, 10, max(1, turns // 10))
        if outcome.lost:
            raise RuntimeError(f"{outcome.lost} messages of {name} are missing or doubled")
        await asyncio.sleep(1)  # the kernel counts pages in bunches; what is freed late is not growth
        return memory(rig.gateway.pid).pss

    before = await some("growth0")
    after = await some("growth1")
    return [
        Figure(f"memory growth over {turns} turns", after - before, "MB", goal=5.0),
        Figure("memory afterwards (PSS)", after, "MB"),
    ]
