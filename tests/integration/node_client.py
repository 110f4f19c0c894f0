"""A node and an operator as bare WebSockets, beside a gateway in a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.fakes.wire import Client, DeviceKey, connect_params
from tests.integration.gateway_process import TOKEN

HOST_COMMANDS = ["system.run", "system.run.prepare", "system.which", "device.info"]
ALL_SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.pairing"]


def node_params(*commands: str, platform: str = "linux", name: str = "attic", **more: Any) -> dict[str, Any]:
    """Return the connect params of a headless node."""
    client = {
        "id": "node-host",
        "mode": "node",
        "version": "1.0.0",
        "platform": platform,
        "deviceFamily": "Linux",
        "displayName": name,
    }
    members = {"role": "node", "client": client, "caps": ["system"], "commands": list(commands), "scopes": []}
    return {**connect_params(token=TOKEN), **members, **more}


@contextlib.asynccontextmanager
async def socket(url: str, **headers: str) -> AsyncIterator[Client]:
    """Open a socket to a gateway and read its challenge."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=headers, max_msg_size=0) as opened:
        client = Client(opened, {})
        client.challenge = (await client.receive())["payload"]
        yield client


@contextlib.asynccontextmanager
async def node(url: str, key: DeviceKey, *commands: str, **more: Any) -> AsyncIterator[Client]:
    """Connect a node that has said hello."""
    async with socket(url) as client:
        answer = await client.connect(node_params(*commands, **more), key)
        assert answer["ok"], answer
        yield client


@contextlib.asynccontextmanager
async def operator(url: str, *scopes: str) -> AsyncIterator[Client]:
    """Connect the command line, by default with every right."""
    async with socket(url) as client:
        answer = await client.connect(connect_params(scopes=list(scopes) or ALL_SCOPES, token=TOKEN))
        assert answer["ok"], answer
        yield client
