"""What goes over the connection between the gateway and the launcher.

Gateway: `{"module", "args", "env"}` with three descriptors (standard input, output, error), then `{"signal": N}`.
Launcher: `{"pid": N}`, at the end `{"exit": N}`, negative for a signal. One JSON line each.
"""

from __future__ import annotations

import array
import json
import socket

MAX_LINE_BYTES = 64 * 1024
DESCRIPTORS = 3


class FrameError(Exception):
    """What came is no request; the text says why. (No ApplianceError: this process imports as little as it can.)"""


def receive(connection: socket.socket) -> tuple[dict[str, object], list[int], bytes]:
    """Read the first line and its descriptors; return also what came after it. Raises FrameError, OSError."""
    buffer, descriptors = b"", []
    while b"\n" not in buffer:
        data, found = _receive_some(connection)
        descriptors += found
        buffer += data
        if not data or len(buffer) > MAX_LINE_BYTES or len(descriptors) > DESCRIPTORS:
            raise FrameError(f"a request is one line of at most {MAX_LINE_BYTES} bytes with {DESCRIPTORS} descriptors")
    line, _, rest = buffer.partition(b"\n")
    if len(descriptors) != DESCRIPTORS:
        raise FrameError(f"{len(descriptors)} descriptors came, {DESCRIPTORS} are needed")
    return decode(line), descriptors, rest


def _receive_some(connection: socket.socket) -> tuple[bytes, list[int]]:
    size = array.array("i").itemsize * DESCRIPTORS
    # the kernel closes what does not fit
    data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(size), socket.MSG_CMSG_CLOEXEC)
    found: list[int] = []
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers = array.array("i")
            numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
            found += numbers
    return data, found


def decode(line: bytes) -> dict[str, object]:
    """Read one line. Raises FrameError."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FrameError("a line is a JSON object")
    return found


def encode(**facts: int) -> bytes:
    """Return one line."""
    return json.dumps(facts).encode() + b"\n"
