"""The WebSocket client of the gateway: for the command line, later for the mesh, and for tests.

It speaks the same frames as every OpenClaw client and knows nothing of what a method means.
"""

from appliance.client.connection import Connection, Event, connect
from appliance.client.errors import ClientError, ConnectionLost, ConnectRefused, GatewayAway, RequestFailed
from appliance.client.target import SocketTarget, Target, UrlTarget

__all__ = [
    "ClientError",
    "ConnectRefused",
    "Connection",
    "ConnectionLost",
    "Event",
    "GatewayAway",
    "RequestFailed",
    "SocketTarget",
    "Target",
    "UrlTarget",
    "connect",
]
