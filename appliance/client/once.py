"""One question, one answer, without an event loop where the gateway is on this machine.

Importing the WebSocket stack takes longer than the whole question; the control socket therefore answers plain HTTP
too (`POST /rpc`, same methods, same rights). It is spoken by hand: http.client brings TLS and mail with it, which is
2 MB of memory in a console that stands there for years.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, Final

from appliance.client.errors import ConnectionLost, GatewayAway, RequestFailed
from appliance.client.target import SocketTarget, Target

_CHUNK_BYTES: Final = 64 * 1024
_MAX_HEAD_BYTES: Final = 64 * 1024
_MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024


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


def _over_socket(path: Path, method: str, params: Any, timeout_s: float) -> Any:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
        except TimeoutError:
            raise
        except OSError as error:
            raise GatewayAway(
                f"No gateway answers at {path}. Start it with `homarus run`, or name another one with --url."
            ) from error
        try:
            connection.sendall(_request({"method": method, "params": params}))
            answer = _object(_body(connection))
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:
            raise ConnectionLost(f"The gateway went away before it answered: {error}") from error
    if answer.get("ok"):
        return answer.get("payload")
    failure = answer.get("error") or {}
    raise RequestFailed(
        str(failure.get("message", "failed")),
        str(failure.get("code", "")),
        failure.get("details") or {},
        retryable=bool(failure.get("retryable")),
    )


def _request(question: object) -> bytes:
    """HTTP/1.0 (RFC 1945): the answer has a length and is in one piece, and its end is the end of the connection."""
    body = json.dumps(question).encode()
    lines = ("POST /rpc HTTP/1.0", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body


def _body(connection: socket.socket) -> bytes:
    """Return the body of an answer, whatever its status: what failed stands in it. Raises OSError, ValueError."""
    data = bytearray()
    while (end := data.find(b"\r\n\r\n")) < 0:
        if len(data) > _MAX_HEAD_BYTES:
            raise ValueError("the answer has no end of its head")
        _more(connection, data)
    length = _length(bytes(data[:end]))
    del data[: end + 4]
    while len(data) < length:
        _more(connection, data)
    return bytes(data[:length])


def _more(connection: socket.socket, data: bytearray) -> None:
    chunk = connection.recv(_CHUNK_BYTES)
    if not chunk:
        raise ValueError("the connection ended")
    data += chunk


def _length(head: bytes) -> int:
    first, *rows = head.split(b"\r\n")
    if not first.startswith(b"HTTP/1."):
        raise ValueError("the answer is no HTTP")
    for row in rows:
        name, _, value = row.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
            if 0 <= length <= _MAX_ANSWER_BYTES:
                return length
            break
    raise ValueError("the answer does not say how long it is")


def _object(body: bytes) -> dict[str, Any]:
    answer = json.loads(body)
    if not isinstance(answer, dict):
        raise ValueError("the answer is no object")
    return answer
