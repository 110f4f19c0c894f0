"""A phone from the code on the screen to the end of trust, against a gateway in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.identity.setup.code import SetupCode, decode
from tests.fakes.wire import Client, DeviceKey
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.node_client import operator, socket
from tests.integration.pseudo_terminal import PseudoTerminal

_FULL = ["operator.admin", "operator.approvals", "operator.questions", "operator.read", "operator.talk.secrets"]
_FULL += ["operator.write"]


def _phone(role: str, auth: dict[str, str], scopes: list[str]) -> dict[str, Any]:
    """Return what the app for Android sends (protocol.md 3.1)."""
    client = {
        "id": "openclaw-android",
        "mode": "node" if role == "node" else "ui",
        "version": "2026.9.6",
        "platform": "android",
        "deviceFamily": "Android",
        "displayName": "Pixel 9",
    }
    return {"minProtocol": 4, "maxProtocol": 4, "client": client, "role": role, "scopes": scopes, "auth": auth}


async def _connect(client: Client, key: DeviceKey, role: str, scopes: list[str], **auth: str) -> dict[str, Any]:
    return await client.connect(_phone(role, auth, scopes), key)


@contextlib.asynccontextmanager
async def _socket(url: str, key: DeviceKey, role: str, scopes: list[str], **auth: str) -> AsyncIterator[Client]:
    """Open a socket of the phone that is let in; its hello is in `client.events[0]`."""
    async with socket(url) as client:
        answer = await _connect(client, key, role, scopes, **auth)
        assert answer["ok"], answer
        client.events.insert(0, answer["payload"]["auth"])
        yield client


async def _homarus(gateway: GatewayProcess, *arguments: str) -> Any:
    """Run the command line and return what it prints as JSON."""
    done = await asyncio.to_thread(gateway.homarus, "--json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


async def _code(gateway: GatewayProcess, *arguments: str) -> SetupCode:
    return decode((await _homarus(gateway, "pair", *arguments))["setupCode"])


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    process = GatewayProcess(tmp_path / "state", {"models": {"mini": {"enabled": False}}})
    await asyncio.to_thread(process.start)
    try:
        yield process
    finally:
        await asyncio.to_thread(process.stop)


async def _pair(code: SetupCode, key: DeviceKey) -> tuple[str, str]:
    """Redeem a code as a phone does, node first; return its tokens as node and as operator."""
    async with _socket(code.url, key, "node", [], bootstrapToken=code.bootstrap_token) as client:
        auth = client.events[0]
    assert auth["method"] == "bootstrap-token"
    (handed,) = auth["deviceTokens"]
    assert (handed["role"], handed["scopes"]) == ("operator", sorted([*_FULL]))
    return auth["deviceToken"], handed["deviceToken"]


async def test_a_phone_pairs_is_renamed_gets_a_new_token_and_is_shown_the_door(gateway: GatewayProcess) -> None:
    key, stranger = DeviceKey(), DeviceKey()
    code = await _code(gateway)
    node_token, token = await _pair(code, key)
    url = code.url

    async with socket(url) as client:
        again = await _connect(client, stranger, "node", [], bootstrapToken=code.bootstrap_token)
        assert again["error"]["details"]["code"] == "AUTH_BOOTSTRAP_TOKEN_INVALID", "a code works once"

    async with (
        _socket(url, key, "node", [], token=node_token),
        _socket(url, key, "operator", _FULL, token=token) as phone,
        operator(url) as owner,
    ):
        (row,) = (await _homarus(gateway, "devices"))["paired"]
        assert (row["displayName"], row["connected"], row["approvedVia"]) == ("Pixel 9", True, "bootstrap")
        assert sorted(row["roles"]) == ["node", "operator"]
        assert token not in json.dumps(row)
        await _homarus(gateway, "devices", "rename", key.id[:6], "Anna's phone")
        await owner.event("device.pair.changed")
        listed = await asyncio.to_thread(gateway.homarus, "devices")
        assert "Anna's phone" in listed.stdout
        assert "full, node" in listed.stdout

        await _homarus(gateway, "devices", "rotate", "anna's phone", "--role", "operator")
        assert await phone.closed() == (4001, "device token rotated")

    async with _socket(url, key, "operator", _FULL, token=token) as phone:
        fresh = phone.events[0]["deviceToken"]
        assert fresh != token, "the old token works until the new one is used"
    async with _socket(url, key, "operator", _FULL, token=fresh) as phone:
        async with socket(url) as client:
            assert not (await _connect(client, key, "operator", _FULL, token=token))["ok"]
        done = await _homarus(gateway, "devices", "revoke", key.id[:6])
        assert [one["role"] for one in done["tokens"]] == ["node", "operator"]
        assert await phone.closed() == (4001, "device token revoked")
    for role, scopes, gone in (("operator", _FULL, fresh), ("node", [], node_token)):
        async with socket(url) as client:
            assert not (await _connect(client, key, role, list(scopes), token=gone))["ok"]
    await _homarus(gateway, "devices", "remove", key.id[:6])
    assert await _homarus(gateway, "devices") == {"pending": [], "paired": []}


async def test_rotating_twice_before_the_device_is_there_does_not_lock_it_out(gateway: GatewayProcess) -> None:
    key = DeviceKey()
    code = await _code(gateway)
    _, token = await _pair(code, key)
    for _ in range(2):
        await _homarus(gateway, "devices", "rotate", key.id[:6], "--role", "operator")
    async with _socket(code.url, key, "operator", _FULL, token=token) as phone:
        fresh = phone.events[0]["deviceToken"]
    async with _socket(code.url, key, "operator", _FULL, token=fresh):
        pass


async def test_the_window_shows_codes_waits_and_says_who_came(gateway: GatewayProcess) -> None:
    command = [gateway.python, "-m", "appliance", "pair"]
    with PseudoTerminal(command, gateway.environ, CHECKOUT) as terminal:
        page = await asyncio.to_thread(terminal.wait_for, "Waiting for the device")
        assert page.count("▀") > 200, "two codes are drawn"
        assert "homarus config set gateway.bind lan" in page
        found = re.search(r"paste this code into the app:\s+(\S+)", page)
        assert found is not None, page
        code = decode(found.group(1))
        assert f"#bootstrapToken={code.bootstrap_token}" in page
        assert f"127.0.0.1:{gateway.facts['port']}" in code.url
        await _pair(code, DeviceKey())
        await asyncio.to_thread(terminal.wait_for, "paired: Pixel 9 (full access)")
        assert await asyncio.to_thread(terminal.ended) == 0


async def test_a_request_is_approved_with_a_few_letters_or_none(gateway: GatewayProcess) -> None:
    """On this machine devices come in without a question, so the question is switched on first."""
    await _homarus(gateway, "config", "set", "gateway.nodes.pairing.autoApproveLocal", "false")
    await asyncio.to_thread(gateway.stop)
    await asyncio.to_thread(gateway.start)
    url, key = gateway.target.url, DeviceKey()
    wanted = ["operator.read"]
    async with socket(url) as client:
        refused = await _connect(client, key, "operator", wanted, token=gateway.target.token or "")
    request_id = refused["error"]["details"]["requestId"]
    assert f"`homarus devices approve {request_id[:8]}`" in refused["error"]["details"]["remediationHint"]
    shown = await asyncio.to_thread(gateway.homarus, "devices", "approve")
    assert shown.returncode == 2, "nobody can be asked here"
    assert "read conversations" in shown.stdout
    answer = await _homarus(gateway, "devices", "approve", request_id[:4])
    assert answer["device"]["deviceId"] == key.id
    async with _socket(url, key, "operator", wanted, token=gateway.target.token or ""):
        pass


async def test_where_others_can_connect_the_code_leads_to_tls_and_pins_it(tmp_path: Path) -> None:
    config = {"models": {"mini": {"enabled": False}}, "gateway": {"bind": "lan"}}
    process = GatewayProcess(tmp_path / "state", config)
    await asyncio.to_thread(process.start)
    try:
        document = await _homarus(process, "pair", "--profile", "node")
        code = decode(document["setupCode"])
        assert code.url.startswith("wss://")
        assert code.tls_fingerprint is not None
        assert document["access"] == "node"
        full = await _homarus(process, "pair")
        assert (full["access"], full["accessDowngraded"], full["loopbackOnly"]) == ("full", False, False)
        asked = {"joinUrl": True, "bootstrapProfile": "node"}
        made = await asyncio.to_thread(process.call, "device.pair.setupCode", asked)
        path = "/j/" + made["joinUrl"].rsplit("/", 1)[1]
        pin = aiohttp.Fingerprint(bytes.fromhex(code.tls_fingerprint))
        port = process.facts["port"]
        async with aiohttp.ClientSession() as http:
            async with http.get(f"https://127.0.0.1:{port}{path}", ssl=pin) as answer:
                assert (await answer.text()).strip() == made["setupCode"]
                assert answer.headers["Cache-Control"] == "no-store"
            async with http.get(f"https://127.0.0.1:{port}/j/{'x' * 43}", ssl=pin) as answer:
                assert answer.status == 404
                assert "`homarus pair`" in await answer.text()
    finally:
        await asyncio.to_thread(process.stop)
