"""The socket side of the engine: connections and frames in the event loop, work handed to the engine thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.engine import api
from appliance.engine.native.embedding import Embedder, TextTooLongError
from appliance.engine.native.library import NativeError
from appliance.engine.native.model import Model
from appliance.engine.remote.handing import Handing, Sending
from appliance.engine.scheduling.job import Job
from appliance.engine.scheduling.scheduler import Scheduler
from appliance.foundation.errors import OverloadedError
from appliance.generation import FailureKind

_MAX_CONNECTIONS = 64
_MAX_UNSENT_BYTES = 8 * 1024 * 1024  # of one connection; a client that does not read is cut off
_FIRST_FRAME_TIMEOUT_S = 30.0
_MAX_REFUSED = 256  # at once; more are just cut off
_BACKLOG = 512  # so that a burst is refused in words, not by the kernel
_REFUSED_S = 5.0
_READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What a server needs. `embedder` None: this process makes no vectors."""

    model: Model
    scheduler: Scheduler
    embedder: Embedder | None
    info: Callable[[], api.Info]
    states: Handing


class Server:
    """Serves requests, one at a time on each connection."""

    def __init__(self, parts: Collaborators) -> None:
        self._parts = parts
        self._connections: set[Connection] = set()
        self._refused = 0
        self._server: asyncio.Server | None = None

    async def start(self, path: Path) -> None:
        """Listen at `path`, mode 0600; a socket file that a dead engine left is replaced. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        before = os.umask(0o177)  # so that the file never exists with a wider mode
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(path), backlog=_BACKLOG)
        finally:
            os.umask(before)

    async def aclose(self) -> None:
        """Close the socket and every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._parts)
        if len(self._connections) >= _MAX_CONNECTIONS:
            await self._refuse(connection, reader)
            return
        self._connections.add(connection)
        try:
            await connection.serve()
        except asyncio.CancelledError:
            pass  # the process is ending; Python 3.11 prints a traceback for a handler that was cancelled
        finally:
            self._connections.discard(connection)
            connection.close()

    async def _refuse(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        """Say that there are too many, and read on until the client has left: else it would find a broken pipe."""
        self._refused += 1
        try:
            if self._refused <= _MAX_REFUSED:
                connection.send(overloaded(f"The local model already has {_MAX_CONNECTIONS} connections."))
                async with asyncio.timeout(_REFUSED_S):
                    while await reader.read(_READ_BYTES):
                        pass
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # it was told, or this process is ending
        finally:
            self._refused -= 1
            connection.close()


class Connection:
    """One client: reads requests, writes the frames that the engine thread makes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parts: Collaborators) -> None:
        self._reader = reader
        self._writer = writer
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._job: Job | None = None
        self._desk = Sending(parts.states)
        self._busy = False
        self._closed = False

    async def serve(self) -> None:
        """Read requests until the client leaves or breaks the protocol."""
        try:
            async with asyncio.timeout(_FIRST_FRAME_TIMEOUT_S):
                request = await self._read()
            while request is not None:
                if isinstance(request, api.StateRequest):
                    await self._states(request)
                else:
                    self._handle(request)
                request = await self._read()
        except api.FrameError as error:
            self.send(api.Failed(FailureKind.INVALID_REQUEST.value, str(error), {"code": error.code}))
            with contextlib.suppress(OSError):
                await self._writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client left: the ordinary end of a connection

    def close(self) -> None:
        """End the request that is running and the connection."""
        self._closed = True
        if self._job is not None:
            self._parts.scheduler.cancel(self._job)
        self._writer.close()

    def send(self, frame: api.Answer) -> None:
        """Write a frame; a client that lets too much pile up is cut off."""
        transport = self._writer.transport
        if self._closed or transport.is_closing():
            return
        try:
            self._writer.write(api.encode(frame))
        except api.FrameError as error:
            self._writer.write(api.encode(api.Failed(FailureKind.BAD_RESPONSE.value, str(error))))
        if transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            transport.abort()

    async def _read(self) -> api.Request | None:
        try:
            header = await self._reader.readexactly(api.HEADER_BYTES)
        except asyncio.IncompleteReadError:
            return None
        return api.decode_request(await self._reader.readexactly(api.body_length(header)))

    async def _states(self, request: api.StateRequest) -> None:
        if self._busy:
            raise api.FrameError("a connection carries one request at a time")
        self.send(await self._desk.answer(request))

    def _handle(self, request: api.PlainRequest) -> None:
        if isinstance(request, api.Cancel):
            if self._job is not None:
                self._parts.scheduler.cancel(self._job)
        elif isinstance(request, api.InfoRequest):
            self.send(self._parts.info())
        elif self._busy:
            raise api.FrameError("a connection carries one request at a time")
        elif isinstance(request, api.Generate):
            self._generate(request)
        elif isinstance(request, api.Tokenize):
            self._errand(_tokenized(self._parts.model, request))
        else:
            self._embed(request)

    def _generate(self, request: api.Generate) -> None:
        try:
            self._job = self._parts.scheduler.submit(request, self._from_engine)
        except OverloadedError as error:
            self.send(overloaded(str(error), error.retry_after_s))
        else:
            self._busy = True

    def _embed(self, request: api.Embed) -> None:
        embedder = self._parts.embedder
        if embedder is None or not 0 < len(request.texts) <= api.MAX_TEXTS:
            message = f"1 to {api.MAX_TEXTS} texts can be embedded at once"
            if embedder is None:
                message = "This engine was started without embeddings."
            self.send(api.Failed(FailureKind.INVALID_REQUEST.value, message))
            return
        self._errand(_embedded(embedder, request))

    def _errand(self, steps: Iterator[api.Answer | None]) -> None:
        """Run a generator in the engine thread, one step at a time; it yields None until it has the answer."""
        self._busy = True

        def step() -> bool:
            if self._closed:
                return False
            try:
                answer = next(steps)
            except TextTooLongError as error:
                numbers = {"promptTokens": error.tokens, "window": error.window}
                answer = api.Failed(FailureKind.CONTEXT_OVERFLOW.value, str(error), numbers)
            except NativeError as error:
                answer = api.Failed(FailureKind.BAD_RESPONSE.value, str(error))
            if answer is not None:
                self._from_engine(answer)
            return answer is None

        self._parts.scheduler.call(step)

    def _from_engine(self, frame: api.Answer) -> None:
        """Take a frame in the engine thread."""
        self._parts.scheduler.outbox.put(self._loop, self._deliver, frame)

    def _deliver(self, frame: api.Answer) -> None:
        if isinstance(frame, api.Done | api.Failed | api.Embeddings | api.Tokens):
            self._busy, self._job = False, None
        self.send(frame)


def overloaded(message: str, retry_after_s: float = 1.0) -> api.Failed:
    """Return the frame that asks a client to come again later."""
    return api.Failed(FailureKind.OVERLOADED.value, message, retry_after_s=retry_after_s)


def _tokenized(model: Model, request: api.Tokenize) -> Iterator[api.Answer | None]:
    yield api.Tokens(model.tokenize(request.text, special=request.special))


def _embedded(embedder: Embedder, request: api.Embed) -> Iterator[api.Answer | None]:
    texts = [embedder.tokens(text) for text in request.texts]
    vectors: list[list[float]] = []
    for some in embedder.vectors(texts):
        vectors += some
        if len(vectors) < len(texts):
            yield None
    yield api.Embeddings(vectors, sum(map(len, texts)))
