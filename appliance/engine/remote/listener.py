"""Listens on the network for paired boxes. Who is not known by its certificate gets no byte of an answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.remote.connection import PeerConnection
from appliance.engine.remote.credentials import CredentialsError, Identity, peer_pin, read_pins, server_context
from appliance.engine.remote.guests import Guests
from appliance.engine.remote.keepalive import keep_alive
from appliance.engine.server import Collaborators
from appliance.foundation.tasks import TaskSet

_log = logging.getLogger(__name__)
_MAX_HANDSHAKES = 16
_MAX_HANDSHAKES_EACH = 4  # of one address: a stranger must not keep paired boxes out
_HANDSHAKE_S = 5.0
_BACKLOG = 16
_PAUSE_S = 0.5  # after an accept that failed, for want of file descriptors say


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen, as whom, and the file of those who may come (PEM). Read again whenever a file changed."""

    host: str
    port: int
    identity: Identity
    clients: Path


class Trust:
    """The files as they are now: a TLS context and the pins of those who may come."""

    def __init__(self, listening: Listening, told: Callable[[int], None]) -> None:
        """`told` hears how many boxes may come."""
        self._listening = listening
        self._told = told
        self._stamp: tuple[tuple[int, int, int], ...] = ()
        self._pins: frozenset[str] = frozenset()
        self._context: ssl.SSLContext | None = None

    def refresh(self) -> ssl.SSLContext:
        """Return the context, read again if a file changed. Raises CredentialsError: then nobody may come."""
        identity = self._listening.identity
        stamp = tuple(map(_stamp, (identity.certificate, identity.key, self._listening.clients)))
        if self._context is not None and stamp == self._stamp:
            return self._context
        self._pins, self._context = frozenset(), None
        pins = read_pins(self._listening.clients)
        context = server_context(identity, pins.values())
        self._pins, self._stamp, self._context = frozenset(pins), stamp, context
        self._told(len(pins))
        return context

    def knows(self, pin: str) -> bool:
        """Tell whether the box with this certificate may come, by the files as they are now."""
        try:
            self.refresh()
        except CredentialsError as error:
            _log.warning("no paired box may come: %s", error)
            return False
        return pin in self._pins


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        facts = path.stat()
    except OSError:
        return 0, 0, 0
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


class Listener:
    """Accepts, shakes hands within bounds, serves."""

    def __init__(self, listening: Listening, parts: Collaborators, *, active: int, memory_bytes: int) -> None:
        """Take how many answers the engine gives at one time, and how many bytes states of others may have."""
        self._listening = listening
        self._parts = parts
        self._guests = Guests(active, memory_bytes)
        self._trust = Trust(listening, self._expect)
        self._tasks = TaskSet("peers")
        self._shaking: dict[str, int] = {}
        self._socket: socket.socket | None = None

    def _expect(self, boxes: int) -> None:
        self._guests.expect(boxes)
        keeper = self._parts.states.keeper
        if keeper is not None:
            size = self._guests.state_bytes

            def limit() -> bool:
                keeper.owners.limit(size)
                return False

            self._parts.scheduler.call(limit)

    @property
    def port(self) -> int:
        """The port that is listened at, 0 before `start`."""
        return 0 if self._socket is None else int(self._socket.getsockname()[1])

    def start(self) -> str:
        """Listen; return why nobody can come in yet, "" if they can. The files may be mended later. Raises OSError."""
        family = socket.AF_INET6 if ":" in self._listening.host else socket.AF_INET
        # another engine of this box may still be ending; the system lets no other user have a part of the port
        self._socket = socket.create_server(
            (self._listening.host, self._listening.port), family=family, backlog=_BACKLOG, reuse_port=True
        )
        self._socket.setblocking(False)
        self._tasks.spawn(self._accept(self._socket), name="accept")
        try:
            self._trust.refresh()
        except CredentialsError as error:
            return str(error)
        return ""

    async def aclose(self) -> None:
        """End every connection and stop listening."""
        await self._tasks.aclose()
        if self._socket is not None:
            self._socket.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                _log.warning("a connection cannot be accepted: %s", error)
                await asyncio.sleep(_PAUSE_S)
                continue
            host = str(address[0])
            if sum(self._shaking.values()) >= _MAX_HANDSHAKES or self._shaking.get(host, 0) >= _MAX_HANDSHAKES_EACH:
                connection.close()
                continue
            self._shaking[host] = self._shaking.get(host, 0) + 1
            self._tasks.spawn(self._serve(connection, host), name="peer")

    async def _serve(self, connection: socket.socket, host: str) -> None:
        try:
            opened = await self._shake(connection, host)
        finally:
            left = self._shaking.pop(host) - 1
            if left:
                self._shaking[host] = left
        if opened is None:
            return
        reader, writer = opened
        pin = peer_pin(writer.get_extra_info("ssl_object"))
        if not pin or not self._trust.knows(pin) or not self._guests.enter(pin):
            writer.transport.abort()
            return
        peer = PeerConnection(
            reader, writer, self._parts, owner=pin, guests=self._guests, welcome=lambda: self._trust.knows(pin)
        )
        try:
            await peer.serve()
        finally:
            self._guests.leave(pin)
            peer.close()

    async def _shake(
        self, connection: socket.socket, host: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            context = self._trust.refresh()
            keep_alive(connection)
            connection.setblocking(False)
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=context,
                ssl_handshake_timeout=_HANDSHAKE_S,
                ssl_shutdown_timeout=1.0,
            )
        except (OSError, CredentialsError) as error:  # ssl.SSLError is an OSError
            _log.info("%s was not let in: %s", host, error)
            with contextlib.suppress(OSError):
                connection.close()
            return None
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
