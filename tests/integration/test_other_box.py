"""Two gateways of one household: the model of one answers for the other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Papers, papers
from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import FakeCloud, serve
from tests.integration.box import no_engine, provider, talking
from tests.integration.engine.peers import free_port
from tests.integration.engine.process import make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.test_local_engine import engine_of
from tests.integration.waiting import until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "speaker.gguf"
    return make_model(path, "--context", "8192", "--reply", "The attic", " speaks", ".")


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that counts for a while, called as the one that speaks."""
    words = [f" w{number}" for number in range(1200)]
    path = tmp_path_factory.mktemp("talker") / "speaker.gguf"
    return make_model(path, "--context", "8192", "--width", "128", "--reply", *words)


def _common() -> dict[str, Any]:
    return {"models": {"mini": {"enabled": False}}, "tools": {"allow": ["clock_now"]}}


def _serving(model: Path, port: int, box: Papers, clients: Path) -> dict[str, Any]:
    config = _common()
    files = {"certificate": str(box.identity.certificate), "key": str(box.identity.key), "peers": str(clients)}
    serving = {"listen": f"127.0.0.1:{port}", **files}
    config["models"]["local"] = {"path": str(model), "contextTokens": 8192, "serve": serving}
    return config


def _asking(cloud: FakeCloud, port: int, guest: Papers, pin: str) -> dict[str, Any]:
    config = _common()
    files = {"certificate": str(guest.identity.certificate), "key": str(guest.identity.key)}
    config["models"]["remotes"] = {"attic": {"address": f"127.0.0.1:{port}", "peer": pin, **files}}
    config["models"]["providers"] = {"fake": provider(cloud)}
    config["agents"] = {"defaults": {"model": {"primary": "remote-attic/speaker", "fallbacks": ["fake/big"]}}}
    return config


@asynccontextmanager
async def household(folder: Path, model: Path) -> AsyncIterator[tuple[GatewayProcess, GatewayProcess]]:
    """Run a box without a model (the first) that asks one with a model (the second), then a service."""
    box, guest, port = papers(folder, "box"), papers(folder, "guest"), free_port()
    clients = folder / "clients.pem"
    clients.write_text(guest.pem)
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(serve(OpenAIChatWire()))
        cloud.choose = lambda _: Answer((Say("The cloud speaks."),))
        attic = GatewayProcess(folder / "attic", _serving(model, port, box, clients))
        weak = GatewayProcess(folder / "weak", _asking(cloud, port, guest, box.pin), **no_engine(folder))
        for gateway in (attic, weak):
            await asyncio.to_thread(gateway.start)
            stack.push_async_callback(asyncio.to_thread, gateway.stop)
        await asyncio.to_thread(until, lambda: _knows_the_attic(weak), what="the other box")
        yield weak, attic


def _knows_the_attic(gateway: GatewayProcess) -> bool:
    return any(one["id"] == "speaker" for one in gateway.call("models.list")["models"])


async def test_a_box_without_a_model_answers_by_that_of_another_and_says_so(tmp_path: Path, speaker: Path) -> None:
    async with household(tmp_path, speaker) as (weak, attic), talking(weak.target) as talk:
        end = await talk.state(await talk.send("who speaks", "k1"))
        assert (end["state"], end["message"]["content"][0]["text"]) == ("final", "The attic speaks.")
        says = end["message"]["homarus"]
        assert (says["tier"], says["model"], says["box"]) == ("remote", "remote-attic/speaker", "attic")
        assert says["costUsd"] == 0
        await asyncio.to_thread(attic.stop)
        assert await talk.ask("and now", "k2") == "The cloud speaks."
        conditions = await asyncio.to_thread(until, lambda: _conditions(weak, "peer_away"), what="a condition")
        assert "attic" in conditions[0]["summary"]
        await asyncio.to_thread(attic.start)
        await asyncio.to_thread(until, lambda: not _conditions(weak, "peer_away"), what="its return")


def _conditions(gateway: GatewayProcess, code: str) -> list[dict[str, Any]]:
    return [one for one in gateway.call("status")["conditions"] if one["code"] == code]


async def test_a_box_that_dies_with_a_question_is_followed_by_the_next(tmp_path: Path, speaker: Path) -> None:
    async with household(tmp_path, speaker) as (weak, attic), talking(weak.target) as talk:
        engine = engine_of(attic)
        assert engine is not None
        os.kill(engine, signal.SIGSTOP)  # it takes the question and says nothing
        run = await talk.send("count", "k1")
        await talk.hear(lambda one: one.name == "agent" and one.payload["runId"] == run)
        os.kill(engine, signal.SIGKILL)
        end = await talk.state(run)
        assert (end["state"], end["message"]["content"][0]["text"]) == ("final", "The cloud speaks.")


async def test_a_box_that_dies_in_the_middle_of_a_sentence_is_said(tmp_path: Path, talker: Path) -> None:
    async with household(tmp_path, talker) as (weak, attic), talking(weak.target) as talk:
        engine = engine_of(attic)
        assert engine is not None
        run = await talk.send("count", "k1")
        await talk.state(run, "delta")
        os.kill(engine, signal.SIGSTOP)
        os.kill(engine, signal.SIGKILL)
        end = await talk.state(run)
        assert end["state"] == "error"
        assert end["errorMessage"].startswith("The answer broke off")
        assert (await talk.connection.call("health"))["ok"]
