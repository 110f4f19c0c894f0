"""A connection of a paired box: the requests of `engine.server`, fewer of them, bounded and in a space of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from appliance.engine import api
from appliance.engine.remote.frames import MAX_CHUNK_BYTES
from appliance.engine.remote.guests import Guests
from appliance.engine.remote.handing import Taking
from appliance.engine.server import Collaborators, Connection, overloaded
from appliance.foundation.errors import OverloadedError

MAX_REQUEST_BYTES = 4 * 1024 * 1024
_IDLE_S = 120.0
_BODY_S = 30.0
_MAX_KEY_CHARS = 256  # of the name of a session, which is kept with its sequence
_SLACK_BYTES = 1024  # of a frame around a piece of a state


class PeerConnection(Connection):
    """Generate (a conversation), Tokenize, Info, Cancel and states that come in; nothing else.

    A prompt in raw parts, a grammar of one's own, embeddings and states that go out are not for others. Requests are
    a person's or background as they say, but never before those of this box: no priority, one turn per round for the
    whole box, and at most half of the answers at one time.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        parts: Collaborators,
        *,
        owner: str,
        guests: Guests,
        welcome: Callable[[], bool],
    ) -> None:
        """`welcome` says whether the box is still paired; asked before every request."""
        super().__init__(reader, writer, parts)
        self._owner = owner
        self._guests = guests
        self._welcome = welcome
        self._taking = Taking(parts.states, owner, lambda: guests.state_bytes)
        self._holds_slot = False

    async def _read(self) -> api.Request | None:
        while True:
            try:
                async with asyncio.timeout(_IDLE_S):
                    header = await self._reader.readexactly(api.HEADER_BYTES)
                break
            except asyncio.IncompleteReadError:
                return None
            except TimeoutError:
                if not self._busy:
                    raise
        async with asyncio.timeout(_BODY_S):
            body = await self._reader.readexactly(api.body_length(header, MAX_REQUEST_BYTES))
        request = api.decode_request(body)
        if not isinstance(request, api.Generate) and len(body) > MAX_CHUNK_BYTES + _SLACK_BYTES:
            raise api.FrameError(f"a frame of {len(body)} bytes is too large for what it asks")
        return request if self._welcome() else None

    async def _states(self, request: api.StateRequest) -> None:
        if self._busy:
            raise api.FrameError("a connection carries one request at a time")
        answer = await self._taking.answer(request)
        if answer is not None:
            self.send(answer)

    def _handle(self, request: api.PlainRequest) -> None:
        if isinstance(request, api.Embed) or (
            isinstance(request, api.Generate) and not isinstance(request.input, api.Chat)
        ):
            raise api.FrameError("a paired box may not ask this")
        super()._handle(request)

    def _generate(self, request: api.Generate) -> None:
        if not self._guests.begin(self._owner):
            self.send(overloaded("This box is busy with other answers."))
            return
        key = request.session_key[:_MAX_KEY_CHARS]
        frame = msgspec.structs.replace(request, priority=min(request.priority, 0), session_key=key)
        try:
            self._job = self._parts.scheduler.submit(frame, self._from_engine, owner=self._owner)
        except OverloadedError as error:
            self._guests.end(self._owner)
            self.send(overloaded(str(error), error.retry_after_s))
        else:
            self._busy = self._holds_slot = True

    def _deliver(self, frame: api.Answer) -> None:
        super()._deliver(frame)
        if self._holds_slot and not self._busy:
            self._holds_slot = False
            self._guests.end(self._owner)
