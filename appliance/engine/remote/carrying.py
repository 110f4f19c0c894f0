"""Carries the state of a conversation from the engine of this box to that of another, where that is faster.

The bytes pass through piece by piece and are not looked at here: only engines open an envelope.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from appliance.engine import api
from appliance.engine.cache.envelope import pack_tokens
from appliance.engine.cache.handover import worth
from appliance.engine.client import EngineClient
from appliance.engine.remote.client import Exchange, PeerClient, exchange
from appliance.engine.remote.frames import (
    ENVELOPE_BYTES,
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
from appliance.generation import FailureKind, ModelError

_A = TypeVar("_A")

_log = logging.getLogger(__name__)
_LEAST_TOKENS = 64  # fewer are read again sooner than they are asked about
_NEW_SHARE = 0.5  # of the newest transfer in the average
_LEAST_MEASURED_BYTES = 64 * 1024  # a smaller transfer measures the round trip, not the link
_PATIENCE = 4.0  # times as long as expected: then the text travels instead
_PATIENCE_S = 5.0


class LinkRate:
    """How many bytes per second a link carries: a moving average over transfers, 0 before the first."""

    def __init__(self) -> None:
        self.bytes_s = 0.0

    def took(self, size: int, seconds: float) -> None:
        """Hear of a transfer."""
        if size < _LEAST_MEASURED_BYTES or seconds <= 0:
            return
        rate = size / seconds
        self.bytes_s = rate if not self.bytes_s else self.bytes_s + _NEW_SHARE * (rate - self.bytes_s)


@dataclass(frozen=True, slots=True)
class Carried:
    """What happened: `tokens` whose state is now there, or 0 and the `reason` why the text travels alone."""

    tokens: int = 0
    size: int = 0
    reason: str = ""


class Carrier:
    """Decides and carries. `local` returns the client of the engine here, None while there is none."""

    def __init__(self, local: Callable[[], EngineClient | None], peer: PeerClient, ticks: Callable[[], float]) -> None:
        self._local = local
        self._peer = peer
        self._ticks = ticks
        self.link = LinkRate()

    async def carry(self, chat: api.Chat, session_key: str) -> Carried:
        """Bring the state of the beginning of `chat` to the other box if that is worth it. Never raises ModelError.

        Whatever goes wrong, the text alone is enough for the other box.
        """
        local = self._local()
        if local is None:
            return Carried(reason="no engine here")
        try:
            return await self._carry(local, chat, session_key)
        except (ModelError, TimeoutError) as error:
            _log.info("the text travels to %s without its state: %s", self._peer.name, error)
            return Carried(reason=str(error) or "it took too long")

    async def _carry(self, local: EngineClient, chat: api.Chat, session_key: str) -> Carried:
        here, there = await local.info(), await self._peer.info()
        if not here.fingerprint or here.fingerprint != there.fingerprint:
            return Carried(reason="another model or setting")
        async with exchange(local) as own:
            found = _of(await own.ask(api.StateLook(chat, session_key)), StateFound)
            if len(found.tokens) < _LEAST_TOKENS:
                return Carried(reason="nothing here")
            async with exchange(self._peer) as far:
                return await self._offer(own, far, found, there.prefill_rate)

    async def _offer(self, own: Exchange, far: Exchange, found: StateFound, prefill_rate: float) -> Carried:
        if not self.link.bytes_s:
            await self._probe(far)
        size = found.size + 4 * len(found.tokens) + ENVELOPE_BYTES
        if not worth(
            state_bytes=size,
            link_bytes_s=self.link.bytes_s,
            tokens=len(found.tokens),
            prefill_tokens_s=prefill_rate,
        ):
            return Carried(reason="the text is read faster there")
        ticket = _of(await far.ask(StateImport(pack_tokens(found.tokens), size)), StateTicket)
        news = len(found.tokens) - ticket.known
        if not ticket.key or not worth(
            state_bytes=size, link_bytes_s=self.link.bytes_s, tokens=news, prefill_tokens_s=prefill_rate
        ):
            return Carried(reason=ticket.refusal or "known there")
        async with asyncio.timeout(_PATIENCE_S + _PATIENCE * size / self.link.bytes_s):
            return await self._send(own, far, ticket.key)

    async def _send(self, own: Exchange, far: Exchange, key: bytes) -> Carried:
        chunk = _of(await own.ask(StateExport(key)), StateChunk)
        size, started = 0, self._ticks()
        while chunk.data:
            await far.send(chunk)
            size += len(chunk.data)
            if not chunk.left:
                break
            chunk = _of(await own.ask(StateNext()), StateChunk)
        if not size:
            return Carried(reason="gone from here")
        taken = _of(await far.receive(), StateTaken)
        self.link.took(size, self._ticks() - started)
        return Carried(taken.tokens, size, taken.refusal)

    async def _probe(self, far: Exchange) -> None:
        """Guess the link by a quarter of a megabyte; TLS does not compress, so zeros do."""
        started = self._ticks()
        _of(await far.ask(Ping(bytes(MAX_PROBE_BYTES))), Pong)
        self.link.took(MAX_PROBE_BYTES, self._ticks() - started)


def _of(answer: api.Answer, kind: type[_A]) -> _A:
    if isinstance(answer, kind):
        return answer
    raise ModelError(FailureKind.BAD_RESPONSE, "The answer to a state is another one than was asked for.")
