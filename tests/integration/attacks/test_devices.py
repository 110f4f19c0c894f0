"""Paired devices that try to become more, and things that happen at the same moment, on a real gateway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.identity.setup.code import decode
from tests.bench.process import memory
from tests.fakes.phone import ANDROID, params
from tests.fakes.wire import Client, DeviceKey, connect_params
from tests.integration.box import no_engine
from tests.integration.gateway_process import TOKEN, GatewayProcess
from tests.integration.node_client import HOST_COMMANDS, node, node_params, operator, socket

NODE_METHODS = {
    "node.event",
    "node.invoke.progress",
    "node.invoke.result",
    "node.pending.ack",
    "node.pending.drain",
    "node.pending.pull",
    "node.pluginTools.update",
    "node.skills.update",
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("devices")
    with GatewayProcess(folder / "s", {}, **no_engine(folder)) as gateway:
        yield gateway


@contextlib.asynccontextmanager
async def device(box: GatewayProcess, key: DeviceKey, *scopes: str, token: str = TOKEN) -> AsyncIterator[Client]:
    """Connect a device of the command line; at this machine it is approved with what it asks for."""
    async with socket(box.target.url) as client:
        answer = await client.connect(connect_params(scopes=list(scopes), token=token), key)
        assert answer["ok"], answer
        client.events.insert(0, answer["payload"])
        yield client


def refusal(answer: dict[str, Any]) -> str:
    assert not answer["ok"], answer
    return str(answer["error"]["message"])


async def test_who_has_no_scope_gets_no_answer_and_a_node_only_those_of_nodes(box: GatewayProcess) -> None:
    async with device(box, DeviceKey()) as nobody:
        methods = nobody.events[0]["features"]["methods"]
        assert len(methods) > 60
        for method in methods:
            said = refusal(await nobody.request(method, {}))
            assert said.startswith(("missing scope", "invalid")) or method in NODE_METHODS, (method, said)
            if method in NODE_METHODS:
                break  # the first of the wrong role; ten of them close the socket
    for method in sorted(set(methods) - NODE_METHODS):
        async with node(box.target.url, DeviceKey(), *HOST_COMMANDS) as host:
            assert refusal(await host.request(method, {})) == "unauthorized role: node"


async def test_a_device_that_may_pair_rules_over_no_other_one(box: GatewayProcess) -> None:
    key, victim, host = DeviceKey(), DeviceKey(), DeviceKey()
    async with (
        device(box, key, "operator.pairing", "operator.read", "operator.write") as thief,
        device(box, victim, "operator.read") as other,
        node(box.target.url, host, *HOST_COMMANDS) as attic,
    ):
        for wanted in (victim.id, host.id):
            assert "denied" in refusal(await thief.request("device.pair.remove", {"deviceId": wanted}))
            named = {"deviceId": wanted, "label": "mine"}
            assert "denied" in refusal(await thief.request("device.pair.rename", named))
            for role in ("operator", "node"):
                token = {"deviceId": wanted, "role": role}
                assert "denied" in refusal(await thief.request("device.token.rotate", token))
                assert "denied" in refusal(await thief.request("device.token.revoke", token))
        assert "missing scope" in refusal(await thief.request("node.pair.remove", {"nodeId": host.id}))
        renamed = {"nodeId": host.id, "displayName": "mine"}
        assert "missing scope" in refusal(await thief.request("node.rename", renamed))
        listed = (await thief.request("device.pair.list"))["payload"]
        assert [one["deviceId"] for one in listed["paired"]] == [key.id]
        assert (await other.request("health"))["ok"]
        assert (await attic.request("node.event", {"event": "node.presence.alive"}))["ok"]


async def test_a_device_that_only_reads_makes_nothing_of_its_own_token(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with device(box, key, "operator.read") as reader:
        token = reader.events[0]["auth"]["deviceToken"]
        for method in ("config.patch", "config.set", "homarus.config.edit", "device.pair.setupCode", "homarus.reach"):
            assert refusal(await reader.request(method, {})) == "missing scope: operator.admin"
        for method in ("chat.send", "sessions.send", "homarus.lists.change", "node.pending.enqueue"):
            assert refusal(await reader.request(method, {})) == "missing scope: operator.write"
        asked = await reader.request("device.scopes.requestUpgrade", {"scopes": ["operator.admin", "operator.read"]})
        assert asked["ok"], "asking is free"
        assert "missing scope" in refusal(await reader.request("device.pair.approve", asked["payload"]))
    async with socket(box.target.url) as again:
        wider = await again.connect(connect_params(scopes=["operator.admin"], token=token), key)
        assert wider["error"]["details"]["code"] == "AUTH_SCOPE_MISMATCH"


async def test_a_code_that_a_crowd_presents_at_once_lets_one_in(box: GatewayProcess) -> None:
    async with operator(box.target.url) as owner:
        for _ in range(3):
            made = await owner.request("device.pair.setupCode", {"publicUrl": box.target.url.rstrip("/")})
            token = decode(made["payload"]["setupCode"]).bootstrap_token

            async def present(token: str = token) -> bool:
                async with socket(box.target.url) as client:
                    answer = await client.connect(params(ANDROID, "node", bootstrapToken=token), DeviceKey())
                    return bool(answer["ok"])

            assert sum(await asyncio.gather(*(present() for _ in range(12)))) == 1


async def test_rotations_in_flight_lock_nobody_out_and_leave_one_new_token(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with device(box, key, "operator.read") as client:
        old = client.events[0]["auth"]["deviceToken"]
    async with operator(box.target.url) as owner:
        wanted = {"deviceId": key.id, "role": "operator"}
        frames = [
            {"type": "req", "id": f"n{number}", "method": "device.token.rotate", "params": wanted}
            for number in range(8)
        ]
        for frame in frames:
            await owner.socket.send_json(frame)
        answers = [await owner.response(str(frame["id"])) for frame in frames]
        assert all(one["ok"] for one in answers)
    async with device(box, key, "operator.read", token=old) as client:
        new = client.events[0]["auth"]["deviceToken"]
    assert new != old
    async with device(box, key, "operator.read", token=new):
        pass
    async with socket(box.target.url) as late:
        assert not (await late.connect(connect_params(scopes=["operator.read"], token=old), key))["ok"]


async def test_an_approval_and_a_removal_at_once_end_in_one_of_both(box: GatewayProcess) -> None:
    """Whatever comes first: the list, the token and the socket say the same."""
    async with operator(box.target.url) as owner:
        for number in range(6):
            key = DeviceKey()
            async with device(box, key, "operator.read") as client:
                token = client.events[0]["auth"]["deviceToken"]
                asked = await client.request(
                    "device.scopes.requestUpgrade", {"scopes": ["operator.read", "operator.write"]}
                )
                approve = {
                    "type": "req",
                    "id": f"a{number}",
                    "method": "device.pair.approve",
                    "params": asked["payload"],
                }
                remove = {
                    "type": "req",
                    "id": f"r{number}",
                    "method": "device.pair.remove",
                    "params": {"deviceId": key.id},
                }
                frames = [approve, remove] if number % 2 else [remove, approve]
                for frame in frames:
                    await owner.socket.send_json(frame)
                said = {frame["method"]: (await owner.response(str(frame["id"])))["ok"] for frame in frames}
                assert said == {"device.pair.remove": True, "device.pair.approve": bool(number % 2)}
                assert (await client.closed())[0] == 4001
            listed = (await owner.request("device.pair.list"))["payload"]
            assert key.id not in [one["deviceId"] for one in listed["paired"] + listed["pending"]]
            async with socket(box.target.url) as late:
                assert not (await late.connect(connect_params(scopes=["operator.read"], token=token), key))["ok"]


async def test_what_still_waits_for_an_answer_gets_none_after_a_revocation(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner, device(box, key, "operator.read") as client:
        asked = await client.request("device.scopes.requestUpgrade", {"scopes": ["operator.read", "operator.write"]})
        wait = {"type": "req", "id": "waits", "method": "device.scopes.waitUpgrade", "params": asked["payload"]}
        await client.socket.send_json(wait)
        assert (await client.request("health"))["ok"]
        assert (await owner.request("device.token.revoke", {"deviceId": key.id, "role": "operator"}))["ok"]
        assert (await owner.request("device.pair.approve", asked["payload"]))["ok"]
        while (message := await client.socket.receive(timeout=20)).type.name == "TEXT":
            assert '"waits"' not in message.data
        assert client.socket.close_code == 4001


async def test_a_crowd_of_new_devices_waits_in_a_bounded_room(tmp_path: Path) -> None:
    """A program that knows the secret and makes a key for each connect: sixteen wait, and no memory grows."""
    config = {"gateway": {"nodes": {"pairing": {"autoApproveLocal": False}}}}
    with await asyncio.to_thread(GatewayProcess(tmp_path / "s", config, **no_engine(tmp_path)).start) as box:
        async with aiohttp.ClientSession() as http:

            async def ask() -> str:
                async with http.ws_connect(box.target.url) as opened:
                    client = Client(opened, {})
                    client.challenge = (await client.receive())["payload"]
                    answer = await client.connect(connect_params(scopes=["operator.read"], token=TOKEN), DeviceKey())
                    return str(answer["error"]["code"])

            told = [await ask() for _ in range(200)]
            assert (told.count("NOT_PAIRED"), told.count("UNAVAILABLE")) == (16, 184)
            before = memory(box.pid).pss
            told = [await ask() for _ in range(600)]
            assert set(told) == {"UNAVAILABLE"}
            assert memory(box.pid).pss - before < 2.0
        listed = await asyncio.to_thread(box.call, "device.pair.list")
        assert len(listed["pending"]) == 16
        assert listed["paired"] == []


async def test_a_token_in_an_address_opens_nothing(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with device(box, key, "operator.read") as client:
        token = client.events[0]["auth"]["deviceToken"]
    async with aiohttp.ClientSession() as http:
        for secret in (TOKEN, token):
            async with http.get(f"{box.http}/v1/models?token={secret}&access_token={secret}") as answer:
                assert answer.status == 401
            async with socket(f"{box.target.url}?token={secret}&deviceToken={secret}") as client:
                refused = await client.connect(connect_params(scopes=["operator.read"], token=None), key)
                assert not refused["ok"]
        # A device token is for the socket that proves its key; over HTTP nothing does.
        async with http.get(f"{box.http}/v1/models", headers={"Authorization": f"Bearer {token}"}) as answer:
            assert answer.status == 401


async def test_programs_of_this_machine_are_locked_where_the_owner_wants_it(tmp_path: Path) -> None:
    config = {"gateway": {"auth": {"rateLimit": {"exemptLoopback": False, "maxAttempts": 3}}}}
    with await asyncio.to_thread(GatewayProcess(tmp_path / "s", config, **no_engine(tmp_path)).start) as box:
        for token, code in (*[("guess", "AUTH_TOKEN_MISMATCH")] * 3, (TOKEN, "AUTH_RATE_LIMITED")):
            async with socket(box.target.url) as client:
                answer = await client.connect(connect_params(token=token))
                assert answer["error"]["details"]["code"] == code
        async with aiohttp.ClientSession() as http:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with http.get(f"{box.http}/v1/models", headers=headers) as answered:
                assert answered.status == 429
        assert (await asyncio.to_thread(box.call, "health"))["ok"], "the control socket is never locked"


async def test_where_a_node_comes_from_approves_no_surface_of_a_device_that_the_owner_was_asked_about(
    tmp_path: Path,
) -> None:
    """Somebody's device, approved as such, comes back through a tunnel that ends on this machine."""
    config = {"gateway": {"trustedProxies": ["127.0.0.1"]}}
    key, forwarded = DeviceKey(), {"X-Forwarded-For": "192.168.7.9", "X-Forwarded-Proto": "https"}
    with await asyncio.to_thread(GatewayProcess(tmp_path / "s", config, **no_engine(tmp_path)).start) as box:
        async with operator(box.target.url) as owner:
            async with socket(box.target.url, **forwarded) as client:
                refused = (await client.connect(node_params(*HOST_COMMANDS), key))["error"]["details"]
            assert (await owner.request("device.pair.approve", {"requestId": refused["requestId"]}))["ok"]
            async with socket(box.target.url, **forwarded) as client:
                token = (await client.connect(node_params(*HOST_COMMANDS), key))["payload"]["auth"]["deviceToken"]
                asked = (await owner.event("node.pair.requested"))["payload"]
            assert (await owner.request("node.pair.reject", {"requestId": asked["requestId"]}))["ok"]
            async with node(box.target.url, key, *HOST_COMMANDS, auth={"token": token}):
                asked = (await owner.event("node.pair.requested"))["payload"]
                assert asked["nodeId"] == key.id
                denied = await owner.request(
                    "node.invoke", {"nodeId": key.id, "command": "device.info", "idempotencyKey": "k"}
                )
                assert denied["error"]["details"]["reason"] == "command not approved"


async def test_a_node_of_this_machine_with_its_device_token_grows_by_nothing_unasked(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner:
        async with socket(box.target.url) as client:
            token = (await client.connect(node_params("device.info"), key))["payload"]["auth"]["deviceToken"]
            while not (await owner.request("node.describe", {"nodeId": key.id}))["payload"]["commands"]:
                await asyncio.sleep(0)
        async with node(box.target.url, key, "device.info", "system.run", auth={"token": token}):
            asked = (await owner.event("node.pair.requested"))["payload"]
            assert "system.run" in asked["commands"]
            described = (await owner.request("node.describe", {"nodeId": key.id}))["payload"]
            assert described["commands"] == ["device.info"]
