"""The published JavaScript client (npm @openclaw/gateway-client) pairs as a phone does, and again after restarts."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.host.interfaces import addresses
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


async def _phone(state: Path, url: str, *code: str, **environ: str) -> dict[str, Any]:
    node = shutil.which("node", path=str(Path(__file__).parents[2] / ".venv-test" / "bin"))
    assert node, "scripts/test installs Node"
    file = str(state / "phone.json")
    process = await asyncio.create_subprocess_exec(
        node, str(_SCRIPT), file, *code, stdout=-1, stderr=-1, env={"URL": url, **environ}
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


@dataclass(frozen=True)
class OverTheNetwork:
    """What the phone saw from another address of this machine: pairing, and after a restart."""

    pairing: dict[str, Any]
    again: dict[str, Any]


async def _drive_over_the_network(state: Path, address: str) -> OverTheNetwork:
    gateway = GatewayProcess(state, {**_CONFIG, "gateway": {"bind": "lan"}})
    await asyncio.to_thread(gateway.start)
    try:
        made = await asyncio.to_thread(
            gateway.call, "device.pair.setupCode", {"publicUrl": f"wss://{address}:{gateway.facts['port']}"}
        )
        pairing = await _phone(state, "", made["setupCode"])
        await asyncio.to_thread(gateway.stop)
        await asyncio.to_thread(gateway.start)
        place = f"{address}:{gateway.facts['port']}"
        return OverTheNetwork(pairing, await _phone(state, f"wss://{place}", PLAIN_URL=f"ws://{place}"))
    finally:
        await asyncio.to_thread(gateway.stop)


def _address() -> str | None:
    """Return an IPv4 address of this machine that others would use."""
    return next((str(one.ip) for one in addresses() if one.ip.version == 4 and not one.inner), None)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OverTheNetwork:
    address = _address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    return asyncio.run(_drive_over_the_network(tmp_path_factory.mktemp("network"), address))


def test_over_the_network_it_pairs_by_tls_with_the_certificate_that_the_code_names(network: OverTheNetwork) -> None:
    seen = network.pairing
    assert seen["url"].startswith("wss://")
    assert "tlsFingerprint" in seen["keys"]
    assert seen["node"]["method"] == "bootstrap-token"
    assert ADMIN in seen["operator"]["scopes"]


def test_after_a_restart_the_pin_and_the_tokens_still_fit(network: OverTheNetwork) -> None:
    assert network.again["node"]["method"] == "device-token"
    assert network.again["operator"]["scopes"] == network.pairing["operator"]["scopes"]


def test_the_same_device_is_no_owner_where_others_can_read_along(network: OverTheNetwork) -> None:
    plain = network.again["plain"]
    assert plain["method"] == "device-token"
    assert set(plain["scopes"]) == {APPROVALS, QUESTIONS, READ, TALK_SECRETS, WRITE}
