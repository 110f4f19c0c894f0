"""A story: a timer with nothing configured, a larger model, a cloud, a power cut, and all is still there."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.client.connection import Connection, Event, connect
from appliance.engine.locate import EngineHome, locate
from tests.fakes.cloud import openai_chat
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import serve
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

pytestmark = pytest.mark.engine
_WINDOW = 32768


def _texts(gateway: GatewayProcess) -> list[str]:
    messages = gateway.call("chat.history", {"sessionKey": "main", "limit": 100})["messages"]
    return [_text(message) for message in messages]


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _embedded_answers(gateway: GatewayProcess) -> bool:
    item = {"items": [{"text": "what time is it"}]}
    try:
        return bool(gateway.call("homarus.models.understand", item)["results"])
    except Exception:  # it is still starting
        return False


async def _next_final(connection: Connection, contains: str) -> Event:
    async with asyncio.timeout(20):
        async for event in connection.events():
            final = event.name == "chat" and event.payload["state"] == "final"
            if final and contains in json.dumps(event.payload.get("message", {}), ensure_ascii=False):
                return event
    raise AssertionError("the connection ended")


async def test_the_first_evening_with_a_new_box(tmp_path: Path) -> None:
    gateway = await asyncio.to_thread(GatewayProcess(tmp_path / "box").start)
    try:
        await asyncio.to_thread(until, lambda: _embedded_answers(gateway), what="the embedded model")
        await _a_timer_without_any_configuration(gateway)
        await _what_it_cannot_do_it_says(gateway)
        await _a_larger_model_on_the_box(gateway, tmp_path)
        async with serve(openai_chat.OpenAIChatWire()) as cloud:
            cloud.script(Answer([Say("Paris is the capital of France.")]))
            await _a_cloud_model(gateway, cloud.url, cloud.key)
        before = await asyncio.to_thread(_texts, gateway)
        gateway.kill()
        await asyncio.to_thread(gateway.start)
        assert await asyncio.to_thread(_texts, gateway) == before
    finally:
        assert await asyncio.to_thread(gateway.stop) == 0


async def _a_timer_without_any_configuration(gateway: GatewayProcess) -> None:
    async with connect(gateway.target) as connection:
        await connection.call("sessions.subscribe")
        done = asyncio.ensure_future(_next_final(connection, "is done"))
        asked = await asyncio.to_thread(gateway.homarus, "ask", "set a timer for three seconds")
        assert (asked.returncode, asked.stderr) == (0, "")
        assert "3 seconds" in asked.stdout
        event = await done
        assert event.payload["sessionKey"] == "agent:main:main"
    assert any("is done" in text for text in await asyncio.to_thread(_texts, gateway))


async def _what_it_cannot_do_it_says(gateway: GatewayProcess) -> None:
    asked = await asyncio.to_thread(gateway.homarus, "ask", "who wrote the first novel about whales and why")
    assert asked.returncode == 0
    assert "homarus models recommend" in asked.stdout


async def _a_larger_model_on_the_box(gateway: GatewayProcess, folder: Path) -> None:
    home = locate({})
    assert isinstance(home, EngineHome), "scripts/engine sets it up"
    model = folder / "larger.gguf"
    await asyncio.to_thread(_make_model, home, model)
    section = json.dumps({"path": str(model), "contextTokens": _WINDOW})
    result = await asyncio.to_thread(gateway.homarus, "config", "set", "models.local", section)
    assert result.returncode == 0, result.stderr
    await asyncio.to_thread(until, lambda: "local/" in gateway.homarus("models").stdout, what="the larger model")
    before = len(await asyncio.to_thread(_texts, gateway))
    asked = await asyncio.to_thread(gateway.homarus, "--json", "ask", "tell me a story about the sea")
    assert json.loads(asked.stdout).get("text") == "The sea is wide.", asked.stdout + gateway.output[-3000:]
    assert len(await asyncio.to_thread(_texts, gateway)) == before + 2


def _make_model(home: EngineHome, path: Path) -> None:
    # Its vocabulary is letters, so that a prompt with tools takes many tokens.
    options = ["--context", str(_WINDOW), "--reply", "The sea", " is", " wide", "."]
    command = [str(home.python), "-m", "appliance.engine.tinymodel", str(path), *options]
    subprocess.run(command, env=home.variables(), check=True, timeout=60)


async def _a_cloud_model(gateway: GatewayProcess, url: str, key: str) -> None:
    provider = json.dumps({"baseUrl": url, "apiKey": key, "models": [{"id": "big"}]})
    for path, value in (("models.providers.fake", provider), ("agents.defaults.model", "fake/big")):
        result = await asyncio.to_thread(gateway.homarus, "config", "set", path, value)
        assert result.returncode == 0, result.stderr
    asked = await asyncio.to_thread(gateway.homarus, "ask", "what is the capital of France")
    assert asked.stdout.strip() == "Paris is the capital of France."
    shown = await asyncio.to_thread(gateway.homarus, "config", "get")
    assert key not in shown.stdout
