"""Children that systemd starts for us, one service for each connection (systemd.socket(5), Accept=yes).

The connection carries what to run and how it ended, one JSON line each; the streams of the child are made here and
handed over with the first line, so what it says comes to us as from a process of ours. The end of the connection is the
end of the child. The other side is appliance.supervisor.launcher.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
from pathlib import Path
from typing import Final, TypeAlias

from appliance.foundation.tasks import TaskSet
from appliance.supervisor.launcher.frame import MAX_LINE_BYTES
from appliance.supervisor.spawning.base import EXIT_OS, Order

_log = logging.getLogger(__name__)
_Stream: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CONNECT_S: Final = 10.0
_STARTED_S: Final = 30.0  # systemd, a sandbox and a Python, on a busy board
_CLOSE_S: Final = 10.0
_LOST: Final = -signal.SIGKILL


class SocketSpawner:
    """Starts a child through a socket of systemd."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def spawn(self, order: Order) -> ConnectedChild:
        """Ask for a child and wait until it runs. Raises OSError, also when nobody starts it in time."""
        line = _request(order)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await asyncio.get_running_loop().sock_connect(connection, str(self._path))
            child = await _handed_over(connection, line, order.stdin)
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError):
                raise OSError(f"{self._path} does not take a connection") from error
            if isinstance(error, BrokenPipeError):  # systemd closes one over the limit before it is read
                raise OSError(f"{self._path} takes no more connections") from error
            raise
        try:
            async with asyncio.timeout(_STARTED_S):
                await child.begun()
        except BaseException as error:
            await child.aclose()
            if isinstance(error, TimeoutError):
                raise OSError(f"nobody behind {self._path} started it within {_STARTED_S:g} s") from error
            raise
        return child


def _request(order: Order) -> bytes:
    """Return the first line. Raises OSError for what the other side would not read."""
    _, dash_m, module, *arguments = order.argv
    if dash_m != "-m":
        raise OSError(f"only modules are started this way, not {order.argv[0]}")
    line = json.dumps({"module": module, "args": arguments, "env": dict(order.env)}).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise OSError(f"its arguments have {len(line)} bytes, {MAX_LINE_BYTES} may be")
    return line


async def _handed_over(connection: socket.socket, line: bytes, wants_stdin: bool) -> ConnectedChild:
    """Make the ends of a child's streams, send the far ones with the line, keep the near ones."""
    pairs = [socket.socketpair() for _ in range(3)]
    try:
        # A line of this size fits into the buffer of a new connection; a kernel that thinks otherwise is no place.
        sent = socket.send_fds(connection, [line], [theirs.fileno() for _, theirs in pairs])
        if sent < len(line):
            raise OSError(f"only {sent} of {len(line)} bytes went out")
        stdin, stdout, stderr = [await _stream(ours) for ours, _ in pairs]
    except BaseException:
        for ours, _ in pairs:
            ours.close()
        raise
    finally:
        for _, theirs in pairs:
            theirs.close()
    if not wants_stdin:
        stdin[1].close()  # it reads the end at once, as of /dev/null
    return ConnectedChild(await _stream(connection), stdin[1] if wants_stdin else None, stdout, stderr)


async def _stream(end: socket.socket) -> _Stream:
    end.setblocking(False)
    return await asyncio.open_unix_connection(sock=end, limit=MAX_LINE_BYTES)


class ConnectedChild:
    """A child behind a connection (base.Running)."""

    def __init__(self, control: _Stream, stdin: asyncio.StreamWriter | None, stdout: _Stream, stderr: _Stream) -> None:
        self._reader, self._writer = control
        self._streams = [writer for _, writer in (stdout, stderr)] + ([stdin] if stdin is not None else [])
        self.pid = 0
        self.returncode: int | None = None
        self.stdin = stdin
        self.stdout = stdout[0]
        self.stderr = stderr[0]
        self._begun = asyncio.Event()
        self._ended = asyncio.Event()
        self._tasks = TaskSet("connected child")
        self._tasks.spawn(self._follow(), name="follow")

    async def begun(self) -> None:
        """Wait until it has a process id, or has ended instead."""
        await self._begun.wait()

    async def wait(self) -> int:
        """Wait for its end and return its exit status."""
        await self._ended.wait()
        return _LOST if self.returncode is None else self.returncode

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it with all that it started."""
        self._signal(signal.SIGKILL)

    async def aclose(self) -> None:
        """End the connection, and with it whatever is left; wait until that has happened."""
        if not self._ended.is_set():
            self.kill()
            end = TaskSet("end of a connected child")  # not asyncio.timeout: see ChildProcess._terminate
            end.spawn(self._ended.wait(), name="wait")
            try:
                await end.wait(_CLOSE_S)
            finally:
                await end.aclose()
        await self._tasks.aclose()
        self._end(None)
        for writer in (self._writer, *self._streams):
            writer.close()

    def _signal(self, number: int) -> None:
        if self.returncode is None and not self._writer.is_closing():
            self._writer.write(json.dumps({"signal": number}).encode() + b"\n")

    async def _follow(self) -> None:
        """Read how it goes until the other side ends the connection."""
        try:
            while line := await self._reader.readline():
                self._heard(json.loads(line))
        except (OSError, ValueError) as error:
            _log.warning("the launcher of a child said something odd: %s", error)
        finally:
            # Nothing at all was said: systemd has no room for another one, or the launcher is broken.
            self._end(_LOST if self.pid else EXIT_OS)

    def _heard(self, fact: object) -> None:
        match fact:
            case {"pid": int(pid)}:
                self.pid = pid
                self._begun.set()
            case {"exit": int(status)}:
                self._end(status)

    def _end(self, status: int | None) -> None:
        if self.returncode is None:
            self.returncode = status
        self._begun.set()
        self._ended.set()
