"""A gateway with a real engine: the first answer after an engine came up finds the beginning of its prompt read."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine.process import make_model
from tests.integration.gateway_process import TOKEN, GatewayProcess
from tests.integration.test_local_engine import engine_of
from tests.integration.waiting import until

pytestmark = pytest.mark.engine

_TOOLS = ["clock_now", "date_lookup", "calculate"]
_VARIES = 200  # tokens of a byte-wise model: the stamp, a short question and the end of the template


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "speaker.gguf"
    return make_model(path, "--context", "8192", "--reply", "The box", " speaks", ".")


async def test_the_first_turn_after_an_engine_restart_reads_only_what_is_new(tmp_path: Path, speaker: Path) -> None:
    config: dict[str, Any] = {
        "models": {"local": {"path": str(speaker), "contextTokens": 8192}, "mini": {"enabled": False}},
        "tools": {"allow": _TOOLS},
    }
    gateway = GatewayProcess(tmp_path / "s", config)
    await asyncio.to_thread(gateway.start)
    try:
        await asyncio.to_thread(_check_an_answer, gateway, "one")
        engine = engine_of(gateway)
        assert engine is not None
        os.kill(engine, signal.SIGKILL)
        await asyncio.to_thread(until, lambda: engine_of(gateway) not in (None, engine), what="a new engine")
        await asyncio.to_thread(_check_an_answer, gateway, "two")
        _check_metrics(gateway)
        status = await asyncio.to_thread(gateway.homarus, "status")
        assert "on this box: " in status.stdout, status.stdout + status.stderr
        assert "local/" in status.stdout
    finally:
        assert await asyncio.to_thread(gateway.stop) == 0


def _check_an_answer(gateway: GatewayProcess, session: str) -> None:
    until(lambda: _read_ahead(gateway), what="the beginning of prompts in the engine")
    done = gateway.homarus("--json", "ask", "--session", session, "who speaks")
    took = json.loads(done.stdout)["answer"]
    assert (took["tier"], took["costUsd"]) == ("local", 0)
    assert took["tokens"]["cached"] > 1000, "the static part of a byte-wise model is long"
    assert took["tokens"]["computed"] < _VARIES, took


def _read_ahead(gateway: GatewayProcess) -> bool:
    engine = gateway.call("homarus.answers")["engine"]
    return engine is not None and engine["active"] == 0 and _tokens_read(gateway) > 0


def _tokens_read(gateway: GatewayProcess) -> float:
    return _metric(gateway, "homarus_engine_resident_sequences")


def _metric(gateway: GatewayProcess, name: str) -> float:
    lines = _scrape(gateway, TOKEN).splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)


def _scrape(gateway: GatewayProcess, token: str) -> str:
    request = urllib.request.Request(f"{gateway.http}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as response:
        body: bytes = response.read()
    return body.decode()


def _check_metrics(gateway: GatewayProcess) -> None:
    assert _metric(gateway, 'homarus_answers_total{tier="local"}') == 2
    assert _metric(gateway, 'homarus_first_token_seconds_count{tier="local"}') == 2
    assert _metric(gateway, 'homarus_tokens_total{kind="cached",tier="local"}') > 2000
    assert _metric(gateway, "homarus_engine_up") == 1
    with pytest.raises(urllib.error.HTTPError) as caught:
        _scrape(gateway, "a wrong token")
    assert caught.value.code == 401
    caught.value.close()
