"""A box as it comes from the flash tool, without a file on its card: the house finds it, and nobody gets in without the
code on its screen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from appliance.firstboot.applying.gateway import send
from appliance.firstboot.applying.plan import FIRST_OPTIONS, Option
from appliance.host.interfaces import addresses
from appliance.identity.setup.code import SetupCode, decode
from tests.fakes.wire import Client, DeviceKey
from tests.integration.gateway_process import GatewayProcess

_OPEN_TO_READ = ("/healthz", "/readyz", "/trust", "/homarus-ca.pem")
_CLOSED = (
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/embeddings"),
    ("GET", "/metrics"),
    ("POST", "/rpc"),
    ("GET", "/control-ui-config.json"),
    ("GET", "/j/ABCD-EFGH"),
)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Started with what the first boot writes where the card says nothing, and no secret that anybody chose."""
    state = tmp_path_factory.mktemp("box") / "state"
    assert send(state, (), tuple(Option("exposure", path, value) for path, value in FIRST_OPTIONS), user=None) == {}
    gateway = GatewayProcess(state, HOMARUS_MODELS_MINI_ENABLED="false", HOMARUS_DISCOVERY_MDNS_MODE="off")
    del gateway.environ["HOMARUS_GATEWAY_TOKEN"]
    with gateway:
        yield gateway


@pytest.fixture(scope="module")
def house() -> str:
    """The address under which another machine of the house would come."""
    found = [str(one.ip) for one in addresses() if one.ip.version == 4 and not one.inner and not one.ip.is_link_local]
    if not found:
        pytest.skip("this machine has no address but loopback")
    return found[0]


def _code(box: GatewayProcess) -> SetupCode:
    """What the console asks for and shows."""
    return decode(box.call("device.pair.setupCode")["setupCode"])


def _paired(box: GatewayProcess) -> list[Any]:
    paired: list[Any] = box.call("device.pair.list")["paired"]
    return paired


def _phone(**auth: str) -> dict[str, Any]:
    client = {"id": "openclaw-android", "mode": "ui", "version": "2026.9.6", "platform": "android"}
    if "bootstrapToken" in auth:  # a code is spent by the node of the app, which is handed the operator's token
        client, role, scopes = {**client, "mode": "node"}, "node", []
    else:
        role, scopes = "operator", ["operator.admin", "operator.read", "operator.write"]
    return {"minProtocol": 4, "maxProtocol": 4, "client": client, "role": role, "scopes": scopes, "auth": auth}


async def _knock(box: GatewayProcess, house: str, pin: str | None, key: DeviceKey, **auth: str) -> dict[str, Any]:
    """Come as a phone, with TLS and its pin, or without."""
    url = f"{'wss' if pin else 'ws'}://{house}:{box.facts['port']}/"
    tls = aiohttp.Fingerprint(bytes.fromhex(pin)) if pin else True
    async with aiohttp.ClientSession() as http, http.ws_connect(url, ssl=tls) as ws:
        client = Client(ws, {})
        client.challenge = (await client.receive())["payload"]
        return await client.connect(_phone(**auth), key)


def test_without_a_file_on_its_card_a_box_serves_the_house_with_tls(box: GatewayProcess, house: str) -> None:
    reach = box.call("homarus.reach")
    assert not reach["loopbackOnly"]
    assert f"https://{house}:{box.facts['port']}" in [page.rstrip("/") for page in reach["pages"]]
    assert all(page.startswith("https://") for page in reach["pages"])
    assert box.call("homarus.security.audit")["findings"] == []


async def test_the_pages_that_a_stranger_of_the_house_can_open_hold_nothing_of_the_owner(
    box: GatewayProcess, house: str
) -> None:
    code = await asyncio.to_thread(_code, box)
    pin = aiohttp.Fingerprint(bytes.fromhex(code.tls_fingerprint or ""))
    async with aiohttp.ClientSession(f"https://{house}:{box.facts['port']}") as http:
        for path in _OPEN_TO_READ:
            async with http.get(path, ssl=pin) as page:
                assert page.status == 200, path
                assert "bootstrapToken" not in await page.text()
        for method, path in _CLOSED:
            body = {"method": "status"} if method == "POST" else None
            async with http.request(method, path, json=body, ssl=pin) as page:
                assert page.status in (401, 404), (path, page.status)


async def test_nobody_of_the_house_gets_in_without_the_code_on_the_screen(box: GatewayProcess, house: str) -> None:
    code = await asyncio.to_thread(_code, box)
    guesses: tuple[dict[str, str], ...] = (
        {},
        {"token": ""},
        {"token": "x" * 43},
        {"password": "homarus"},
        {"bootstrapToken": code.bootstrap_token[:-1] + ("A" if code.bootstrap_token[-1] != "A" else "B")},
    )
    for auth in guesses:
        for pin in (code.tls_fingerprint, None):
            answer = await _knock(box, house, pin, DeviceKey(), **auth)
            assert not answer["ok"], (auth, answer)
    assert await asyncio.to_thread(_paired, box) == []


async def test_who_has_the_code_is_let_in_once(box: GatewayProcess, house: str) -> None:
    code = await asyncio.to_thread(_code, box)
    assert (await _knock(box, house, code.tls_fingerprint, DeviceKey(), bootstrapToken=code.bootstrap_token))["ok"]
    again = await _knock(box, house, code.tls_fingerprint, DeviceKey(), bootstrapToken=code.bootstrap_token)
    assert not again["ok"]
    assert len(await asyncio.to_thread(_paired, box)) == 1
