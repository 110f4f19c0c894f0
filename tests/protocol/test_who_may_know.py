"""What a node, and a program without a device on the network, may know of the others: that the box is alive."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest

from appliance.protocol.roles import PAIRING, READ
from tests.fakes.phone import HEADLESS, LAN_TLS, params
from tests.fakes.wire import TOKEN, DeviceKey, Gateway, connect_params, gateway

PROXY = (ipaddress.ip_network("127.0.0.0/8"),)


def known(snapshot: dict[str, Any]) -> tuple[int, bool]:
    return len(snapshot["presence"]), "sessions" in snapshot["health"]


@pytest.mark.parametrize("who", ["node", "program", "pairing"])
async def test_neither_hello_nor_events_name_others_or_their_sessions(tmp_path: Path, who: str) -> None:
    async with (
        gateway(tmp_path, trusted_proxies=PROXY) as box,
        box.connected(READ, device=DeviceKey(), client=person()) as reader,
        box.open(**(LAN_TLS if who == "program" else {})) as other,
    ):
        if who == "node":
            hello = await other.connect(params(HEADLESS, "node", token=TOKEN), DeviceKey())
        else:
            hello = await other.connect(connect_params(scopes=[PAIRING]))
        assert known(hello["payload"]["snapshot"]) == (1, False)
        assert "192.0.2" not in str(hello["payload"]["snapshot"]["presence"])
        box.server.health_changed()
        assert "sessions" in (await reader.event("health"))["payload"]
        assert "sessions" not in (await other.event("health"))["payload"]
        assert not [one for one in other.events if one["event"] == "presence"]
        again = await hello_of(box)
        assert known(again["payload"]["snapshot"])[1]
        assert known(again["payload"]["snapshot"])[0] > 1


def person() -> dict[str, Any]:
    return {"id": "openclaw-tui", "mode": "ui", "version": "1", "platform": "linux"}


async def hello_of(box: Gateway) -> dict[str, Any]:
    async with box.open() as socket:
        return await socket.connect(connect_params(scopes=[READ]))


async def test_nobody_sees_a_gap_because_health_goes_out_in_two_forms(tmp_path: Path) -> None:
    async with gateway(tmp_path) as box, box.connected(READ) as reader, box.connected() as other:
        for number in (1, 2, 3):
            box.server.health_changed()
            for client in (reader, other):
                assert (await client.event("health"))["seq"] == number
