"""Asking the box's own service, which runs as root, for what the gateway may not do itself.

One JSON line `{"verb", "params"}` goes to the socket, one comes back: `{"ok": true, "result"}` or `{"ok": false,
"code", "message"}`. Long work is only started by it.
"""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from appliance.foundation.errors import ApplianceError

HOST_SOCKET: Final = Path("/run/homarus-host.sock")
MAX_LINE_BYTES: Final = 64 * 1024
TIMEOUT_S: Final = 30.0
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class HostError(ApplianceError):
    """The service refused or failed; `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class HostAbsent(HostError):
    """There is no such service here: this is no box of ours, or a development machine."""

    def __init__(self) -> None:
        super().__init__("host_absent", "Only a box that runs the Homarus image can do this; this machine does not.")


async def ask(
    verb: str, params: Mapping[str, object] = _NOTHING, *, socket: Path = HOST_SOCKET, timeout_s: float = TIMEOUT_S
) -> Mapping[str, object]:
    """Return what the service answers to `verb`. Raises HostAbsent, HostError."""
    line = _request(verb, params)
    writer = None
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=MAX_LINE_BYTES)
            writer.write(line)
            await writer.drain()
            return _result(verb, await reader.readline())
    except TimeoutError as error:
        raise HostError("host_timeout", _late(verb, timeout_s)) from error
    except ValueError as error:  # a longer line than the limit
        raise HostError("host_failed", f"The box answered {verb} with more than may be.") from error
    except OSError as error:
        raise _unreachable(error) from error
    finally:
        if writer is not None:
            writer.close()


def ask_now(
    verb: str, params: Mapping[str, object] = _NOTHING, *, socket: Path = HOST_SOCKET, timeout_s: float = TIMEOUT_S
) -> Mapping[str, object]:
    """Do the same where nothing else waits: a command run by root. Raises HostAbsent, HostError."""
    line = _request(verb, params)
    try:
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(socket))
            connection.sendall(line)
            with connection.makefile("rb") as stream:
                return _result(verb, stream.readline(MAX_LINE_BYTES + 1))
    except TimeoutError as error:
        raise HostError("host_timeout", _late(verb, timeout_s)) from error
    except OSError as error:
        raise _unreachable(error) from error


def _request(verb: str, params: Mapping[str, object]) -> bytes:
    line = json.dumps({"verb": verb, "params": dict(params)}, separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise HostError("host_request", f"{verb} with {len(line)} bytes is more than the {MAX_LINE_BYTES} that may be.")
    return line


def _result(verb: str, line: bytes) -> Mapping[str, object]:
    """Read the answer. Raises HostError."""
    try:
        answer = json.loads(line) if line.endswith(b"\n") and len(line) <= MAX_LINE_BYTES else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise HostError("host_failed", f"The box did not answer {verb}; `journalctl -u 'homarus-host@*'` says why.")
    if answer.get("ok") is not True:
        raise HostError(str(answer.get("code") or "host_failed"), str(answer.get("message") or f"{verb} failed."))
    result = answer.get("result")
    return result if isinstance(result, dict) else {}


def _late(verb: str, timeout_s: float) -> str:
    return f"The box did not answer {verb} within {timeout_s:g} seconds; it may be very busy. Try again."


def _unreachable(error: OSError) -> HostError:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return HostAbsent()
    if isinstance(error, PermissionError):
        return HostError("host_forbidden", "Only root and the gateway may ask the box for this; use sudo.")
    return HostError("host_failed", f"The box cannot be asked: {error.strerror or error}.")
