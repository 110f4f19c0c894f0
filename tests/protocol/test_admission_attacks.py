"""Attempts to come in, or to become more than one is, over real sockets."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.foundation.errors import OverloadedError
from appliance.identity import Approval, Claim
from appliance.identity.setup.profiles import Profile
from appliance.identity.store import MAX_REQUESTS, MAX_REQUESTS_PER_ADDRESS, REQUEST_LIFE_MS
from appliance.protocol.roles import ADMIN, PAIRING, READ, WRITE
from tests.fakes.clock import FakeClock
from tests.fakes.phone import ANDROID, HEADLESS, LAN, LAN_TLS, PAGE, knock, params
from tests.fakes.wire import TOKEN, DeviceKey, Gateway, connect_params, gateway

PROXY = (ipaddress.ip_network("127.0.0.0/8"),)
OWN_PAGE = {"Origin": "http://localhost:5173"}
CLI = {"id": "cli", "mode": "cli", "version": "1.0.0", "platform": "linux"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def box(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, clock=clock, trusted_proxies=PROXY) as box:
        yield box


def code_of(answer: dict[str, Any]) -> str:
    assert not answer["ok"], answer
    return str(answer["error"]["details"]["code"])


async def paired(box: Gateway, clock: FakeClock, *scopes: str, role: str = "operator") -> tuple[DeviceKey, str]:
    """Return a device that the owner approved, and its token."""
    key = DeviceKey()
    claim = Claim(key.id, key.public_key, role, scopes, platform="linux", client_id="cli", client_mode="cli")
    device = await box.devices.approve(claim, Approval.OWNER, clock.now_ms())
    return key, box.devices.token_for(device, role)


# Guessing


@pytest.mark.parametrize("headers", [OWN_PAGE, LAN_TLS], ids=["page on loopback", "network"])
@pytest.mark.parametrize("kind", ["token", "bootstrapToken", "deviceToken"])
async def test_secrets_cannot_be_guessed_from_a_page_on_this_machine_or_from_the_network(
    box: Gateway, clock: FakeClock, headers: dict[str, str], kind: str
) -> None:
    key = DeviceKey()
    client = PAGE if "Origin" in headers else CLI
    for number in range(10):
        answer = await knock(box, key, client, "operator", READ, headers=headers, **{kind: f"guess {number}"})
        assert code_of(answer) != "AUTH_RATE_LIMITED"
    issued = await box.trust.setup.issue(Profile.CONTROL_UI, clock.now_ms())
    right = {"token": TOKEN, "bootstrapToken": issued.token, "deviceToken": "guess 11"}[kind]
    locked = await knock(box, key, client, "operator", READ, headers=headers, **{kind: right})
    assert code_of(locked) == "AUTH_RATE_LIMITED"
    assert 0 < locked["error"]["retryAfterMs"] <= 300_000
    clock.jump(-3600)  # a clock set back neither opens the door nor shuts it for longer
    still = await knock(box, key, client, "operator", READ, headers=headers, **{kind: right})
    assert code_of(still) == "AUTH_RATE_LIMITED"
    assert still["error"]["retryAfterMs"] <= 300_000


async def test_one_who_guesses_locks_out_nobody_else_and_no_other_kind_of_secret(
    box: Gateway, clock: FakeClock
) -> None:
    for number in range(12):
        await knock(box, DeviceKey(), CLI, "operator", headers=LAN_TLS, bootstrapToken=f"guess {number}")
    key, token = await paired(box, clock, READ)
    assert (await knock(box, key, CLI, "operator", READ, headers=LAN_TLS, token=token))["ok"]
    issued = await box.trust.setup.issue(Profile.FULL, clock.now_ms())
    other = {**LAN_TLS, "X-Forwarded-For": "192.0.2.8"}
    assert (await knock(box, DeviceKey(), ANDROID, headers=other, bootstrapToken=issued.token))["ok"]


# Signatures


async def test_a_signed_connect_that_was_overheard_opens_no_other_socket(box: Gateway, clock: FakeClock) -> None:
    key, token = await paired(box, clock, READ)
    asked = params(CLI, "operator", READ, token=token)
    async with box.open() as first, box.open() as second:
        signed = {**asked, "device": key.prove(asked, first.nonce, first.challenge["ts"])}
        assert (await first.request("connect", signed))["ok"]
        assert code_of(await second.request("connect", signed)) == "DEVICE_AUTH_NONCE_MISMATCH"


async def test_an_overheard_signature_lends_itself_to_no_other_scopes_role_or_token(
    box: Gateway, clock: FakeClock
) -> None:
    key, token = await paired(box, clock, READ)
    asked = params(CLI, "operator", READ, token=token)
    changes: list[dict[str, Any]] = [
        {"scopes": [ADMIN]},
        {"scopes": [READ, ADMIN]},
        {"role": "node"},
        {"auth": {"token": TOKEN}},
        {"client": {**asked["client"], "id": "gateway-client"}},
        {"client": {**asked["client"], "mode": "backend"}},
        {"client": {**asked["client"], "platform": "android"}},
    ]
    for change in changes:
        async with box.open() as socket:
            device = key.prove(asked, socket.nonce, socket.challenge["ts"])
            answer = await socket.request("connect", {**asked, **change, "device": device})
            assert code_of(answer) == "DEVICE_AUTH_SIGNATURE_INVALID", change


async def test_a_token_without_the_key_of_its_device_is_worth_nothing(box: Gateway, clock: FakeClock) -> None:
    _, token = await paired(box, clock, READ)
    for field in ("token", "deviceToken"):
        thief = await knock(box, DeviceKey(), CLI, "operator", READ, **{field: token})
        assert code_of(thief) in ("AUTH_TOKEN_MISMATCH", "AUTH_DEVICE_TOKEN_MISMATCH")
        async with box.open() as socket:
            answer = await socket.connect(connect_params(scopes=[READ], token=None, auth={field: token}))
            assert not answer["ok"]


async def test_a_signature_of_another_time_is_refused(box: Gateway, clock: FakeClock) -> None:
    key, token = await paired(box, clock, READ)
    for seconds in (121, -121):
        async with box.open() as socket:
            clock.jump(seconds)
            answer = await socket.connect(params(CLI, "operator", READ, token=token), key)
            assert code_of(answer) == "DEVICE_AUTH_SIGNATURE_EXPIRED"
            clock.jump(-seconds)
    async with box.open() as socket:
        clock.jump(119)
        assert (await socket.connect(params(CLI, "operator", READ, token=token), key))["ok"]


# Becoming more


async def test_a_reconnect_does_not_widen_what_a_token_may_do(box: Gateway, clock: FakeClock) -> None:
    key, token = await paired(box, clock, READ)
    for scopes in ([ADMIN], [READ, PAIRING], [WRITE]):
        for headers in ({}, LAN_TLS):
            answer = await knock(box, key, CLI, "operator", *scopes, headers=headers, token=token)
            assert code_of(answer) == "AUTH_SCOPE_MISMATCH"
    device = await box.devices.get(key.id)
    assert device is not None
    assert device.scopes == (READ,)
    other_role = await knock(box, key, {**HEADLESS}, "node", token=token)
    assert not other_role["ok"]


async def test_a_rotation_does_not_widen_what_a_token_may_do(box: Gateway, clock: FakeClock) -> None:
    key, _ = await paired(box, clock, READ)
    _, token = await box.devices.rotate(key.id, "operator", (ADMIN, READ, PAIRING), clock.now_ms())
    assert code_of(await knock(box, key, CLI, "operator", ADMIN, token=token)) == "AUTH_SCOPE_MISMATCH"
    answer = await knock(box, key, CLI, "operator", READ, token=token)
    assert answer["payload"]["auth"]["scopes"] == [READ]


async def test_a_handed_over_token_has_no_more_than_its_code_gave(box: Gateway, clock: FakeClock) -> None:
    issued = await box.trust.setup.issue(Profile.LIMITED, clock.now_ms())
    key = DeviceKey()
    answer = await knock(box, key, ANDROID, bootstrapToken=issued.token)
    (handed,) = answer["payload"]["auth"]["deviceTokens"]
    for scope in (ADMIN, PAIRING):
        wider = await knock(box, key, ANDROID, "operator", scope, token=handed["deviceToken"])
        assert code_of(wider) == "AUTH_SCOPE_MISMATCH"


@pytest.mark.parametrize("field", ["approvalRuntimeToken", "agentRuntimeIdentityToken"])
async def test_what_runs_inside_has_no_door_of_its_own(box: Gateway, clock: FakeClock, field: str) -> None:
    key, token = await paired(box, clock, ADMIN)
    for secret in (TOKEN, token):
        assert not (await knock(box, key, CLI, "operator", READ, **{field: secret}))["ok"]
    both = await knock(box, key, CLI, "operator", READ, **{"token": token, field: TOKEN})
    assert both["payload"]["auth"]["scopes"] == [READ]


async def test_the_node_of_a_device_is_no_operator(box: Gateway, clock: FakeClock) -> None:
    issued = await box.trust.setup.issue(Profile.FULL, clock.now_ms())
    key = DeviceKey()
    async with box.open() as node:
        hello = await node.connect(params(ANDROID, "node", ADMIN, bootstrapToken=issued.token), key)
        assert hello["payload"]["auth"]["scopes"] == []
        answer = await node.request("test.write")
        assert answer["error"]["message"] == "unauthorized role: node"
        as_operator = hello["payload"]["auth"]["deviceToken"]
    assert not (await knock(box, key, ANDROID, "operator", READ, token=as_operator))["ok"]


async def test_an_owner_on_the_plain_network_is_no_owner_there(box: Gateway, clock: FakeClock) -> None:
    key, token = await paired(box, clock, ADMIN)
    plain = await knock(box, key, CLI, "operator", ADMIN, READ, PAIRING, headers=LAN, token=token)
    assert plain["payload"]["auth"]["scopes"] == [READ, WRITE]
    safe = await knock(box, key, CLI, "operator", ADMIN, READ, PAIRING, headers=LAN_TLS, token=token)
    assert safe["payload"]["auth"]["scopes"] == sorted([ADMIN, READ, PAIRING])


async def test_the_shared_secret_on_the_plain_network_makes_no_owner_either(box: Gateway, clock: FakeClock) -> None:
    key = DeviceKey()
    answer = await knock(box, key, CLI, "operator", ADMIN, PAIRING, headers=LAN, token=TOKEN)
    assert code_of(answer) == "PAIRING_REQUIRED"
    assert answer["error"]["details"]["requestedScopes"] == [READ, WRITE]
    async with box.open(**LAN) as socket:
        alone = await socket.connect(connect_params(scopes=[ADMIN, PAIRING]))
        assert alone["payload"]["auth"]["scopes"] == []


async def test_the_refusal_names_the_command_that_lets_the_device_in(box: Gateway) -> None:
    answer = await knock(box, DeviceKey(), CLI, "operator", READ, headers=LAN_TLS, token=TOKEN)
    details = answer["error"]["details"]
    short = details["requestId"].split("-")[0]
    assert f"`homarus devices approve {short}`" in details["remediationHint"]


# Rights that end


@pytest.mark.parametrize("how", ["revoke", "remove", "rotate"])
async def test_rights_end_in_the_step_in_which_they_are_taken(box: Gateway, clock: FakeClock, how: str) -> None:
    key, token = await paired(box, clock, READ)
    async with box.open() as socket, box.connected(READ) as other:
        assert (await socket.connect(params(CLI, "operator", READ, token=token), key))["ok"]
        view = next(one.view for one in box.server.broadcaster if one.view.device_id == key.id)
        shrinks = box.devices.shrinks
        assert shrinks.stands(key.id, "operator", view.epoch)
        if how == "revoke":
            await box.devices.revoke(key.id, "operator", clock.now_ms())
        elif how == "remove":
            await box.devices.remove(key.id)
        else:
            await box.devices.rotate(key.id, "operator", None, clock.now_ms())
        assert not shrinks.stands(key.id, "operator", view.epoch)
        code, reason = await socket.closed()
        assert code == 4001
        assert reason == {"revoke": "device token revoked", "remove": "device removed"}.get(how, "device token rotated")
        assert (await other.request("test.now"))["ok"]
    again = await knock(box, key, CLI, "operator", READ, token=token)
    assert again["ok"] is (how == "rotate")


async def test_requests_that_were_sent_before_a_revocation_are_refused_after_it(box: Gateway, clock: FakeClock) -> None:
    key, token = await paired(box, clock, READ)
    async with box.open() as socket:
        assert (await socket.connect(params(CLI, "operator", READ, token=token), key))["ok"]
        connection = next(one for one in box.server.broadcaster if one.view.device_id == key.id)
        box.devices.shrinks._listeners.clear()  # as if the close were still on its way
        await box.devices.revoke(key.id, "operator", clock.now_ms())
        answer = await socket.request("test.now")
        assert code_of(answer) == "AUTH_UNAUTHORIZED"
        connection.abort()


async def test_what_is_taken_from_one_role_leaves_the_other(box: Gateway, clock: FakeClock) -> None:
    issued = await box.trust.setup.issue(Profile.LIMITED, clock.now_ms())
    key = DeviceKey()
    async with box.open() as node:
        hello = await node.connect(params(ANDROID, "node", bootstrapToken=issued.token), key)
        (handed,) = hello["payload"]["auth"]["deviceTokens"]
        await box.devices.revoke(key.id, "operator", clock.now_ms())
        answer = await knock(box, key, ANDROID, "operator", READ, token=handed["deviceToken"])
        assert not answer["ok"]
        assert (await node.request("test.node"))["ok"]


# Crowds


async def test_ten_thousand_devices_that_ask_cost_no_memory(box: Gateway, clock: FakeClock, tmp_path: Path) -> None:
    def claim(number: int) -> Claim:
        return Claim(f"{number:064x}", f"key-{number}", "operator", (READ,), remote_ip=f"192.0.2.{number % 200}")

    async def crowd(numbers: range) -> int:
        told = 0
        for number in numbers:
            with contextlib.suppress(OverloadedError):
                await box.devices.request(claim(number), "not-paired", clock.now_ms())
                told += 1
        return told

    assert await crowd(range(300)) == MAX_REQUESTS
    tracemalloc.start()
    try:
        await crowd(range(300, 2000))
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        assert await crowd(range(2000, 10_000)) == 0
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 64 * 1024
    assert len(await box.devices.requests(clock.now_ms())) == MAX_REQUESTS
    with sqlite3.connect(tmp_path / "test.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM identity_requests").fetchone() == (MAX_REQUESTS,)
    clock.advance(REQUEST_LIFE_MS / 1000)
    assert await crowd(range(20_000, 20_010)) == 10


async def test_a_crowd_with_made_up_codes_leaves_nothing_behind(box: Gateway, clock: FakeClock) -> None:
    issued = await box.trust.setup.issue(Profile.FULL, clock.now_ms())
    for number in range(200):
        headers = {**LAN_TLS, "X-Forwarded-For": f"192.0.2.{number}"}
        answer = await knock(box, DeviceKey(), ANDROID, headers=headers, bootstrapToken=f"made up {number}")
        assert code_of(answer) == "AUTH_BOOTSTRAP_TOKEN_INVALID"
    assert len(box.trust.setup) == 1
    assert await box.devices.devices() == []
    assert await box.devices.requests(clock.now_ms()) == []
    assert len(box.server.broadcaster) == 0
    headers = {**LAN_TLS, "X-Forwarded-For": "192.0.2.201"}
    assert (await knock(box, DeviceKey(), ANDROID, headers=headers, bootstrapToken=issued.token))["ok"]


async def test_one_address_leaves_room_for_the_others(box: Gateway, clock: FakeClock) -> None:
    for _ in range(MAX_REQUESTS_PER_ADDRESS):
        answer = await knock(box, DeviceKey(), CLI, "operator", READ, headers=LAN_TLS, token=TOKEN)
        assert code_of(answer) == "PAIRING_REQUIRED"
    full = await knock(box, DeviceKey(), CLI, "operator", READ, headers=LAN_TLS, token=TOKEN)
    assert (full["error"]["code"], full["error"]["retryable"]) == ("UNAVAILABLE", True)
    other = {**LAN_TLS, "X-Forwarded-For": "192.0.2.8"}
    assert code_of(await knock(box, DeviceKey(), CLI, "operator", READ, headers=other, token=TOKEN)) == (
        "PAIRING_REQUIRED"
    )


# Proxies


async def test_a_proxy_narrows_whom_it_lets_through_and_widens_nobody(box: Gateway, clock: FakeClock) -> None:
    key, token = await paired(box, clock, ADMIN, READ, WRITE)
    for header, given in (("operator.read", [READ]), ("operator.read, operator.write", [READ, WRITE]), ("", [])):
        through = {**LAN_TLS, "X-OpenClaw-Scopes": header}
        answer = await knock(box, key, CLI, "operator", ADMIN, READ, WRITE, headers=through, token=token)
        assert answer["payload"]["auth"]["scopes"] == given
    reader, token = await paired(box, clock, READ)
    wide = {**LAN_TLS, "X-OpenClaw-Scopes": "operator.admin"}
    answer = await knock(box, reader, CLI, "operator", READ, headers=wide, token=token)
    assert answer["payload"]["auth"]["scopes"] == [READ]
    assert code_of(await knock(box, reader, CLI, "operator", ADMIN, headers=wide, token=token)) == "AUTH_SCOPE_MISMATCH"
    async with box.open(**{"X-OpenClaw-Scopes": "operator.read"}) as socket:
        command = await socket.connect(connect_params(scopes=[ADMIN, READ]))
        assert command["payload"]["auth"]["scopes"] == [READ]
