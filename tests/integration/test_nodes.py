"""Nodes over a real gateway process: who may be asked for what, and what becomes of an invoke."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.wire import Client, DeviceKey
from tests.integration.box import no_engine
from tests.integration.gateway_process import GatewayProcess
from tests.integration.node_client import HOST_COMMANDS, node, operator


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("box")
    with GatewayProcess(folder / "s", {}, **no_engine(folder)) as gateway:
        yield gateway


async def ask(client: Client, method: str, params: Any = None) -> dict[str, Any]:
    answer = await client.request(method, params)
    assert answer["ok"], answer
    payload: dict[str, Any] = answer["payload"]
    return payload


async def row(client: Client, node_id: str) -> dict[str, Any]:
    """Return the row of a node once its surface was judged."""
    while True:
        found = next(one for one in (await ask(client, "node.list"))["nodes"] if one["nodeId"] == node_id)
        if found["paired"] or "pendingRequestId" in found or not found["connected"]:
            return dict(found)
        await asyncio.sleep(0)


async def test_a_node_of_this_machine_is_approved_at_once_and_seen_until_it_leaves(box: GatewayProcess) -> None:
    key = DeviceKey()
    async with operator(box.target.url) as owner:
        async with node(box.target.url, key, *HOST_COMMANDS, "camera.snap"):
            seen = await row(owner, key.id)
            assert (seen["connected"], seen["paired"], seen["approvalState"]) == (True, True, "approved")
            assert seen["commands"] == sorted(HOST_COMMANDS), "camera.snap is withheld: the owner must allow it"
            assert (seen["displayName"], seen["platform"], seen["clientId"]) == ("attic", "linux", "node-host")
        told = await owner.event("node.presence")
        while told["payload"]["connected"]:
            told = await owner.event("node.presence")
        seen = (await ask(owner, "node.describe", {"nodeId": key.id}))
        assert not seen["connected"]
        assert seen["paired"]
        assert seen["lastConnectedAtMs"] <= seen["lastDisconnectedAtMs"]
