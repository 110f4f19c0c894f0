"""One port for TLS and plaintext: the first byte of a connection decides, and is left for whoever reads on.

A TLS record of a handshake begins with 0x16, which begins no request line. Until the byte comes a socket is one small
object here; a TLS handshake costs a hundred kilobytes, so few may be under way at a time.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

from appliance.foundation.tasks import TaskSet
from appliance.gateway.transport.head import FIRST_BYTES
from appliance.gateway.transport.lobby import Lobby, Source, source_of
from appliance.protocol.version import HANDSHAKE_TIMEOUT_S

_log = logging.getLogger(__name__)

_TLS_HANDSHAKE: Final = 0x16
_ACCEPT_BURST: Final = 128
"""Connections taken in one turn of the loop, so that a flood does not keep others from their turn."""

_HANDSHAKE_S: Final = 10.0
_SHUTDOWN_S: Final = 10.0
"""As long as a slow client gets to read why it was cut off (connection.py)."""

_BREATHER_S: Final = 1.0
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

MAX_HANDSHAKES: Final = 32
MAX_HANDSHAKES_PER_SOURCE: Final = 12
"""Twice what a browser begins at once, and little enough for two others to get through a flood."""


class Acceptor:
    """Takes connections of one listening socket and hands each to a protocol made by `front`.

    `tls` is asked for each connection: the certificate may be renewed while the gateway runs. `lobby` bounds sockets
    that have said nothing, `handshakes` those that began to speak TLS.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        tls: Callable[[], ssl.SSLContext],
        front: Callable[[], asyncio.Protocol],
        lobby: Lobby,
        handshakes: Lobby,
        tasks: TaskSet,
    ) -> None:
        self._sock = sock
        self._tls = tls
        self._front = front
        self._lobby = lobby
        self._handshakes = handshakes
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._breather: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        self._loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Take no more connections; those that came stay."""
        if self._breather is not None:
            self._breather.cancel()
            self._breather = None
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._sock.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPT_BURST):
            try:
                sock, peername = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._rest(error)
                    return
                continue  # this one went away before we took it (accept(2): treat as try again)
            sock.setblocking(False)
            Knock(sock, self, source_of(peername))

    def _rest(self, error: OSError) -> None:
        """Out of descriptors or memory: asking again at once would only burn the processor."""
        _log.warning("no connection can be taken for a moment: %s", error.strerror)
        self._loop.remove_reader(self._sock)
        self._breather = self._loop.call_later(_BREATHER_S, self._resume)

    def _resume(self) -> None:
        self._breather = None
        self._loop.add_reader(self._sock, self._accept)

    def wait(self, knock: Knock) -> None:
        """Let a connection wait for its first byte."""
        self._lobby.enter(knock, HANDSHAKE_TIMEOUT_S, source=knock.source)

    def admit(self, knock: Knock, sock: socket.socket, first: int) -> None:
        """Give a connection its transport, now that its first byte is known."""
        self._lobby.leave(knock)
        if first == _TLS_HANDSHAKE:
            handshake = Handshake()
            task = handshake.task = self._tasks.spawn(self._speak_tls(sock, handshake), name="tls")
            self._handshakes.enter(handshake, _HANDSHAKE_S, source=knock.source)
        elif first in FIRST_BYTES:
            task = self._tasks.spawn(self._speak_plain(sock), name="accept")
        else:
            sock.close()
            return
        task.add_done_callback(lambda ended: sock.close() if ended.cancelled() else None)

    def forget(self, knock: Knock) -> None:
        self._lobby.leave(knock)

    async def _speak_plain(self, sock: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._front, sock)
        except OSError:
            sock.close()  # gone meanwhile

    async def _speak_tls(self, sock: socket.socket, handshake: Handshake) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._front,
                sock,
                ssl=self._tls(),
                ssl_handshake_timeout=_HANDSHAKE_S,
                ssl_shutdown_timeout=_SHUTDOWN_S,
            )
        except OSError as error:  # also what ssl raises: rubbish, a version or a certificate that is not wanted
            _log.debug("no TLS with a client: %s", error)
            sock.close()
        finally:
            self._handshakes.leave(handshake)


class Knock:
    """A connection that has not said anything yet: a socket and two references, no transport and no buffer."""

    __slots__ = ("_acceptor", "_sock", "source")

    def __init__(self, sock: socket.socket, acceptor: Acceptor, source: Source) -> None:
        self.source = source
        self._sock = sock
        self._acceptor = acceptor
        asyncio.get_running_loop().add_reader(sock, self._readable)
        acceptor.wait(self)

    def expel(self, *, late: bool) -> None:
        self._close()

    def gone(self) -> bool:
        return self._sock.fileno() < 0

    def _readable(self) -> None:
        try:
            first = self._sock.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        if not first:
            self._close()
            self._acceptor.forget(self)
            return
        asyncio.get_running_loop().remove_reader(self._sock)
        self._acceptor.admit(self, self._sock, first[0])

    def _close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()


class Handshake:
    """A TLS handshake under way, as the room of handshakes sees it."""

    __slots__ = ("task",)

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None

    def expel(self, *, late: bool) -> None:
        if self.task is not None:
            self.task.cancel()

    def gone(self) -> bool:
        return self.task is not None and self.task.done()
