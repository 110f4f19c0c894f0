"""A phone as the published apps behave: the node socket first, then an operator socket with the handed-over token."""

from __future__ import annotations

from typing import Any

from appliance.protocol.roles import NODE, OPERATOR
from tests.fakes.wire import Client, DeviceKey, Gateway

ANDROID = {
    "id": "openclaw-android",
    "mode": "node",
    "version": "2026.9.6",
    "platform": "Android 15",
    "deviceFamily": "Android",
    "displayName": "Pixel",
}
PAGE = {"id": "openclaw-control-ui", "mode": "webchat", "version": "1.0.0", "platform": "Linux"}
HEADLESS = {"id": "node-host", "mode": "node", "version": "1.0.0", "platform": "linux"}
LAN = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http"}
"""Headers with which a trusted proxy on this machine makes a test come from the network, in plain text."""

LAN_TLS = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}


def params(client: dict[str, Any], role: str, *scopes: str, **auth: str) -> dict[str, Any]:
    """Return the connect params of one of its sockets."""
    mode = client["mode"] if role == NODE or client["mode"] == "webchat" else "ui"
    return {
        "minProtocol": 4,
        "maxProtocol": 4,
        "client": {**client, "mode": mode},
        "role": role,
        "scopes": list(scopes),
        "auth": auth,
        "caps": [],
    }


async def knock(
    box: Gateway,
    key: DeviceKey,
    client: dict[str, Any],
    role: str = NODE,
    *scopes: str,
    headers: dict[str, str] | None = None,
    **auth: str,
) -> dict[str, Any]:
    """Connect once and return the answer to connect; the socket is closed then."""
    async with box.open(**(headers or {})) as socket:
        return await socket.connect(params(client, role, *scopes, **auth), key)


async def operator(socket: Client, key: DeviceKey, token: str, *scopes: str) -> dict[str, Any]:
    """Say hello as the second socket of a phone."""
    return await socket.connect(params(ANDROID, OPERATOR, *scopes, token=token), key)
