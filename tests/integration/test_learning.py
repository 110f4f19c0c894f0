"""A gateway that learns from its owner: what a service had to solve is understood on the box, until it is forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Call, Say
from tests.fakes.cloud.server import FakeCloud, serve
from tests.integration.box import Talker, provider, talking
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

pytestmark = pytest.mark.engine

Way = tuple[str, str, dict[str, Any]]
_TIMER = ("timer_set", {"duration_s": 1200})
# ways of asking and the call they mean: of those that the shipped weights hand over the first that does no harm is
# learned, because which ones do is another matter with each weights
_WAYS: tuple[Way, ...] = (
    ("ping me in 20 minutes so the pasta does not burn", *_TIMER),
    ("20 Minuten ab jetzt, dann tröten", *_TIMER),
    ("stups mich in 20 Minuten mal an", *_TIMER),
    ("yoohoo in 20 minutes please", *_TIMER),
    ("sifflote dans 20 minutes", *_TIMER),
    ("what jobs did i park for later", "reminder_list", {}),
    ("wie schauts mit dem Kasten aus", "box_health", {}),
    ("how is the old crate holding up", "box_health", {}),
    ("elle va bien la vieille caisse", "box_health", {}),
)


@asynccontextmanager
async def box(folder: Path, **mini: Any) -> AsyncIterator[tuple[GatewayProcess, FakeCloud]]:
    """Run a gateway with the embedded model, behind it a service."""
    async with serve(OpenAIChatWire()) as cloud:
        config = {
            "models": {"local": {"enabled": False}, "mini": mini, "providers": {"fake": provider(cloud)}},
            "agents": {"defaults": {"model": "fake/big"}},
        }
        gateway = GatewayProcess(folder / "s", config)
        await asyncio.to_thread(gateway.start)
        try:
            await asyncio.to_thread(until, lambda: _understood(gateway, "set a timer for 5 minutes"), what="the model")
            yield gateway, cloud
        finally:
            assert await asyncio.to_thread(gateway.stop) == 0


def _understood(gateway: GatewayProcess, text: str) -> str:
    """Return the tool that a sentence is understood as, nothing while the model does not run."""
    done = gateway.homarus("models", "understand", text, "--json")
    return str(json.loads(done.stdout)["tool"]) if done.returncode == 0 else ""


def _told(gateway: GatewayProcess) -> dict[str, Any]:
    answer: dict[str, Any] = gateway.call("homarus.models.learning")
    return answer


async def _solved_by_the_service(talk: Talker, cloud: FakeCloud, way: Way, after: str) -> None:
    """Ask for something that the service solves with a tool, and say something else then."""
    text, tool, arguments = way
    key = f"k{len(cloud.requests)}-{talk.session}"  # a key is for one request
    cloud.script(Answer((Call(tool, arguments),)), Answer((Say("I will."),)), Answer((Say("You are welcome."),)))
    assert await talk.ask(text, key) == "I will."
    await talk.state(await talk.send(after, f"{key}-after"))


async def _handed_over(gateway: GatewayProcess) -> list[Way]:
    """Return the ways that the shipped weights hand over."""
    asked = [await asyncio.to_thread(_understood, gateway, text) for text, _, _ in _WAYS]
    return [one for one, tool in zip(_WAYS, asked, strict=True) if tool == "escalate"]


async def _learned(gateway: GatewayProcess, cloud: FakeCloud, talk: Talker) -> Way:
    """Let the service solve one way after the other until the box takes one; return it."""
    for way in await _handed_over(gateway):
        await _solved_by_the_service(talk, cloud, way, "who wrote the Iliad and why do people still read it")
        await asyncio.to_thread(until, lambda: _told(gateway)["examples"], what="the example")
        fitted = await asyncio.to_thread(gateway.homarus, "models", "learning", "--fit")
        assert (fitted.returncode, "Last fit" in fitted.stdout) == (0, True), fitted.stderr
        state = await asyncio.to_thread(_told, gateway)
        assert state["examples"] == {way[1]: 1}
        if state["last"]["taken"]:
            assert state["heard"] == 1
            return way
        gone = await asyncio.to_thread(gateway.homarus, "models", "forget", "--all")
        assert gone.returncode == 0, gone.stderr
    raise AssertionError("each of these ways is understood, or does harm to the shipped weights; write others")


async def test_what_a_service_solved_is_learned_shown_and_forgotten(tmp_path: Path) -> None:
    async with box(tmp_path, learn=True) as (gateway, cloud), talking(gateway.target) as talk:
        text, tool, _ = await _learned(gateway, cloud, talk)
        assert await asyncio.to_thread(_understood, gateway, text) == tool
        asked = len(cloud.requests)
        await talk.ask(text, "k-again")
        assert len(cloud.requests) == asked, "the box did it alone"
        gone = await asyncio.to_thread(gateway.homarus, "models", "forget", "--text", text.split()[-1])
        assert gone.stdout == f"Forgotten: 1 ({tool} 1).\nLeft: none.\n", gone.stderr
        assert await asyncio.to_thread(_understood, gateway, text) == "escalate"
        assert not list((gateway.state / "learned").iterdir())


async def test_nothing_is_kept_unless_the_owner_says_so_nor_from_groups_nor_when_taken_back(tmp_path: Path) -> None:
    async with box(tmp_path) as (gateway, cloud), talking(gateway.target) as talk:
        open_ = await _handed_over(gateway)
        await _solved_by_the_service(talk, cloud, open_[0], "who wrote the Iliad and why do people still read it")
        refused = await asyncio.to_thread(gateway.homarus, "models", "learning", "--fit")
        assert (refused.returncode, "models.mini.learn" in refused.stderr) == (1, True)
        done = await asyncio.to_thread(gateway.homarus, "config", "set", "models.mini.learn", "true")
        assert done.returncode == 0, done.stderr
        await asyncio.to_thread(until, lambda: _told(gateway)["enabled"], what="learning")
        await _solved_by_the_service(talk, cloud, open_[0], "no, that is not what I meant at all")
        async with talking(gateway.target, "agent:main:matrix:group:friends") as group:
            await _solved_by_the_service(group, cloud, open_[-1], "who wrote the Iliad and why read it")
        wrong = await asyncio.to_thread(gateway.homarus, "models", "forget")
        assert (wrong.returncode, "--all" in wrong.stderr) == (2, True)
        assert (await asyncio.to_thread(_told, gateway))["examples"] == {}
        nothing = await asyncio.to_thread(gateway.homarus, "models", "forget", "--all")
        assert nothing.stdout == "Nothing of that was learned.\n"
