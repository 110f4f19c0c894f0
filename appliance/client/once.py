"""One question, one answer, without an event loop where the gateway is on this machine.

Importing the WebSocket stack takes longer than the whole question; the control socket therefore answers plain HTTP
too (`POST /rpc`, same methods, same rights).
"""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from appliance.client.errors import ConnectionLost, GatewayAway, RequestFailed
from appliance.client.target import SocketTarget, Target


def call_once(target: Target, method: str, params: Any, *, timeout_s: float) -> Any:
    """Ask the gateway at `target` for `method` and return the payload. Raises ClientError or TimeoutError."""
    if isinstance(target, SocketTarget):
        return _over_socket(target.path, method, params, timeout_s)
    import asyncio

    return asyncio.run(_over_websocket(target, method, params, timeout_s))


async def _over_websocket(target: Target, method: str, params: Any, timeout_s: float) -> Any:
    from appliance.client.connection import connect

    async with connect(target) as connection:
        return await connection.call(method, params, timeout_s=timeout_s)


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _object(body: bytes) -> dict[str, Any]:
    answer = json.loads(body)
    if not isinstance(answer, dict):
        raise ValueError("the answer is no object")
    return answer


def _over_socket(path: Path, method: str, params: Any, timeout_s: float) -> Any:
    connection = _SocketConnection(path, timeout_s)
    try:
        try:
            connection.connect()
        except TimeoutError:
            raise
        except OSError as error:
            raise GatewayAway(
                f"No gateway answers at {path}. Start it with `homarus run`, or name another one with --url."
            ) from error
        try:
            body = json.dumps({"method": method, "params": params})
            connection.request("POST", "/rpc", body, {"Content-Type": "application/json"})
            answer = _object(connection.getresponse().read())
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ConnectionLost(f"The gateway went away before it answered: {error}") from error
    finally:
        connection.close()
    if answer.get("ok"):
        return answer.get("payload")
    failure = answer.get("error") or {}
    raise RequestFailed(
        str(failure.get("message", "failed")),
        str(failure.get("code", "")),
        failure.get("details") or {},
        retryable=bool(failure.get("retryable")),
    )
