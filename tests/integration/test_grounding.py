"""A gateway with a real engine whose model talks nonsense: it hands over, or is halted, grounded and relieved."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import FakeCloud, serve
from tests.integration.box import provider, said, talking
from tests.integration.engine.process import environment, home, make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

pytestmark = pytest.mark.engine

_LOOPER = """
import pathlib, sys
from appliance.engine import tinymodel

recital = tinymodel._recital

def looping(model, tokens, embedding):
    output, alphabet = recital(model, tokens, embedding), tinymodel.byte_alphabet()
    first, last = (tokens.index("".join(alphabet[one] for one in model.reply[at].encode())) for at in (0, -1))
    output[tinymodel._end_token(model, tokens)] = 0
    output[first] += embedding[last]
    return output

tinymodel._recital = looping
tinymodel.TinyModel(context=8192, reply=(" round", " and", " about", " it", " goes")).write(pathlib.Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights: no word of it makes sense."""
    return make_model(tmp_path_factory.mktemp("model") / "babbler.gguf", "--context", "8192")


@pytest.fixture(scope="module")
def looper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that recites a few words and begins anew behind the last one."""
    path = tmp_path_factory.mktemp("model") / "looper.gguf"
    engine = home()
    command = [str(engine.python), "-c", _LOOPER, str(path)]
    subprocess.run(command, env=environment(engine), check=True, timeout=60)
    return path


@asynccontextmanager
async def box(folder: Path, model: Path, handover: float) -> AsyncIterator[tuple[GatewayProcess, FakeCloud]]:
    async with serve(OpenAIChatWire()) as cloud:
        cloud.choose = lambda _: Answer((Say("The cloud speaks."),))
        config: dict[str, Any] = {
            "models": {
                "local": {"path": str(model), "contextTokens": 8192, "handover": handover},
                "mini": {"enabled": False},
                "providers": {"fake": provider(cloud)},
            },
            "tools": {"allow": ["clock_now"]},
            "agents": {"defaults": {"model": {"primary": "local/any", "fallbacks": ["fake/big"]}}},
        }
        gateway = GatewayProcess(folder / "s", config)
        await asyncio.to_thread(gateway.start)
        try:
            await asyncio.to_thread(until, lambda: _local(gateway), what="the local model")
            yield gateway, cloud
        finally:
            assert await asyncio.to_thread(gateway.stop) == 0


def _local(gateway: GatewayProcess) -> bool:
    return any(one["provider"] == "local" for one in gateway.call("models.list")["models"])


async def test_a_model_that_is_not_sure_says_nothing_and_hands_over(tmp_path: Path, babbler: Path) -> None:
    async with box(tmp_path, babbler, 0.5) as (gateway, cloud), talking(gateway.target) as talk:
        end = await talk.state(await talk.send("who speaks", "k1"))
        assert said(end["message"]) == "The cloud speaks."
        assert end["message"]["homarus"]["model"] == "fake/big"
        steps = [one.payload["data"] for one in talk.heard if one.name == "agent"]
        assert [one["reason"] for one in steps if one.get("phase") == "fallback_step"] == ["escalate"]
        assert len(cloud.requests) == 1


async def test_a_model_that_runs_in_circles_is_grounded_and_then_relieved(tmp_path: Path, looper: Path) -> None:
    async with box(tmp_path, looper, 0.0) as (gateway, _), talking(gateway.target) as talk:
        end = await talk.state(await talk.send("who speaks", "k1"))
        assert end["state"] == "final"
        text = said(end["message"])
        assert text.startswith(" round")
        assert text.endswith("The cloud speaks.")
        assert len(text) < 200, "what was said in circles was taken back"
        data = [one.payload["data"] for one in talk.heard if one.name == "agent"]
        grounded = [one for one in data if one.get("phase") == "grounding"]
        assert [(one["attempt"], one["reason"]) for one in grounded] == [(n, "repetition") for n in (1, 2, 3)]
        notes = [text for _, text in await talk.transcript() if "was halted" in text]
        assert len(notes) == 3
        assert "next model takes over" in notes[-1]
