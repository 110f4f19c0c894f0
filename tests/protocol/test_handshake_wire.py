"""Challenge, connect and hello over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from appliance.access.shared import AuthMode, SharedAuth
from appliance.gateway.admission.credential import Rules
from appliance.gateway.server import BindError, Server, ServerSettings
from appliance.protocol.roles import ADMIN, PAIRING, READ, SCOPES, WRITE
from tests.fakes.clock import FakeClock
from tests.fakes.wire import TOKEN, Client, DeviceKey, Gateway, connect_params, gateway


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path) as running:
        yield running


async def test_the_challenge_comes_at_once_and_is_fresh_for_each_socket(box: Gateway) -> None:
    async with box.open() as one, box.open() as two:
        assert set(one.challenge) == {"nonce", "ts", "capabilities"}
        assert isinstance(one.challenge["ts"], int)
        assert one.nonce != two.nonce


async def test_hello_has_every_required_member(box: Gateway) -> None:
    async with box.open() as client:
        answer = await client.connect(connect_params(scopes=[READ]))
    hello = answer["payload"]
    assert hello["type"] == "hello-ok"
    assert hello["protocol"] == 4
    assert {"version", "connId"} <= hello["server"].keys()
    assert "test.add" in hello["features"]["methods"]
    assert {"connect.challenge", "chat", "agent", "tick"} <= set(hello["features"]["events"])
    assert "published-model-catalog" in hello["features"]["capabilities"]
    assert {"presence", "health", "stateVersion", "uptimeMs", "sessionDefaults"} <= hello["snapshot"].keys()
    assert hello["auth"] == {"role": "operator", "scopes": [READ], "method": "token"}
    assert hello["policy"]["maxPayload"] == 26_214_400
    assert hello["policy"]["maxBufferedBytes"] == 52_428_800
    assert hello["policy"]["tickIntervalMs"] == 30_000


async def test_only_an_admin_reads_paths_in_hello(box: Gateway) -> None:
    paths = {"configPath", "stateDir", "authMode"}
    async with box.open() as client:
        snapshot = (await client.connect(connect_params(scopes=[WRITE])))["payload"]["snapshot"]
        assert not paths & snapshot.keys()
    async with box.open() as client:
        snapshot = (await client.connect(connect_params(scopes=[ADMIN])))["payload"]["snapshot"]
        assert snapshot["authMode"] == "token"
        assert paths <= snapshot.keys()


async def test_a_device_gets_the_same_token_each_time_and_it_opens_the_door(box: Gateway) -> None:
    key = DeviceKey()
    tokens = []
    for _ in range(2):
        async with box.open() as client:
            params = connect_params("openclaw-tui", "ui", scopes=[READ, WRITE])
            auth = (await client.connect(params, key))["payload"]["auth"]
            tokens.append(auth["deviceToken"])
            assert isinstance(auth["issuedAtMs"], int)
    assert tokens[0] == tokens[1]
    async with box.open() as client:
        params = connect_params("openclaw-tui", "ui", scopes=[READ], token=tokens[0])
        auth = (await client.connect(params, key))["payload"]["auth"]
        assert (auth["method"], auth["deviceToken"]) == ("device-token", tokens[0])


async def test_both_roles_of_a_device_have_tokens_of_their_own(box: Gateway) -> None:
    key, tokens = DeviceKey(), set()
    for client_id, mode, role in (("openclaw-android", "ui", "operator"), ("openclaw-android", "node", "node")):
        async with box.open() as client:
            answer = await client.connect(connect_params(client_id, mode, role=role), key)
            tokens.add(answer["payload"]["auth"]["deviceToken"])
            assert answer["payload"]["auth"]["role"] == role
    assert len(tokens) == 2


async def test_a_replayed_proof_fails_on_another_socket(box: Gateway) -> None:
    key, params = DeviceKey(), connect_params()
    async with box.open() as first, box.open() as second:
        signed = {**params, "device": key.prove(params, first.nonce, first.challenge["ts"])}
        assert (await first.request("connect", signed))["ok"]
        answer = await second.request("connect", signed)
        assert answer["error"]["details"]["code"] == "DEVICE_AUTH_NONCE_MISMATCH"
        assert (await second.closed())[0] == 1008


async def test_a_nonce_admits_once(box: Gateway) -> None:
    async with box.connected(READ) as client:
        answer = await client.request("connect", connect_params())
        assert answer["error"]["message"] == "connect is only valid as the first request"
        assert (await client.request("test.now"))["ok"]


async def test_an_unknown_bootstrap_token_is_invalid(box: Gateway) -> None:
    async with box.open() as client:
        params = connect_params("openclaw-android", "node", token=None, role="node")
        params["auth"] = {"bootstrapToken": "A" * 43}
        answer = await client.connect(params, DeviceKey())
        assert answer["error"]["details"]["code"] == "AUTH_BOOTSTRAP_TOKEN_INVALID"
        assert (await client.closed())[0] == 1008


async def test_a_protocol_mismatch_closes_with_1002(box: Gateway) -> None:
    async with box.open() as client:
        answer = await client.connect(connect_params(minProtocol=5, maxProtocol=5))
        assert answer["error"]["details"]["code"] == "PROTOCOL_MISMATCH"
        assert await client.closed() == (1002, "protocol mismatch")


async def test_while_starting_the_client_is_told_to_come_back(tmp_path: Path) -> None:
    async with gateway(tmp_path, serving=False) as box:
        async with box.open() as client:
            error = (await client.connect(connect_params()))["error"]
            assert (error["code"], error["retryable"], error["retryAfterMs"]) == ("UNAVAILABLE", True, 500)
            assert error["details"] == {"reason": "startup-sidecars"}
            assert (await client.closed())[0] == 1013
        box.server.serve()
        async with box.connected(READ):
            pass


async def test_without_silent_approval_the_owner_is_asked_and_the_request_stays(tmp_path: Path) -> None:
    rules = Rules(SharedAuth(AuthMode.TOKEN, token=TOKEN), auto_approve_local=False)
    key, ids = DeviceKey(), set()
    async with gateway(tmp_path, rules=rules) as box, box.connected(PAIRING) as owner:
        for _ in range(2):
            async with box.open() as client:
                error = (await client.connect(connect_params("openclaw-tui", "ui", scopes=[READ]), key))["error"]
                assert (error["code"], error["details"]["code"]) == ("NOT_PAIRED", "PAIRING_REQUIRED")
                assert error["details"]["reason"] == "not-paired"
                ids.add(error["details"]["requestId"])
                code, reason = await client.closed()
                assert code == 1008
                assert reason.startswith("pairing required: ")
        (request_id,) = ids
        event = await owner.event("device.pair.requested")
        assert event["payload"]["requestId"] == request_id
        assert event["payload"]["deviceId"] == key.id
        await box.devices.approve_request(request_id, box.server._clock.now_ms())
        async with box.open() as client:
            assert (await client.connect(connect_params("openclaw-tui", "ui", scopes=[READ]), key))["ok"]


async def test_the_control_socket_speaks_the_same_protocol_without_a_secret(box: Gateway) -> None:
    assert box.control_socket.stat().st_mode & 0o777 == 0o600
    connector = aiohttp.UnixConnector(str(box.control_socket))
    async with aiohttp.ClientSession(connector=connector) as http, http.ws_connect("http://box/") as socket:
        client = Client(socket, {})
        client.challenge = (await client.receive())["payload"]
        hello = (await client.connect(connect_params(token=None)))["payload"]
        assert hello["auth"]["scopes"] == sorted(SCOPES)
        assert (await client.request("test.write"))["ok"]


async def test_a_binary_frame_with_json_is_as_good_as_text(box: Gateway) -> None:
    async with box.open() as client:
        frame = {"type": "req", "id": "1", "method": "connect", "params": connect_params(scopes=[READ])}
        await client.socket.send_bytes(json.dumps(frame).encode())
        assert (await client.response("1"))["ok"]
        await client.socket.send_bytes(b'{"type":"req","id":"2","method":"test.add","params":{"a":2}}')
        assert (await client.response("2"))["payload"] == {"sum": 2}


async def test_a_kept_alive_http_connection_can_upgrade(box: Gateway) -> None:
    async with box.http.get(f"{box.url}/nowhere") as answer:
        assert answer.status == 404
    async with box.connected(READ) as client:
        assert (await client.request("test.now"))["ok"]


async def test_compression_is_never_agreed(box: Gateway) -> None:
    async with box.http.ws_connect(box.url, compress=15) as socket:
        assert socket.compress == 0


async def test_names_that_a_stranger_controls_are_refused_over_http(box: Gateway) -> None:
    async with box.http.get(box.url, headers={"Host": "evil.test"}) as answer:
        assert answer.status == 403
    async with box.http.get(box.url, headers={"Origin": "https://evil.test"}) as answer:
        assert answer.status == 403


async def test_a_handshake_that_takes_too_long_ends_with_1000(tmp_path: Path) -> None:
    clock = FakeClock()
    async with gateway(tmp_path, clock=clock) as box, box.open() as client:
        await _advance(clock, 14)
        assert not client.socket.closed
        await _advance(clock, 2)
        assert await client.closed() == (1000, "")


async def test_ticks_come_every_thirty_seconds_and_a_silent_client_is_dropped(tmp_path: Path) -> None:
    clock = FakeClock()
    async with gateway(tmp_path, clock=clock) as box, box.connected() as client:
        await _advance(clock, 24)
        # Answers the ping of second 25, and so is there for the tick of second 30.
        answer = asyncio.ensure_future(client.event("tick"))
        await _advance(clock, 6)
        frame = await answer
        assert frame["seq"] == 1
        assert frame["payload"] == {"ts": clock.now_ms()}
        # From now on nobody reads, so no pong is sent.
        await _advance(clock, 60)
        assert not len(box.server.broadcaster)


async def test_draining_says_shutdown_then_closes_with_1012(tmp_path: Path) -> None:
    async with gateway(tmp_path) as box, box.connected() as client:
        draining = asyncio.ensure_future(box.server.drain("update", restart_expected_ms=5000))
        event = await client.event("shutdown")
        assert event["payload"] == {"reason": "update", "restartExpectedMs": 5000}
        assert await client.closed() == (1012, "service restart")
        await draining


async def test_a_changed_secret_closes_who_stood_on_the_old_one(box: Gateway) -> None:
    async with box.connected(READ) as client, box.open() as device_client:
        key = DeviceKey()
        token = (await device_client.connect(connect_params(), key))["payload"]["auth"]["deviceToken"]
        async with box.open() as survivor:
            assert (await survivor.connect(connect_params(token=token), key))["ok"]
            box.server.replace_rules(Rules(SharedAuth(AuthMode.TOKEN, token="new")))
            assert await client.closed() == (4001, "gateway auth changed")
            assert (await survivor.request("test.now"))["ok"]


async def test_a_removed_device_loses_its_socket_at_once(box: Gateway) -> None:
    key = DeviceKey()
    async with box.open() as client:
        await client.connect(connect_params(), key)
        assert await box.devices.remove(key.id)
        assert await client.closed() == (4001, "device removed")


async def test_a_port_in_use_is_an_error_that_names_the_fix(box: Gateway) -> None:
    server = Server(
        ServerSettings(rules=Rules(SharedAuth(AuthMode.NONE)), port=box.server.port),
        table=box.server_table,
        devices=box.devices,
        sources=box.sources,
        clock=FakeClock(),
    )
    with pytest.raises(BindError, match="--port"):
        await server.start()


async def _advance(clock: FakeClock, seconds: int) -> None:
    """Let the housekeeping see each second."""
    for _ in range(seconds):
        clock.advance(1)
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)
