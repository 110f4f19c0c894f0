"""A side effect happens once per key, whatever the client repeats."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from appliance.gateway.connection import Connection
from appliance.gateway.method import Call, Method, MethodTable
from appliance.protocol.errors import unavailable
from appliance.protocol.roles import WRITE
from appliance.sessions.idempotency import IdempotencyStore
from appliance.sessions.migrations import MIGRATIONS
from tests.fakes.wire import Gateway, gateway


class OrderParams(msgspec.Struct, rename="camel"):
    item: str
    idempotency_key: str | None = None


class Shop:
    """Counts its orders; can hold them back or fail."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.entered = asyncio.Event()
        self.failing = False

    async def order(self, call: Call, params: OrderParams) -> dict[str, Any]:
        self.entered.set()
        await self.open.wait()
        if self.failing:
            raise unavailable("closed")
        self.orders.append(params.item)
        return {"number": len(self.orders), "item": params.item}

    def table(self) -> MethodTable:
        return MethodTable([Method("test.order", WRITE, OrderParams, self.order, idempotent=True)])


def _options(shop: Shop) -> dict[str, Any]:
    return {"table": shop.table(), "idempotency": IdempotencyStore, "migrations": MIGRATIONS}


async def test_a_replay_gets_the_first_result_also_after_a_restart(tmp_path: Path) -> None:
    shop = Shop()
    order = {"item": "tea", "idempotencyKey": "k1"}
    async with gateway(tmp_path, **_options(shop)) as box, box.connected(WRITE) as client:
        first = await client.request("test.order", order)
        again = await client.request("test.order", {"idempotencyKey": "k1", "item": "tea"})
        assert first["payload"] == again["payload"] == {"number": 1, "item": "tea"}
    async with gateway(tmp_path, **_options(shop)) as box, box.connected(WRITE) as client:
        assert (await client.request("test.order", order))["payload"] == first["payload"]
        assert (await client.request("test.order", {"item": "tea"}))["payload"]["number"] == 2
    assert shop.orders == ["tea", "tea"]


async def test_the_same_key_for_something_else_is_a_conflict(tmp_path: Path) -> None:
    async with gateway(tmp_path, **_options(Shop())) as box, box.connected(WRITE) as client:
        await client.request("test.order", {"item": "tea", "idempotencyKey": "k1"})
        error = (await client.request("test.order", {"item": "milk", "idempotencyKey": "k1"}))["error"]
        assert (error["code"], error["details"]["code"]) == ("INVALID_REQUEST", "IDEMPOTENCY_CONFLICT")


async def test_a_repetition_during_the_work_waits_for_its_result(tmp_path: Path) -> None:
    shop = Shop()
    shop.open.clear()
    order = {"item": "tea", "idempotencyKey": "k1"}
    async with (
        gateway(tmp_path, **_options(shop)) as box,
        box.connected(WRITE) as one,
        box.connected(WRITE) as two,
    ):
        first = asyncio.ensure_future(one.request("test.order", order))
        await shop.entered.wait()
        second = asyncio.ensure_future(two.request("test.order", order))
        await _reached(box)
        shop.open.set()
        assert (await first)["payload"] == (await second)["payload"]
    assert shop.orders == ["tea"]


async def _reached(box: Gateway) -> None:
    """Wait until both requests are being worked on."""
    while sum(one.in_flight for one in box.server.broadcaster if isinstance(one, Connection)) < 2:
        await asyncio.sleep(0.001)


async def test_what_failed_may_be_tried_again(tmp_path: Path) -> None:
    shop = Shop()
    shop.failing = True
    order = {"item": "tea", "idempotencyKey": "k1"}
    async with gateway(tmp_path, **_options(shop)) as box, box.connected(WRITE) as client:
        assert (await client.request("test.order", order))["error"]["message"] == "closed"
        shop.failing = False
        assert (await client.request("test.order", order))["payload"]["number"] == 1
