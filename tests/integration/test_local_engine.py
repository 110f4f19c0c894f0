"""A gateway with a real engine and models made on the spot: who is asked first, and what happens when it is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Fault, FaultKind, Say
from tests.fakes.cloud.server import FakeCloud, serve
from tests.integration.box import provider, talking
from tests.integration.engine.process import make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.test_http_port import ask
from tests.integration.waiting import until

pytestmark = pytest.mark.engine

_PIECES = 1200  # so many words cannot be said before a signal arrives


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that counts for a while."""
    words = [f" w{number}" for number in range(_PIECES)]
    path = tmp_path_factory.mktemp("model") / "talker.gguf"
    return make_model(path, "--context", "8192", "--width", "128", "--reply", *words)


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says one sentence."""
    path = tmp_path_factory.mktemp("model") / "speaker.gguf"
    return make_model(path, "--context", "8192", "--reply", "The box", " speaks", ".")


@asynccontextmanager
async def box(folder: Path, model: Path, order: list[str]) -> AsyncIterator[tuple[GatewayProcess, FakeCloud]]:
    """Run a gateway with a local model and a fake service, asked in this order; the embedded model is off."""
    async with serve(OpenAIChatWire()) as cloud:
        cloud.choose = lambda _: Answer((Say("The cloud speaks."),))
        config: dict[str, Any] = {
            "models": {
                # These models read letter by letter: even one tool is some hundred tokens.
                "local": {"path": str(model), "contextTokens": 8192},
                "mini": {"enabled": False},
                "providers": {"fake": provider(cloud)},
            },
            "tools": {"allow": ["clock_now"]},
            "agents": {"defaults": {"model": {"primary": order[0], "fallbacks": order[1:]}}},
        }
        gateway = GatewayProcess(folder / "s", config)
        await asyncio.to_thread(gateway.start)
        try:
            await asyncio.to_thread(until, lambda: _local(gateway), what="the local model")
            yield gateway, cloud
        finally:
            assert await asyncio.to_thread(gateway.stop) == 0
            assert engine_of(gateway) is None, "it must not outlive the gateway"


def _local(gateway: GatewayProcess) -> bool:
    return any(one["provider"] == "local" for one in gateway.call("models.list")["models"])


def engine_of(gateway: GatewayProcess) -> int | None:
    """Return the process of the engine whose socket lies in the state of this gateway."""
    wanted = str(gateway.state).encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"appliance.engine" in line and wanted in line:
                return int(entry.name)
    return None


def _engine(gateway: GatewayProcess) -> int:
    pid = engine_of(gateway)
    assert pid is not None
    return pid


async def test_the_local_model_is_asked_first_when_it_comes_first(tmp_path: Path, speaker: Path) -> None:
    async with box(tmp_path, speaker, ["local/any", "fake/big"]) as (gateway, cloud):
        async with talking(gateway.target) as talk:
            assert await talk.ask("who speaks", "k1") == "The box speaks."
            await asyncio.to_thread(gateway.homarus, "config", "set", "models.local.maxTokens", "2")
            await asyncio.to_thread(until, lambda: _says(gateway, "The box speaks\n"), what="a shorter answer")
        assert not cloud.requests


async def test_the_service_is_asked_first_when_it_comes_first_then_the_box(tmp_path: Path, speaker: Path) -> None:
    async with box(tmp_path, speaker, ["fake/big", "local/any"]) as (gateway, cloud), talking(gateway.target) as talk:
        assert await talk.ask("who speaks", "k1") == "The cloud speaks."
        cloud.script(Fault(FaultKind.AUTH))
        assert await talk.ask("and now", "k2") == "The box speaks."


async def test_kill_9_of_the_engine_before_a_word_fails_over_and_it_comes_back(tmp_path: Path, speaker: Path) -> None:
    async with box(tmp_path, speaker, ["local/any", "fake/big"]) as (gateway, _), talking(gateway.target) as talk:
        engine = _engine(gateway)
        os.kill(engine, signal.SIGSTOP)  # it takes the question and says nothing
        run = await talk.send("count", "k1")
        await talk.hear(lambda one: one.name == "agent" and one.payload["runId"] == run)
        os.kill(engine, signal.SIGKILL)
        end = await talk.state(run)
        assert (end["state"], end["message"]["content"][0]["text"]) == ("final", "The cloud speaks.")
        # who asks how it is meanwhile hears that, and does not wait for it
        meanwhile = await asyncio.to_thread(gateway.call, "homarus.answers")
        assert meanwhile["local"]["file"] == "speaker.gguf"
        assert (meanwhile["engine"] is None) is (meanwhile["local"]["state"] in ("restarting", "loading"))
        await asyncio.to_thread(until, lambda: engine_of(gateway) not in (None, engine), what="a new engine")
        await asyncio.to_thread(until, lambda: _answers_itself(gateway), what="its answer")
        assert "on this box: " in (await asyncio.to_thread(gateway.homarus, "status")).stdout


async def test_kill_9_of_the_engine_in_mid_answer_ends_the_run_and_the_gateway_goes_on(
    tmp_path: Path, talker: Path
) -> None:
    async with box(tmp_path, talker, ["local/any", "fake/big"]) as (gateway, cloud), talking(gateway.target) as talk:
        engine = _engine(gateway)
        run = await talk.send("count", "k1")
        await talk.state(run, "delta")
        os.kill(engine, signal.SIGSTOP)
        os.kill(engine, signal.SIGKILL)
        end = await talk.state(run)
        assert end["state"] == "error"
        assert end["errorMessage"].startswith("The answer broke off")
        assert not cloud.requests, "nobody else goes on in the middle of a sentence"
        assert (await talk.connection.call("health"))["ok"]
        await asyncio.to_thread(until, lambda: engine_of(gateway) not in (None, engine), what="a new engine")


def _answers_itself(gateway: GatewayProcess) -> bool:
    return _says(gateway, "The box speaks.\n")


def _says(gateway: GatewayProcess, words: str) -> bool:
    return gateway.homarus("ask", "--session", "later", "who speaks").stdout == words


async def test_embeddings_over_the_port(tmp_path: Path) -> None:
    model = await asyncio.to_thread(make_model, tmp_path / "vectors.gguf", "--pooling", "mean")
    async with box(tmp_path, model, ["local/any"]) as (gateway, cloud):
        body = {"model": "openclaw", "input": ["one", "two"]}
        status, text = await asyncio.to_thread(ask, gateway, "/v1/embeddings", body)
        assert status == 200, text
        rows = json.loads(text)["data"]
        assert [row["index"] for row in rows] == [0, 1]
        assert len(rows[0]["embedding"]) == 64
        assert rows[0]["embedding"] != rows[1]["embedding"]
        assert not cloud.requests
