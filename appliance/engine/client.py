"""The asynchronous client of an engine process: one Unix connection per request, closed to cancel."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from appliance.engine import api
from appliance.generation import FailureKind, ModelError

_A = TypeVar("_A")

_CONNECT_TIMEOUT_S = 5.0
_BUSY_S = 1.0
_INFO_TIMEOUT_S = 10.0  # it is answered beside all work
_KINDS = {kind.value: kind for kind in FailureKind}


@dataclass(frozen=True, slots=True)
class Words:
    """What the owner reads when an engine does not answer as it should; `name` begins a sentence."""

    name: str = "The local model"
    gone: str = "The local model stopped in the middle of its work. It is started again by itself; ask once more."
    stuck: str = "The local model does not answer. `homarus doctor` says more."
    busy: str = "The local model is asked by more than it can take; ask again in a moment."
    away: str = "The local model is not running. `homarus doctor` says why."


class EngineClient:
    """Talk to the engine that listens at `path`. Holds no connection between requests; safe for concurrent use."""

    words = Words()
    max_frame_bytes = api.MAX_FRAME_BYTES  # of an answer

    def __init__(self, path: Path, *, before: Callable[[], Awaitable[None]] | None = None) -> None:
        """`before` is awaited in front of every request: who starts the engine may let it come up first."""
        self._path = path
        self._before = before

    async def info(self) -> api.Info:
        """Return what the engine runs. Raises ModelError."""
        try:
            async with asyncio.timeout(_INFO_TIMEOUT_S):
                return await self._one(api.InfoRequest(), api.Info)
        except TimeoutError as error:
            raise ModelError(FailureKind.TIMEOUT, self.words.stuck) from error

    async def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Return the token ids of `text`. Raises ModelError."""
        return (await self._one(api.Tokenize(text, special), api.Tokens)).tokens

    async def embed(self, texts: Sequence[str]) -> api.Embeddings:
        """Return one vector of length 1 per text. Raises ModelError."""
        return await self._one(api.Embed(list(texts)), api.Embeddings)

    async def generate(self, frame: api.Generate) -> AsyncGenerator[api.StreamAnswer, None]:
        """Yield the answer's frames, `Done` last. Raises ModelError; aclose or task cancellation cancels it."""
        async with contextlib.aclosing(self._answers(frame)) as answers:
            async for answer in answers:
                if isinstance(answer, api.Embeddings | api.Tokens | api.Info | api.Failed | api.StateAnswer):
                    raise ModelError(FailureKind.BAD_RESPONSE, f"{self.words.name} answered out of order.")
                yield answer
                if isinstance(answer, api.Done):
                    return

    async def _one(self, request: api.Request, kind: type[_A]) -> _A:
        async with contextlib.aclosing(self._answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, kind):
                    return answer
        raise ModelError(FailureKind.BAD_RESPONSE, f"{self.words.name} answered out of order.")

    async def _answers(self, request: api.Request) -> AsyncGenerator[api.Answer, None]:
        """Send one request and yield every answer; `Failed` and a lost connection become ModelError."""
        data = _encoded(request)
        reader, writer = await self.connect()
        try:
            writer.write(data)
            while True:
                answer = await self.read(reader)
                if isinstance(answer, api.Failed):
                    raise _error(answer)
                yield answer
        finally:
            # abort, not close: the engine must learn at once that nobody listens any more
            writer.transport.abort()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a new connection; whoever called it aborts it. Raises ModelError."""
        if self._before is not None:
            await self._before()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                return await asyncio.open_unix_connection(str(self._path))
        except (OSError, TimeoutError) as error:
            raise ModelError(FailureKind.UNAVAILABLE, self.words.away, details={"reason": str(error)}) from error

    async def read(self, reader: asyncio.StreamReader) -> api.Answer:
        """Return the next answer. Raises ModelError."""
        try:
            length = api.body_length(await reader.readexactly(api.HEADER_BYTES), self.max_frame_bytes)
            return api.decode_answer(await reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError) as error:
            # asyncio takes a full backlog of a Unix socket for a connection that was made
            if isinstance(error, OSError) and error.errno == errno.ENOTCONN:
                raise ModelError(FailureKind.OVERLOADED, self.words.busy, retry_after_s=_BUSY_S) from error
            raise ModelError(FailureKind.UNAVAILABLE, self.words.gone) from error
        except api.FrameError as error:
            raise ModelError(FailureKind.BAD_RESPONSE, f"{self.words.name} sent a broken frame: {error}") from error


def _encoded(request: api.Request) -> bytes:
    try:
        return api.encode(request)
    except api.FrameError as error:
        raise ModelError(FailureKind.INVALID_REQUEST, f"The request is too large: {error}") from error


def _error(failed: api.Failed) -> ModelError:
    return ModelError(
        _KINDS.get(failed.kind, FailureKind.UNAVAILABLE),
        failed.message,
        retry_after_s=failed.retry_after_s,
        details=failed.details,
    )
