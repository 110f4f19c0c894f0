"""Clients that were let in and want too much: many sockets, and none of them reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance.gateway import server
from appliance.protocol.roles import READ
from tests.fakes.clock import FakeClock
from tests.fakes.wire import DeviceKey, Gateway, connect_params, gateway, raw_client

MANY = 1 << 20


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path) as box:
        yield box


async def reached(what: Any) -> None:
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0)


async def test_those_who_read_least_are_cut_when_all_together_keep_too_much(box: Gateway) -> None:
    async with AsyncExitStack() as stack, box.connected(READ) as reader:
        deaf = [await stack.enter_async_context(raw_client(box.server.port)) for _ in range(3)]
        for one in deaf:
            await one.connect(connect_params(scopes=[READ]))
        broadcaster = box.server.broadcaster
        for client, megabytes in zip(deaf, (8, 12, 16), strict=True):
            for _ in range(megabytes):
                assert broadcaster.tell(client.conn_id, "tick", "x" * MANY)
        await asyncio.sleep(0)
        waiting = [broadcaster.get(one.conn_id).waiting_bytes for one in deaf]  # type: ignore[union-attr]  # all are there
        assert broadcaster.relieve(sum(waiting)) == 0
        assert broadcaster.relieve(sum(waiting) - waiting[2] - 1) == 2, "the two that read least"
        await reached(lambda: len(broadcaster) == 2)
        assert broadcaster.get(deaf[0].conn_id) is not None
        assert (await reader.request("test.now"))["ok"]


async def test_the_gateway_looks_every_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_UNREAD_BYTES", 4 * MANY)
    clock = FakeClock()
    async with gateway(tmp_path, clock=clock) as box, raw_client(box.server.port) as deaf:
        await deaf.connect(connect_params(scopes=[READ]))
        for _ in range(12):
            box.server.broadcaster.tell(deaf.conn_id, "tick", "x" * MANY)
        await asyncio.sleep(0)
        assert len(box.server.broadcaster) == 1
        clock.advance(1)
        await reached(lambda: len(box.server.broadcaster) == 0)


@pytest.mark.parametrize("beyond", [0, 1])
async def test_a_device_has_sixty_four_connections_and_the_oldest_leaves_for_another(box: Gateway, beyond: int) -> None:
    key = DeviceKey()
    async with AsyncExitStack() as stack, box.connected(READ, device=DeviceKey()) as other:
        mine = [
            await stack.enter_async_context(box.connected(READ, device=key))
            for _ in range(server.MAX_PER_DEVICE + beyond)
        ]
        if beyond:
            assert await mine[0].closed() == (1008, "too many connections of this device")
        else:
            assert (await mine[0].request("test.now"))["ok"]
        assert (await mine[1].request("test.now"))["ok"]
        assert (await other.request("test.now"))["ok"]
