"""device.pair.* and device.token.* over real sockets: who may do what to whom, and what ends at once."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.gateway.method import MethodTable
from appliance.gateway.methods.device_rows import pending_row
from appliance.gateway.methods.device_upgrades import Upgrades
from appliance.gateway.methods.devices import Devices
from appliance.identity import Approval, Claim, PairingRequest
from tests.fakes.clock import FakeClock
from tests.fakes.wire import Client, DeviceKey, Gateway, connect_params, gateway, small_table

ADMIN, PAIRING, READ, WRITE = "operator.admin", "operator.pairing", "operator.read", "operator.write"


@contextlib.asynccontextmanager
async def serving(root: Path, **options: Any) -> AsyncIterator[Gateway]:
    """Run a gateway that knows the methods about devices."""
    table: MethodTable = small_table()
    async with gateway(root, table=table, **options) as running:
        clock = options.get("clock") or running.server._clock
        upgrades = Upgrades(running.devices, running.server.broadcaster, clock)
        devices = Devices(running.devices, running.server.broadcaster, upgrades.resolved)
        for method in (*devices.methods(), *upgrades.methods()):
            table.register(method)
        yield running


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with serving(tmp_path) as one:
        yield one


async def pair(running: Gateway, key: DeviceKey, *scopes: str, role: str = "operator") -> str:
    """Approve a device as its owner would have and return its token."""
    claim = Claim(key.id, key.public_key, role, scopes, display_name="Phone", platform="linux")
    device = await running.devices.approve(claim, Approval.OWNER, 1)
    return running.devices.token_for(device, role)


@contextlib.asynccontextmanager
async def device_socket(
    running: Gateway, key: DeviceKey, token: str, *scopes: str, **more: Any
) -> AsyncIterator[Client]:
    """Open a socket that stands on a device token."""
    async with running.open() as client:
        params = connect_params(token=token, scopes=list(scopes), **more)
        answer = await client.connect(params, key)
        assert answer["ok"], answer
        yield client


async def ask(running: Gateway, key: DeviceKey, *scopes: str, role: str = "operator") -> str:
    """Let a device wait for the owner; return the request id."""
    claim = Claim(key.id, key.public_key, role, scopes, display_name="Tablet", platform="linux", client_id="cli")
    request, _ = await running.devices.request(claim, "not-paired", running.server._clock.now_ms())
    return request.request_id


async def result(client: Client, method: str, **params: Any) -> Any:
    answer = await client.request(method, params)
    assert answer["ok"], answer
    return answer["payload"]


async def refusal(client: Client, method: str, **params: Any) -> str:
    answer = await client.request(method, params)
    assert not answer["ok"], answer
    return str(answer["error"]["message"])


async def test_the_list_shows_who_waits_and_who_is_paired_without_any_secret(running: Gateway) -> None:
    phone, tablet = DeviceKey(), DeviceKey()
    token = await pair(running, phone, READ)
    request_id = await ask(running, tablet, READ)
    async with device_socket(running, phone, token, READ), running.connected(PAIRING) as owner:
        listed = await result(owner, "device.pair.list")
    (pending,), (paired,) = listed["pending"], listed["paired"]
    assert pending["requestId"] == request_id
    assert (pending["deviceId"], pending["scopes"], pending["displayName"]) == (tablet.id, [READ], "Tablet")
    assert "remoteIp" not in pending, "what is unknown is absent"
    assert (paired["deviceId"], paired["displayName"], paired["connected"]) == (phone.id, "Phone", True)
    assert paired["lastSeenReason"] == "connect"
    assert token not in str(listed)
    assert paired["tokens"] == [{"role": "operator", "scopes": [READ], "createdAtMs": 1}]


async def test_an_approval_lets_the_device_in_and_everybody_hears_of_it(running: Gateway) -> None:
    tablet = DeviceKey()
    request_id = await ask(running, tablet, READ)
    async with running.connected(ADMIN) as owner:
        approved = await result(owner, "device.pair.approve", requestId=request_id)
        assert approved["device"]["approvedVia"] == "owner"
        heard = await owner.event("device.pair.resolved")
        assert (heard["payload"]["decision"], heard["payload"]["deviceId"]) == ("approved", tablet.id)
        assert "unknown requestId" in await refusal(owner, "device.pair.approve", requestId=request_id)
    device = await running.devices.get(tablet.id)
    assert device is not None
    async with device_socket(running, tablet, running.devices.token_for(device, "operator"), READ):
        pass


async def test_a_rejected_device_stays_out(running: Gateway) -> None:
    request_id = await ask(running, DeviceKey(), READ)
    async with running.connected(ADMIN) as owner:
        await result(owner, "device.pair.reject", requestId=request_id)
        assert (await owner.event("device.pair.resolved"))["payload"]["decision"] == "rejected"
        message = await refusal(owner, "device.pair.reject", requestId=request_id)
        assert "`homarus devices`" in message
    assert await running.devices.devices() == []


async def test_nobody_approves_more_than_he_has(running: Gateway) -> None:
    wants_admin, wants_read = DeviceKey(), DeviceKey()
    too_much = await ask(running, wants_admin, ADMIN)
    enough = await ask(running, wants_read, READ)
    async with running.connected(PAIRING, READ, WRITE) as owner:
        message = await refusal(owner, "device.pair.approve", requestId=too_much)
        assert "device pairing approval denied" in message
        assert f"`homarus devices approve {too_much[:8]}`" in message
        await result(owner, "device.pair.approve", requestId=enough)
    assert await running.devices.get(wants_admin.id) is None
    assert len(await running.devices.requests(running.server._clock.now_ms())) == 1, "it still waits"


async def test_a_node_is_only_approved_by_an_admin(running: Gateway) -> None:
    request_id = await ask(running, DeviceKey(), role="node")
    async with running.connected(PAIRING, WRITE) as owner:
        assert "device pairing approval denied" in await refusal(owner, "device.pair.approve", requestId=request_id)
    async with running.connected(ADMIN) as owner:
        await result(owner, "device.pair.approve", requestId=request_id)


async def test_a_device_that_is_no_admin_sees_and_manages_only_itself(running: Gateway) -> None:
    own, other, waits = DeviceKey(), DeviceKey(), DeviceKey()
    token = await pair(running, own, PAIRING, READ)
    await pair(running, other, READ)
    request_id = await ask(running, waits, READ)
    async with device_socket(running, own, token, PAIRING, READ) as client:
        listed = await result(client, "device.pair.list")
        assert [row["deviceId"] for row in listed["paired"]] == [own.id]
        assert listed["pending"] == []
        for method, params in (
            ("device.pair.approve", {"requestId": request_id}),
            ("device.pair.reject", {"requestId": request_id}),
            ("device.pair.remove", {"deviceId": other.id}),
            ("device.pair.rename", {"deviceId": other.id, "label": "Mine"}),
            ("device.token.rotate", {"deviceId": other.id, "role": "operator"}),
            ("device.token.revoke", {"deviceId": other.id, "role": "operator"}),
            ("device.token.rotate", {"deviceId": own.id, "role": "node"}),
        ):
            message = await refusal(client, method, **params)
            assert "denied" in message
            assert "`homarus devices " in message
        async with running.connected(ADMIN) as owner:
            await result(owner, "device.pair.reject", requestId=await ask(running, DeviceKey(), READ))
            await result(owner, "device.pair.reject", requestId=await ask(running, own, ADMIN))
        heard = (await client.event("device.pair.resolved"))["payload"]
        assert heard["deviceId"] == own.id, "what is decided about others is not told"
        await result(client, "device.pair.rename", deviceId=own.id, label="My phone")
    assert len(await running.devices.devices()) == 2
    assert len(await running.devices.requests(running.server._clock.now_ms())) == 1


async def test_without_the_scope_nothing_is_told(running: Gateway) -> None:
    async with running.connected(READ, WRITE) as client:
        assert await refusal(client, "device.pair.list") == "missing scope: operator.pairing"


async def test_a_removed_device_loses_its_socket_and_its_token_at_once(running: Gateway) -> None:
    phone = DeviceKey()
    token = await pair(running, phone, READ)
    async with device_socket(running, phone, token, READ) as client, running.connected(ADMIN) as owner:
        assert await result(owner, "device.pair.remove", deviceId=phone.id) == {"deviceId": phone.id}
        assert await client.closed() == (4001, "device removed")
        assert await owner.event("device.pair.changed")
        assert "`homarus devices`" in await refusal(owner, "device.pair.remove", deviceId=phone.id)
    async with running.open() as client:
        answer = await client.connect(connect_params(token=token, scopes=[READ]), phone)
        assert not answer["ok"]


async def test_a_revoked_token_ends_the_sockets_of_its_role_only(running: Gateway) -> None:
    phone = DeviceKey()
    token = await pair(running, phone, READ)
    node_token = await pair(running, phone, role="node")
    node = {"role": "node", "client_id": "node-host", "mode": "node"}
    async with (
        device_socket(running, phone, token, READ) as operator,
        device_socket(running, phone, node_token, **node) as as_node,
        running.connected(ADMIN) as owner,
    ):
        revoked = await result(owner, "device.token.revoke", deviceId=phone.id, role="operator")
        assert revoked["revokedAtMs"] > 0
        assert await operator.closed() == (4001, "device token revoked")
        await result(as_node, "test.node")
        listed = await result(owner, "device.pair.list")
    tokens = {row["role"]: row for row in listed["paired"][0]["tokens"]}
    assert "revokedAtMs" in tokens["operator"]
    assert "revokedAtMs" not in tokens["node"]


async def test_a_rotation_from_elsewhere_hands_out_no_token_and_the_device_gets_it_at_its_next_connect(
    running: Gateway,
) -> None:
    phone = DeviceKey()
    old = await pair(running, phone, READ, WRITE)
    async with running.connected(ADMIN) as owner:
        rotated = await result(owner, "device.token.rotate", deviceId=phone.id, role="operator", scopes=[READ])
        assert (rotated["tokenDelivery"], rotated["scopes"]) == ("withheld-cross-device", [READ])
        assert "token" not in rotated
        message = await refusal(owner, "device.token.rotate", deviceId=phone.id, role="node")
        assert "`homarus devices`" in message
    async with running.open() as client:
        hello = await client.connect(connect_params(token=old, scopes=[READ]), phone)
        new = hello["payload"]["auth"]["deviceToken"]
    assert new != old
    async with device_socket(running, phone, new, READ):
        pass
    async with running.open() as client:
        assert not (await client.connect(connect_params(token=old, scopes=[READ]), phone))["ok"]


async def test_a_device_that_rotates_its_own_token_hears_the_new_one_before_its_socket_ends(running: Gateway) -> None:
    phone = DeviceKey()
    token = await pair(running, phone, PAIRING, READ)
    async with (
        device_socket(running, phone, token, READ) as second,
        device_socket(running, phone, token, PAIRING, READ) as client,
    ):
        rotated = await result(client, "device.token.rotate", deviceId=phone.id, role="operator")
        assert rotated["tokenDelivery"] == "in-band"
        assert await client.closed() == (4001, "device token rotated")
        assert await second.closed() == (4001, "device token rotated")
    async with device_socket(running, phone, rotated["token"], READ):
        pass


async def test_a_name_is_one_to_sixty_four_visible_characters(running: Gateway) -> None:
    phone = DeviceKey()
    await pair(running, phone, READ)
    async with running.connected(ADMIN) as owner:
        for wrong in ("", "x" * 65, "   ", "two\nlines", "\x1b[2J"):
            assert await refusal(owner, "device.pair.rename", deviceId=phone.id, label=wrong)
        assert "`homarus devices`" in await refusal(owner, "device.pair.rename", deviceId="nobody", label="x")
        await result(owner, "device.pair.rename", deviceId=phone.id, label="x" * 64)
        (row,) = (await result(owner, "device.pair.list"))["paired"]
        assert (row["displayName"], row["operatorLabel"]) == ("x" * 64, "x" * 64)


async def test_a_connected_device_asks_for_more_and_gets_it_when_the_owner_agrees(running: Gateway) -> None:
    phone = DeviceKey()
    token = await pair(running, phone, READ)
    async with device_socket(running, phone, token, READ) as client, running.connected(ADMIN) as owner:
        asked = await result(client, "device.scopes.requestUpgrade", scopes=[READ, WRITE])
        again = await result(client, "device.scopes.requestUpgrade", scopes=[READ, WRITE])
        assert again == asked
        assert (await owner.event("device.pair.requested"))["payload"]["requestId"] == asked["requestId"]
        await client.socket.send_json(
            {"type": "req", "id": "w", "method": "device.scopes.waitUpgrade", "params": asked}
        )
        await result(owner, "device.pair.approve", **asked)
        upgraded = (await client.response("w"))["payload"]
        assert (upgraded["status"], upgraded["scopes"]) == ("approved", [READ, WRITE])
        late = await result(client, "device.scopes.waitUpgrade", **asked)
        assert late["status"] == "approved", "the owner may be quicker than the device"
        assert "already" in await refusal(client, "device.scopes.requestUpgrade", scopes=[READ, WRITE])
    async with device_socket(running, phone, upgraded["deviceToken"], READ, WRITE):
        pass


async def test_a_refused_upgrade_is_told_and_changes_nothing(running: Gateway) -> None:
    phone, other = DeviceKey(), DeviceKey()
    token, others = await pair(running, phone, READ), await pair(running, other, READ)
    async with (
        device_socket(running, phone, token, READ) as client,
        device_socket(running, other, others, READ) as stranger,
        running.connected(ADMIN) as owner,
    ):
        asked = await result(client, "device.scopes.requestUpgrade", scopes=[ADMIN])
        assert "not found" in await refusal(stranger, "device.scopes.waitUpgrade", **asked)
        await result(owner, "device.pair.reject", **asked)
        assert "not found" in await refusal(stranger, "device.scopes.waitUpgrade", **asked)
        assert (await result(client, "device.scopes.waitUpgrade", **asked))["status"] == "rejected"
        assert "current scopes" in await refusal(client, "device.scopes.requestUpgrade", scopes=["operator.questions"])
        assert "unknown scope" in await refusal(client, "device.scopes.requestUpgrade", scopes=[READ, "operator.god"])
        assert "paired device" in await refusal(owner, "device.scopes.requestUpgrade", scopes=[ADMIN])
    device = await running.devices.get(phone.id)
    assert device is not None
    assert device.scopes == (READ,)


async def test_an_upgrade_that_nobody_decides_expires(tmp_path: Path) -> None:
    clock = FakeClock()
    async with serving(tmp_path, clock=clock) as running:
        phone = DeviceKey()
        token = await pair(running, phone, READ)
        async with device_socket(running, phone, token, READ) as client:
            asked = await result(client, "device.scopes.requestUpgrade", scopes=[READ, WRITE])
            clock.advance(300.0)
            assert "not found" in await refusal(client, "device.scopes.waitUpgrade", **asked)


async def test_a_rotation_never_gives_more_than_the_token_or_the_caller_has(running: Gateway) -> None:
    phone = DeviceKey()
    token = await pair(running, phone, PAIRING, READ, WRITE)
    params = {"deviceId": phone.id, "role": "operator"}
    async with running.connected(ADMIN) as owner:
        message = await refusal(owner, "device.token.rotate", **params, scopes=[READ, ADMIN])
        assert "operator.admin, which the token does not have" in message
    async with device_socket(running, phone, token, PAIRING, READ) as client:
        for wider in ({}, {"scopes": [WRITE]}, {"scopes": [ADMIN]}):
            assert "device token rotation denied" in await refusal(client, "device.token.rotate", **params, **wider)
        rotated = await result(client, "device.token.rotate", **params, scopes=[PAIRING, READ])
        assert rotated["scopes"] == [PAIRING, READ]
    async with running.open() as client:
        answer = await client.connect(connect_params(token=rotated["token"], scopes=[WRITE]), phone)
        assert answer["error"]["details"]["code"] == "AUTH_SCOPE_MISMATCH"


def test_an_empty_text_of_a_client_is_absent_and_not_empty() -> None:
    claim = Claim("d", "k", "operator", display_name="", platform="", client_id="")
    row = msgspec.to_builtins(pending_row(PairingRequest("r", claim, 1, "not-paired")))
    assert not {"displayName", "platform", "clientId", "remoteIp"} & set(row)
