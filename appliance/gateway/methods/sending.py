"""From a request of any surface to one accepted inbound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from appliance.dispatch.dispatcher import Submitted
from appliance.foundation.clock import Clock
from appliance.foundation.ids import digest
from appliance.gateway.methods.addressing import Place
from appliance.gateway.methods.attachments import Attached, Picture, decode, with_texts
from appliance.gateway.methods.seams import Dispatching
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.chat import Attachment
from appliance.sessions.model import Entry, Inbound, Session, Source
from appliance.storage.blobs import BlobRef


class BlobKeeper(Protocol):
    """Where images are kept (storage.blobs)."""

    async def put(self, content: bytes, media_type: str) -> BlobRef: ...


class SessionReader(Protocol):
    """What sending needs to know of sessions (sessions.store)."""

    async def get(self, key: str) -> Session | None: ...
    async def history(
        self, key: str, limit: int, *, before_seq: int | None = None, after_seq: int | None = None
    ) -> Sequence[Entry]: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way in. `origin` is what was asked for this run alone; None values are left out."""

    place: Place
    text: str
    idempotency_key: str
    attachments: Sequence[Attachment] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    lane: str | None = None
    pictures: Sequence[Picture] = ()


class Sender:
    """Keeps attachments as blobs and hands messages to the dispatcher."""

    def __init__(self, *, store: SessionReader, dispatcher: Dispatching, blobs: BlobKeeper, clock: Clock) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._blobs = blobs
        self._clock = clock

    async def send(self, outgoing: Outgoing) -> Submitted:
        """Accept a message; when this returns it is on disk. Raises WireError, OverloadedError, ConflictError."""
        attached = decode(outgoing.attachments) if outgoing.attachments else Attached()
        text = with_texts(outgoing.text, attached.texts)
        pictures = (*attached.pictures, *outgoing.pictures)
        if not text.strip() and not pictures:
            raise invalid_request("message or attachment required")
        blobs = [await self._blobs.put(one.content, one.media_type) for one in pictures]
        origin = {name: value for name, value in outgoing.origin.items() if value is not None}
        inbound = Inbound(
            run_id=outgoing.idempotency_key,
            session_key=outgoing.place.key,
            agent_id=outgoing.place.agent_id,
            source=Source.MESSAGE,
            text=text,
            attachments=tuple(blobs),
            idempotency_key=outgoing.idempotency_key,
            request_digest=request_digest(outgoing.place.key, text, blobs, origin.get("thinking")),
            lane=outgoing.lane or lane_of(outgoing.place.key),
            received_ms=self._clock.now_ms(),
            origin=origin,
        )
        return await self._dispatcher.submit(inbound)

    async def check_expected(
        self, place: Place, session_id: str | None, leaf: str | msgspec.UnsetType | None = UNSET
    ) -> None:
        """Refuse a message that was written for another state of the session than the present one."""
        if session_id is not None:
            session = await self._store.get(place.key)
            if session is not None and session.session_id != session_id:
                raise invalid_request(
                    "session changed since it was read; load it again",
                    details={"reason": "session-id-mismatch", "sessionId": session.session_id},
                )
        if leaf is not UNSET:
            last = await self._store.history(place.key, 1)
            if (last[-1].id if last else None) != leaf:
                raise invalid_request(
                    "conversation changed since it was read; load it again",
                    details={"reason": "leaf-entry-mismatch"},
                )


def lane_of(key: str) -> str:
    """Return the lane in which a session runs."""
    kind = key.split(":")[2] if key.count(":") >= 2 else ""
    return kind if kind in ("subagent", "cron") else "main"


def request_digest(key: str, text: str, blobs: Sequence[BlobRef], thinking: Any) -> str:
    """Return what tells a replay from a different request under the same idempotency key."""
    return digest(msgspec.json.encode([key, text, [one.sha256 for one in blobs], thinking]))
