"""One request over one connection: who asks, one line in, one line out."""

from __future__ import annotations

import json
import logging
import os
import pwd
import socket
import struct
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from appliance.foundation.errors import ApplianceError
from appliance.host.request import MAX_LINE_BYTES

Verb: TypeAlias = Callable[[Mapping[str, object]], Mapping[str, object]]
"""Takes the parameters, which may come from an enemy, and returns a JSON object. Raises ApplianceError."""

_log = logging.getLogger(__name__)
_USER: Final = "homarus"
_READ_S: Final = 10.0
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid of SO_PEERCRED (unix(7))


class RequestError(ApplianceError):
    """What was asked cannot be done, and asking the same again does not help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def who_may() -> frozenset[int]:
    """Return the user ids that may ask: root and the gateway's."""
    try:
        return frozenset({0, pwd.getpwnam(_USER).pw_uid})
    except KeyError:
        return frozenset({0})


def serve(connection: socket.socket, verbs: Mapping[str, Verb], allowed: Collection[int]) -> bool:
    """Answer the one request of a connection; return whether it was done. Never raises for what the peer does."""
    try:
        connection.settimeout(_READ_S)
        answer = _answer(connection, verbs, allowed)
        connection.sendall(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
    except OSError as error:  # the peer went away, or never wrote
        _log.warning("no request: %s", error)
        return False
    return answer["ok"] is True


def _answer(connection: socket.socket, verbs: Mapping[str, Verb], allowed: Collection[int]) -> dict[str, object]:
    verb = ""
    try:
        # the mode of the socket says the same; a mistake in a unit must not open this to everybody
        pid, uid, _ = _CREDENTIALS.unpack(
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        if uid not in allowed:
            raise RequestError("host_forbidden", "Only root and the gateway may ask the box for this.")
        verb, params = _read(connection)
        act = verbs.get(verb)
        if act is None:
            raise RequestError("host_unknown_verb", f"This box does not know {verb[:60]!r}.")
        # Never the parameters: a Wi-Fi password may be among them.
        _log.info("%s for user %d, process %d", verb, uid, pid)
        return {"ok": True, "result": dict(act(params))}
    except ApplianceError as error:
        _log.warning("%s refused: %s", verb or "a request", error.code)
        return {"ok": False, "code": error.code, "message": str(error)}
    except Exception as error:  # the asker gets an answer and the journal the trace
        if not verb:
            raise
        _log.exception("%s failed", verb)
        return {"ok": False, "code": "host_failed", "message": f"{verb} failed: {type(error).__name__}."}


def _read(connection: socket.socket) -> tuple[str, Mapping[str, object]]:
    with connection.makefile("rb") as stream:
        line = stream.readline(MAX_LINE_BYTES + 1)
    if not line.endswith(b"\n") or len(line) > MAX_LINE_BYTES:
        raise RequestError("host_request", f"A request is one line of at most {MAX_LINE_BYTES} bytes.")
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    match request:
        case {"verb": str(verb), **rest}:
            params = rest.get("params", {})
            if isinstance(params, dict) and rest.keys() <= {"params"}:
                return verb, params
    raise RequestError("host_request", 'A request is {"verb": TEXT, "params": OBJECT}.')


def connection_of(descriptor: int) -> socket.socket:
    """Return the connection that systemd handed over (Accept=yes, StandardInput=socket). Raises OSError."""
    return socket.socket(fileno=os.dup(descriptor))
