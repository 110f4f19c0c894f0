"""A service on a real D-Bus: enough of the wire format (dbus.freedesktop.org, specification 0.43) for a double.

`message_bus()` starts a dbus-daemon of its own; `Service` owns a name on it and answers calls with a function.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

_SIZES = {"y": 1, "b": 4, "n": 2, "q": 2, "i": 4, "u": 4, "x": 8, "t": 8, "d": 8}
_CODES = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}
_ALIGN = {**_SIZES, "s": 4, "o": 4, "g": 1, "v": 1, "a": 4, "(": 8, "{": 8}
_CALL, _RETURN, _ERROR, _SIGNAL = 1, 2, 3, 4

_CONFIG = """<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy>
</busconfig>"""


@dataclass(frozen=True)
class Variant:
    """A value with its own signature."""

    signature: str
    value: Any


@dataclass(frozen=True)
class Answer:
    """What a call returns: a signature and as many values."""

    signature: str = ""
    values: tuple[Any, ...] = ()


class CallError(Exception):
    """A call fails with this message."""


@dataclass(frozen=True)
class Asked:
    """One method call."""

    path: str
    interface: str
    member: str
    arguments: tuple[Any, ...]


Handler: TypeAlias = Callable[[Asked], Answer]


@contextlib.contextmanager
def message_bus(folder: Path) -> Iterator[str]:
    """Run a message bus; yield its address."""
    daemon = shutil.which("dbus-daemon")
    assert daemon, "dbus-daemon is not installed: apt-get install dbus"
    path, config = folder / "bus.sock", folder / "bus.xml"
    config.write_text(_CONFIG.format(socket=path))
    argv = [daemon, f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class Service:
    """Owns `name` on the bus while the context is open; `handler` runs in a thread of its own."""

    def __init__(self, address: str, name: str, handler: Handler) -> None:
        self._path = address.partition("unix:path=")[2].partition(",")[0]
        self._name = name
        self._handler = handler
        self._serial = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._serve, name=name)

    def __enter__(self) -> Service:
        self._socket.connect(self._path)
        self._socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        assert self._socket.recv(512).startswith(b"OK")
        self._socket.sendall(b"BEGIN\r\n")
        bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
        for member, signature, values in (("Hello", "", ()), ("RequestName", "su", (self._name, 4))):
            self._send(_CALL, {6: bus[0], 1: bus[1], 2: bus[2], 3: member}, signature, values)
            while self._receive()[0] != _RETURN:
                pass
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def signal(self, path: str, interface: str, member: str, signature: str, *values: Any) -> None:
        """Tell everybody who listens."""
        self._send(_SIGNAL, {1: path, 2: interface, 3: member}, signature, values)

    def _serve(self) -> None:
        while True:
            try:
                kind, serial, fields, values = self._receive()
            except (OSError, EOFError):
                return
            if kind != _CALL:
                continue
            back = {5: serial, 6: fields[7]}
            try:
                answer = self._handler(Asked(fields.get(1, ""), fields.get(2, ""), fields[3], tuple(values)))
                self._send(_RETURN, back, answer.signature, answer.values)
            except CallError as error:
                self._send(_ERROR, {**back, 4: "org.freedesktop.DBus.Error.Failed"}, "s", (str(error),))

    def _send(self, kind: int, fields: dict[int, Any], signature: str, values: tuple[Any, ...]) -> None:
        body = bytearray()
        for one, value in zip(split(signature), values, strict=True):
            write(body, one, value)
        self._serial += 1
        kinds = {1: "o", 5: "u", 8: "g"}
        listed = [(code, Variant(kinds.get(code, "s"), value)) for code, value in fields.items()]
        if signature:
            listed.append((8, Variant("g", signature)))
        head = bytearray(struct.pack("<cBBBII", b"l", kind, 0, 1, len(body), self._serial))
        write(head, "a(yv)", listed)
        head += bytes(-len(head) % 8)
        self._socket.sendall(bytes(head + body))

    def _receive(self) -> tuple[int, int, dict[int, Any], list[Any]]:
        head = self._exactly(16)
        order = "<" if head[:1] == b"l" else ">"
        _, kind, _, _, size, serial, listed = struct.unpack(order + "cBBBIII", head)
        rest = self._exactly(listed + -listed % 8)
        rows, _ = read(head + rest, 12, "a(yv)", order)
        fields = {code: value.value for code, value in rows}
        body, place, values = self._exactly(size), 0, []
        for one in split(fields.get(8, "")):
            value, place = read(body, place, one, order)
            values.append(value)
        return kind, serial, fields, values

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def split(signature: str) -> list[str]:
    """Return the complete types of a signature."""
    found, place = [], 0
    while place < len(signature):
        end = _end(signature, place)
        found.append(signature[place:end])
        place = end
    return found


def _end(signature: str, place: int) -> int:
    if signature[place] == "a":
        return _end(signature, place + 1)
    if signature[place] in "({":
        depth = 0
        for at in range(place, len(signature)):
            depth += (signature[at] in "({") - (signature[at] in ")}")
            if not depth:
                return at + 1
    return place + 1


def write(out: bytearray, kind: str, value: Any) -> None:
    """Append a value of one complete type."""
    head = kind[0]
    out += bytes(-len(out) % _ALIGN[head])
    if head in _CODES:
        out += struct.pack("<" + _CODES[head], value)
    elif head in "sog":
        raw = value.encode()
        out += struct.pack("<B" if head == "g" else "<I", len(raw)) + raw + b"\0"
    elif head == "v":
        write(out, "g", value.signature)
        write(out, value.signature, value.value)
    elif head in "({":
        for one, inner in zip(split(kind[1:-1]), value, strict=True):
            write(out, one, inner)
    else:
        rows = value.items() if isinstance(value, dict) else value
        place = len(out)
        out += bytes(4)
        out += bytes(-len(out) % _ALIGN[kind[1]])
        begin = len(out)
        for row in rows:
            write(out, kind[1:], row)
        out[place : place + 4] = struct.pack("<I", len(out) - begin)


def read(data: bytes, place: int, kind: str, order: str) -> tuple[Any, int]:
    """Return a value of one complete type and the place behind it."""
    head = kind[0]
    place += -place % _ALIGN[head]
    if head in _CODES:
        (value,) = struct.unpack_from(order + _CODES[head], data, place)
        return value, place + _SIZES[head]
    if head in "sog":
        width = 1 if head == "g" else 4
        size = int.from_bytes(data[place : place + width], "little" if order == "<" else "big")
        begin = place + width
        return data[begin : begin + size].decode(), begin + size + 1
    if head == "v":
        inner, place = read(data, place, "g", order)
        value, place = read(data, place, inner, order)
        return Variant(inner, value), place
    if head in "({":
        row = []
        for one in split(kind[1:-1]):
            value, place = read(data, place, one, order)
            row.append(value)
        return tuple(row), place
    size, place = read(data, place, "u", order)
    place += -place % _ALIGN[kind[1]]
    end, rows = place + size, []
    while place < end:
        value, place = read(data, place, kind[1:], order)
        rows.append(value)
    return (dict(rows) if kind[1] == "{" else rows), end
