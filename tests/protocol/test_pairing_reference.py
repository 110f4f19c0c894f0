"""The published JavaScript client (npm @openclaw/gateway-client) pairs as a phone does, and again after restarts."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.protocol.roles import ADMIN, APPROVALS, QUESTIONS, READ, TALK_SECRETS, WRITE
from tests.integration.gateway_process import GatewayProcess

_SCRIPT = Path(__file__).with_name("reference_phone.mjs")
_CONFIG = {
    "models": {"mini": {"enabled": False}},
    # Nothing is approved because it happens to run on this machine: what comes in came by its code.
    "gateway": {"nodes": {"pairing": {"autoApproveLocal": False}}},
}


@dataclass(frozen=True)
class Seen:
    """What the phone saw when it paired, after a restart of the gateway, and after a power cut."""

    pairing: dict[str, Any]
    again: dict[str, Any]
    after_power_cut: dict[str, Any]
    status: dict[str, Any]
    devices: dict[str, Any]


async def _phone(state: Path, url: str, *code: str) -> dict[str, Any]:
    node = shutil.which("node", path=str(Path(__file__).parents[2] / ".venv-test" / "bin"))
    assert node, "scripts/test installs Node"
    file = str(state / "phone.json")
    process = await asyncio.create_subprocess_exec(
        node, str(_SCRIPT), file, *code, stdout=-1, stderr=-1, env={"URL": url}
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    seen: dict[str, Any] = json.loads(output)
    return seen


async def _drive(state: Path) -> Seen:
    gateway = await asyncio.to_thread(GatewayProcess(state, _CONFIG).start)
    try:
        url = gateway.target.url.rstrip("/")
        setup = await asyncio.to_thread(gateway.call, "device.pair.setupCode", {"publicUrl": url})
        pairing = await _phone(state, url, setup["setupCode"])
        status = await asyncio.to_thread(gateway.call, "device.pair.setupStatus", {"setupId": setup["setupId"]})
        await asyncio.to_thread(gateway.stop)
        await asyncio.to_thread(gateway.start)
        again = await _phone(state, gateway.target.url)
        gateway.kill()
        await asyncio.to_thread(gateway.start)
        after = await _phone(state, gateway.target.url)
        devices = await asyncio.to_thread(gateway.call, "device.pair.list")
        return Seen(pairing, again, after, {**status, "setupId": setup["setupId"]}, devices)
    finally:
        await asyncio.to_thread(gateway.stop)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(_drive(tmp_path_factory.mktemp("phone")))


def test_its_node_comes_in_by_the_code_and_is_handed_the_token_of_its_operator(seen: Seen) -> None:
    auth = seen.pairing["node"]
    assert (auth["method"], auth["role"], auth["scopes"]) == ("bootstrap-token", "node", [])
    (handed,) = auth["deviceTokens"]
    assert handed["role"] == "operator"
    assert set(handed["scopes"]) == {ADMIN, APPROVALS, QUESTIONS, READ, TALK_SECRETS, WRITE}


def test_its_operator_comes_in_with_the_handed_over_token(seen: Seen) -> None:
    auth = seen.pairing["operator"]
    assert (auth["method"], auth["role"]) == ("device-token", "operator")
    assert set(auth["scopes"]) == set(seen.pairing["node"]["deviceTokens"][0]["scopes"])
    assert seen.pairing["health"] is True
    assert seen.pairing["history"] is True


def test_it_comes_back_with_the_same_tokens_after_a_restart_and_after_a_power_cut(seen: Seen) -> None:
    for back in (seen.again, seen.after_power_cut):
        assert (back["node"]["method"], back["operator"]["method"]) == ("device-token", "device-token")
        assert back["sameTokens"] is True
        assert back["node"]["deviceToken"] == seen.pairing["node"]["deviceToken"]
        assert back["operator"]["deviceToken"] == seen.pairing["operator"]["deviceToken"]
        assert back["operator"]["scopes"] == seen.pairing["operator"]["scopes"]
        assert "deviceTokens" not in back["node"]


def test_the_code_is_worth_nothing_after_its_use(seen: Seen) -> None:
    assert "bootstrap token invalid" in seen.pairing["thief"]["failed"]


def test_the_owner_sees_the_device_and_what_became_of_the_code(seen: Seen) -> None:
    (device,) = seen.devices["paired"]
    assert sorted(device["roles"]) == ["node", "operator"]
    completion = seen.status["completion"]
    assert (completion["setupId"], completion["access"]) == (seen.status["setupId"], "full")
    assert completion["deviceId"] == device["deviceId"]
    assert seen.devices["pending"] == []
