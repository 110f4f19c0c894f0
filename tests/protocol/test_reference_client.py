"""The published JavaScript client (npm @openclaw/gateway-client) against our gateway, unmodified."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cloud import openai_chat
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import serve
from tests.integration.gateway_process import TOKEN, GatewayProcess

_SCRIPT = Path(__file__).with_name("reference_client.mjs")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return asyncio.run(_drive(tmp_path_factory.mktemp("reference")))


async def _drive(state: Path) -> dict[str, Any]:
    node = shutil.which("node", path=str(Path(__file__).parents[2] / ".venv-test" / "bin"))
    assert node, "scripts/test installs Node"
    async with serve(openai_chat.OpenAIChatWire()) as cloud:
        cloud.script(Answer([Say("Hello yourself.")]), Answer([Say("On and on " * 40)], hold_after=20))
        config = {
            "models": {
                "mini": {"enabled": False},
                "providers": {"fake": {"baseUrl": cloud.url, "apiKey": cloud.key, "models": [{"id": "big"}]}},
            },
            "agents": {"defaults": {"model": "fake/big"}},
        }
        with await asyncio.to_thread(GatewayProcess(state, config).start) as gateway:
            client = await asyncio.create_subprocess_exec(
                node, str(_SCRIPT), gateway.target.url, TOKEN, stdout=-1, stderr=-1
            )
            output, errors = await asyncio.wait_for(client.communicate(), 60)
            assert client.returncode == 0, errors.decode()
            return json.loads(output)


def test_it_connects_with_a_device_and_the_shared_token(seen: dict[str, Any]) -> None:
    assert seen["auth"] == "token"
    assert seen["deviceToken"] == "string"


def test_its_device_token_lets_it_in_again_and_stays_the_same(seen: dict[str, Any]) -> None:
    assert seen["again"] == "device-token"
    assert seen["sameToken"] is True


def test_it_chats(seen: dict[str, Any]) -> None:
    assert seen["ack"] == {**seen["ack"], "runId": "say-hello", "status": "started"}
    assert seen["final"]["message"]["content"] == [{"type": "text", "text": "Hello yourself."}]
    assert [message["role"] for message in seen["history"]["messages"]] == ["user", "assistant"]


def test_it_aborts_in_the_middle_of_an_answer(seen: dict[str, Any]) -> None:
    assert seen["abort"] == {"ok": True, "aborted": True, "runIds": ["to-abort"]}
    assert seen["aborted"]["message"]["content"][0]["text"].startswith("On and on")


def test_it_lists_and_resets_sessions(seen: dict[str, Any]) -> None:
    assert [row["key"] for row in seen["sessions"]["sessions"]] == ["agent:main:main"]
    assert seen["reset"]["ok"] is True
    assert seen["afterReset"]["messages"] == []


def test_it_finds_the_models_and_the_commands(seen: dict[str, Any]) -> None:
    assert "fake/big" in [f"{model['provider']}/{model['id']}" for model in seen["models"]["models"]]
    assert seen["commands"] >= 6
    assert seen["agents"]["defaultId"] == "main"


def test_it_sees_no_gap_in_the_events(seen: dict[str, Any]) -> None:
    assert seen["gaps"] == 0
    numbers = [event["seq"] for event in seen["events"] if event.get("seq") is not None]
    assert numbers[0] == 1


def test_the_deltas_of_a_run_add_up_to_its_final_text(seen: dict[str, Any]) -> None:
    chats = [event["payload"] for event in seen["events"] if event["event"] == "chat"]
    parts = [one["deltaText"] for one in chats if one["runId"] == "say-hello" and one["state"] == "delta"]
    assert "".join(parts) == "Hello yourself."


def test_an_unknown_method_is_named(seen: dict[str, Any]) -> None:
    assert seen["unknown"].endswith("unknown method: no.such.method")


def test_a_program_without_a_device_reads_the_status(seen: dict[str, Any]) -> None:
    assert seen["status"]["sessions"]["count"] == 1
