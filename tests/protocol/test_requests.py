"""Requests, answers, rights and limits after hello, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.gateway.method import Call, Method, MethodTable, NoParams
from appliance.gateway.rpc import MAX_IN_FLIGHT
from appliance.protocol.roles import ADMIN, READ, WRITE
from tests.fakes.wire import AddParams, DeviceKey, Gateway, connect_params, gateway, small_table


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path) as running:
        yield running


async def test_a_request_gets_its_answer_and_one_may_get_two(box: Gateway) -> None:
    async with box.connected(READ) as client:
        assert (await client.request("test.add", {"a": 1, "b": 2}))["payload"] == {"sum": 3}
        first = await client.request("test.twice", request_id="two")
        assert first["payload"] == {"status": "accepted"}
        assert (await client.response("two"))["payload"] == {"status": "ok"}


async def test_unknown_methods_and_wrong_roles_are_told(box: Gateway) -> None:
    async with box.connected(ADMIN) as client:
        error = (await client.request("no.such"))["error"]
        assert error == {"code": "INVALID_REQUEST", "message": "unknown method: no.such"}
        error = (await client.request("test.node"))["error"]
        assert error == {"code": "INVALID_REQUEST", "message": "unauthorized role: operator"}


async def test_a_missing_scope_is_forbidden_and_named(box: Gateway) -> None:
    async with box.connected(READ) as client:
        error = (await client.request("test.write"))["error"]
        assert (error["code"], error["message"]) == ("FORBIDDEN", "missing scope: operator.write")
        assert error["details"]["requiredScopes"] == [WRITE]
    async with box.connected(WRITE) as client:
        assert (await client.request("test.add", {"a": 1}))["ok"], "write includes read"


async def test_ten_calls_of_the_wrong_role_are_borne_and_the_eleventh_closes(box: Gateway) -> None:
    async with box.connected(READ) as client:
        for _ in range(10):
            assert not (await client.request("test.node"))["ok"]
        assert (await client.request("test.now"))["ok"]
        assert not (await client.request("test.node"))["ok"]
        assert await client.closed() == (1008, "repeated unauthorized calls")


async def test_a_node_calls_node_methods_only(box: Gateway) -> None:
    async with box.open() as client:
        await client.connect(connect_params("node-host", "node", role="node"), DeviceKey())
        assert (await client.request("test.node"))["ok"]
        assert (await client.request("test.now"))["error"]["message"] == "unauthorized role: node"


async def test_wrong_parameters_name_their_place_and_unknown_ones_are_ignored(box: Gateway) -> None:
    async with box.connected(READ) as client:
        error = (await client.request("test.add", {"a": "x"}))["error"]
        assert error["message"] == "invalid test.add params: at /a: Expected `int`, got `str`"
        assert (await client.request("test.add", {"a": 1, "new": []}))["ok"]


async def test_a_fault_of_ours_is_not_shown_to_the_client(box: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    async with box.connected(READ) as client:
        error = (await client.request("test.broken"))["error"]
        assert error["code"] == "UNAVAILABLE"
        assert "secret" not in json.dumps(error)
        assert "secret details of a fault" in caplog.text


async def test_expected_failures_keep_their_code_and_delay(box: Gateway) -> None:
    async with box.connected(READ) as client:
        error = (await client.request("test.busy"))["error"]
        assert error == {"code": "UNAVAILABLE", "message": "later", "retryable": True, "retryAfterMs": 7}


async def test_waiting_requests_of_one_connection_are_bounded(tmp_path: Path) -> None:
    gate, entered = asyncio.Event(), asyncio.Semaphore(0)

    async def wait(call: Call, params: NoParams) -> str:
        entered.release()
        await gate.wait()
        return "done"

    table = MethodTable([*small_table().all(), Method("test.wait", None, NoParams, wait)])
    async with gateway(tmp_path, table=table) as box, box.connected(READ) as client:
        for number in range(MAX_IN_FLIGHT):
            await client.socket.send_json({"type": "req", "id": str(number), "method": "test.wait"})
        for _ in range(MAX_IN_FLIGHT):
            await entered.acquire()
        error = (await client.request("test.wait"))["error"]
        assert (error["code"], error["retryable"]) == ("UNAVAILABLE", True)
        assert (await client.request("test.now"))["ok"], "what answers at once is not held up"
        gate.set()
        for number in range(MAX_IN_FLIGHT):
            assert (await client.response(str(number)))["payload"] == "done"


async def test_answers_may_overtake_each_other(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def wait(call: Call, params: NoParams) -> str:
        await gate.wait()
        return "slow"

    table = MethodTable([*small_table().all(), Method("test.wait", None, NoParams, wait)])
    async with gateway(tmp_path, table=table) as box, box.connected(READ) as client:
        await client.socket.send_json({"type": "req", "id": "slow", "method": "test.wait"})
        assert (await client.request("test.add", {"a": 1}))["ok"]
        gate.set()
        assert (await client.response("slow"))["payload"] == "slow"


async def test_a_scope_can_depend_on_the_parameters(tmp_path: Path) -> None:
    async def add(call: Call, params: AddParams) -> int:
        return params.a

    method = Method("test.dynamic", lambda params: ADMIN if params.a > 9 else WRITE, AddParams, add)
    async with gateway(tmp_path, table=MethodTable([method])) as box, box.connected(WRITE) as client:
        assert (await client.request("test.dynamic", {"a": 9}))["ok"]
        error = (await client.request("test.dynamic", {"a": 10}))["error"]
        assert error["message"] == "missing scope: operator.admin"


async def test_a_narrow_scope_is_enough_where_a_method_says_so(tmp_path: Path) -> None:
    async def add(call: Call, params: AddParams) -> int:
        return params.a

    methods = [
        Method("test.narrow", READ, AddParams, add, narrow="operator.sessions.read"),
        Method("test.full", READ, AddParams, add),
    ]
    scope = "operator.sessions.read"
    async with gateway(tmp_path, table=MethodTable(methods)) as box, box.connected(scope) as client:
        assert (await client.request("test.narrow", {"a": 1}))["ok"]
        assert (await client.request("test.full", {"a": 1}))["error"]["code"] == "FORBIDDEN"


def test_a_name_is_registered_once() -> None:
    table = small_table()
    with pytest.raises(ValueError, match="twice"):
        table.register(Method("test.now", None, NoParams, lambda call, params: None))


def test_an_idempotent_method_must_have_a_key() -> None:
    with pytest.raises(ValueError, match="idempotency_key"):
        MethodTable([Method("x", None, NoParams, lambda call, params: None, idempotent=True)])
