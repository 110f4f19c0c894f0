"""Everything a gateway listens on: TCP addresses with or without TLS, and control sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from appliance.foundation.tasks import TaskSet
from appliance.gateway.transport.accept import MAX_HANDSHAKES, MAX_HANDSHAKES_PER_SOURCE, Acceptor
from appliance.gateway.transport.front import Doors, Front
from appliance.gateway.transport.listening import BACKLOG, BindError, listening_socket
from appliance.gateway.transport.lobby import Lobby

_MAX_SOCKET_PATH: Final = 107


class _Listening(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Places:
    """Where to listen. Port 0 takes a free one, the same for every host.

    `tls` is asked per connection. `admin_socket` is for members of the admin group and needs that group.
    """

    hosts: Sequence[str]
    port: int
    control_socket: Path | None = None
    admin_socket: Path | None = None
    tls: Callable[[], ssl.SSLContext] | None = None


class Ports:
    """The listening sockets of one gateway. `open`, then `close` (no new connections), then `remove`."""

    def __init__(self, places: Places, *, tasks: TaskSet, monotonic: Callable[[], float]) -> None:
        self._places = places
        self._tasks = tasks
        self._listening: list[_Listening] = []
        self.handshakes = Lobby(limit=MAX_HANDSHAKES, per_source=MAX_HANDSHAKES_PER_SOURCE, monotonic=monotonic)
        self.port = 0

    async def open(self, doors: Doors) -> None:
        """Listen everywhere. Raises BindError; what is open by then is closed by `close`."""
        port = self._places.port
        for host in self._places.hosts:
            sock = listening_socket(host, port)
            if sock is not None:
                self._listening.append(await self._listen(sock, doors))
                port = self.port = sock.getsockname()[1]
        if self._places.control_socket is not None:
            self._listening.append(await _control(self._places.control_socket, doors, None))
        if self._places.admin_socket is not None and doors.owners.group_id is not None:
            self._listening.append(await _control(self._places.admin_socket, doors, doors.owners.group_id))

    def close(self) -> None:
        """Take no more connections."""
        for one in self._listening:
            one.close()

    def remove(self) -> None:
        """Remove what is left of the control sockets."""
        self._listening.clear()
        for path in (self._places.control_socket, self._places.admin_socket):
            if path is not None:
                path.unlink(missing_ok=True)

    async def _listen(self, sock: socket.socket, doors: Doors) -> _Listening:
        if self._places.tls is None:
            return await asyncio.get_running_loop().create_server(lambda: Front(doors), sock=sock, backlog=BACKLOG)
        return Acceptor(
            sock,
            tls=self._places.tls,
            front=lambda: Front(doors),
            lobby=doors.lobby,
            handshakes=self.handshakes,
            tasks=self._tasks,
        )


async def _control(path: Path, doors: Doors, group_id: int | None) -> _Listening:
    sock = _unix_socket(path, group_id)
    try:
        loop = asyncio.get_running_loop()
        return await loop.create_unix_server(lambda: Front(doors, control=True), sock=sock, backlog=256)
    except OSError as error:
        sock.close()
        raise _cannot(path, error) from error


def _unix_socket(path: Path, group_id: int | None) -> socket.socket:
    if len(os.fsencode(path)) > _MAX_SOCKET_PATH:
        raise BindError(f"the path of the control socket is too long: {path}; set a shorter HOMARUS_STATE_DIR")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The state lock is held, so a socket file that is there belongs to nobody.
        path.unlink(missing_ok=True)
        sock.bind(os.fspath(path))
        if group_id is not None:
            os.chown(path, -1, group_id)
        os.chmod(path, 0o600 if group_id is None else 0o660)
    except OSError as error:
        sock.close()
        raise _cannot(path, error) from error
    return sock


def _cannot(path: Path, error: OSError) -> BindError:
    return BindError(f"cannot listen on the control socket {path}: {error.strerror}")
