"""Both ends of a hand-over inside an engine: what leaves it for another box, and what it takes in.

The engine thread only copies; sums over many megabytes are made in a thread beside it, so that answers go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from appliance.engine import api
from appliance.engine.answering.errors import JobError
from appliance.engine.answering.preparing import chat_tokens
from appliance.engine.cache.envelope import (
    MAC_BYTES,
    MAX_TOKENS,
    Blob,
    Header,
    Refusal,
    head_bytes,
    read_head,
    seal,
    unpack_tokens,
)
from appliance.engine.cache.handover import KEY_BYTES, export, prove, take_in
from appliance.engine.chat.prompt import ChatError, PromptMaker
from appliance.engine.native.library import NativeError
from appliance.engine.native.model import Model
from appliance.engine.remote.frames import (
    MAX_CHUNK_BYTES,
    MAX_PROBE_BYTES,
    Ping,
    Pong,
    StateChunk,
    StateExport,
    StateFound,
    StateImport,
    StateNext,
    StateTaken,
    StateTicket,
)
from appliance.engine.scheduling.keeper import Keeper
from appliance.engine.scheduling.scheduler import Scheduler

PIECE_BYTES = 256 * 1024  # what one frame of ours carries; encrypting it takes a small box a few milliseconds

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Handing:
    """What a hand-over needs of an engine; `keeper` None: this engine makes no text. `chance` returns random bytes."""

    model: Model
    prompts: PromptMaker
    scheduler: Scheduler
    keeper: Keeper | None
    chance: Callable[[], bytes]

    async def in_engine(self, work: Callable[[Keeper], _T]) -> _T | None:
        """Run `work` in the engine thread between two steps; None where it could not be done."""
        keeper = self.keeper
        if keeper is None:
            return None
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_T | None] = loop.create_future()

        def errand() -> bool:
            result: _T | None = None
            try:
                result = work(keeper)
            except (NativeError, MemoryError):  # no room, or llama.cpp would not: then the text is read again
                result = None
            with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
                loop.call_soon_threadsafe(_settle, done, result)
            return False

        self.scheduler.call(errand)
        return await done


def _settle(done: asyncio.Future[_T | None], result: _T | None) -> None:
    if not done.done():
        done.set_result(result)


class Sending:
    """What the gateway of this box asks for on one connection: look, then fetch piece after piece."""

    def __init__(self, handing: Handing) -> None:
        self._handing = handing
        self._asked: tuple[list[int], str] = ([], "")
        self._rest: list[memoryview] = []

    async def answer(self, request: api.StateRequest) -> api.StateAnswer:
        """Do what is asked. Raises FrameError for what only another box may ask."""
        if isinstance(request, api.StateLook):
            return await self._look(request)
        if isinstance(request, StateExport) and len(request.key) == KEY_BYTES:
            await self._export(request.key)
        elif not isinstance(request, StateNext):
            raise api.FrameError("this is not asked here")
        return self._piece()

    async def _look(self, request: api.StateLook) -> StateFound:
        self._rest.clear()

        def work(keeper: Keeper) -> tuple[list[int], int]:
            return self._taken(keeper, request, lambda tokens, sequence: (tokens, keeper.states.size(sequence)))

        tokens, size = await self._handing.in_engine(work) or ([], 0)
        self._asked = (tokens, request.session_key)
        return StateFound(tokens, size if tokens else 0)

    def _taken(
        self, keeper: Keeper, request: api.StateLook, use: Callable[[list[int], int], tuple[list[int], int]]
    ) -> tuple[list[int], int]:
        """Bring what is known of the prompt into a sequence, as a turn of this session would."""
        handing = self._handing
        try:
            window = handing.scheduler.counts.window
            tokens = chat_tokens(handing.prompts.prompt(request.input).pieces, handing.model, window)
        except (ChatError, JobError):
            return [], 0
        taken = keeper.take(tokens, request.session_key, keep=False)
        if taken is None:  # every sequence is busy
            return [], 0
        resident, _ = taken
        try:
            return use(list(resident.tokens), resident.sequence) if resident.tokens else ([], 0)
        finally:
            keeper.release(resident)

    async def _export(self, key: bytes) -> None:
        tokens, session_key = self._asked
        self._rest.clear()

        def work(keeper: Keeper) -> tuple[Header, Blob] | None:
            if keeper.store is None or not tokens:
                return None
            # one token more: the last of a prompt is never taken from the cache
            taken = keeper.take([*tokens, 0], session_key, keep=False)
            if taken is None:
                return None
            resident, _ = taken
            try:
                if resident.tokens != tokens:
                    return None
                return export(keeper.store, keeper.states, resident.sequence, tokens)
            finally:
                keeper.release(resident)

        exported = await self._handing.in_engine(work)
        if exported is not None:
            sealed = await asyncio.to_thread(seal, *exported, key)
            self._rest = [piece for part in sealed for piece in _pieces(memoryview(part))]
            self._rest.reverse()

    def _piece(self) -> StateChunk:
        if not self._rest:
            return StateChunk(b"", 0)
        data = bytes(self._rest.pop())
        return StateChunk(data, sum(map(len, self._rest)))


def _pieces(part: memoryview) -> Sequence[memoryview]:
    return [part[at : at + PIECE_BYTES] for at in range(0, len(part), PIECE_BYTES)]


class Taking:
    """What another box may hand in on one connection, one state at a time, into the space of `owner`.

    A box that holds a valid certificate may still send anything: nothing reaches llama.cpp that is not whole, signed
    for this connection and of this very model, and what it sends is found by its own requests only.
    """

    def __init__(self, handing: Handing, owner: str, limit: Callable[[], int]) -> None:
        self._handing = handing
        self._owner = owner
        self._limit = limit
        self._key = b""
        self._promised = 0
        self._data = bytearray()

    async def answer(self, request: api.StateRequest) -> api.StateAnswer | None:
        """Do what is asked; None: more is to come. Raises FrameError for what breaks the protocol."""
        if isinstance(request, Ping) and len(request.data) <= MAX_PROBE_BYTES:
            return Pong(len(request.data))
        if isinstance(request, StateImport):
            return await self._begin(request)
        if isinstance(request, StateChunk):
            return await self._take(request)
        raise api.FrameError("a paired box may not ask this")

    async def _begin(self, request: StateImport) -> StateTicket:
        self._forget()
        if len(request.tokens) % 4 or not 0 < len(request.tokens) <= 4 * MAX_TOKENS or request.size <= 0:
            raise api.FrameError("an offer without sense")
        tokens = unpack_tokens(request.tokens)
        known = await self._handing.in_engine(lambda keeper: keeper.known([*tokens, 0], self._owner)) or 0
        if request.size > self._limit():
            return StateTicket(b"", known, Refusal.ROOM.value)
        self._key, self._promised = self._handing.chance(), request.size
        return StateTicket(self._key, known)

    async def _take(self, chunk: StateChunk) -> StateTaken | None:
        data = self._data
        if not self._key or not chunk.data or len(chunk.data) > MAX_CHUNK_BYTES or chunk.left < 0:
            self._forget()
            raise api.FrameError("a piece of nothing")
        if len(data) + len(chunk.data) + chunk.left > self._promised:
            self._forget()
            raise api.FrameError("more than was offered")
        data += chunk.data
        if chunk.left:
            refusal = self._doubt(len(data) + chunk.left)
            if refusal is not None:
                self._forget()
                return StateTaken(0, refusal.value)
            return None
        key, self._data = self._key, bytearray()
        self._forget()
        return await self._whole(data, key)

    def _doubt(self, total: int) -> Refusal | None:
        """Look at the header as soon as it is there: a hundred megabytes of another model need not come."""
        end = head_bytes(self._data) if len(self._data) >= MAC_BYTES else 0
        if isinstance(end, Refusal):
            return end
        if not 0 < end <= len(self._data):
            return None
        header = read_head(self._data, total)
        if isinstance(header, Refusal):
            return header
        return None if header.fingerprint == self._fingerprint() else Refusal.FINGERPRINT

    async def _whole(self, data: bytearray, key: bytes) -> StateTaken:
        opened = await asyncio.to_thread(prove, data, key, self._fingerprint())
        if isinstance(opened, Refusal):
            return StateTaken(0, opened.value)

        def work(keeper: Keeper) -> int | Refusal:
            store = keeper.owners.store(self._owner)
            return Refusal.ROOM if store is None else take_in(store, opened)

        taken = await self._handing.in_engine(work)
        return StateTaken(taken) if isinstance(taken, int) else StateTaken(0, (taken or Refusal.ROOM).value)

    def _fingerprint(self) -> bytes:
        keeper = self._handing.keeper
        return b"" if keeper is None or keeper.store is None else bytes.fromhex(keeper.store.fingerprint)

    def _forget(self) -> None:
        self._key, self._promised, self._data = b"", 0, bytearray()
