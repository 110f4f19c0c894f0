"""Pages and deltas of a transcript, bounded in messages and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.gateway.methods.addressing import Place
from appliance.gateway.methods.seams import Dispatching
from appliance.gateway.methods.session_rows import SessionRows
from appliance.gateway.methods.transcript_wire import fit, size_of, wire_message
from appliance.protocol.methods.base import UNSET, Unset, or_unset
from appliance.protocol.methods.chat import (
    ChatHistoryDelta,
    ChatHistoryParams,
    ChatHistoryReset,
    ChatHistoryResult,
    ChatMetadata,
    ChatStartupParams,
    InFlightRun,
    InputReceipt,
    PendingInput,
    PendingInputs,
    SessionMessage,
)
from appliance.sessions.model import Entry, Inbound, Run, RunStatus, Session

DEFAULT_MAX_BYTES = 4 * 1024 * 1024
MAX_BYTES = 16 * 1024 * 1024  # leaves room for the rest of the frame (25 MiB)
DEFAULT_MAX_CHARS = 100_000
MAX_PENDING = 50

History = ChatHistoryResult | ChatHistoryDelta | ChatHistoryReset


class TranscriptReader(Protocol):
    """What is read here (sessions.store)."""

    async def get(self, key: str) -> Session | None: ...
    async def history(
        self, key: str, limit: int, *, before_seq: int | None = None, after_seq: int | None = None
    ) -> Sequence[Entry]: ...
    async def entry(self, key: str, entry_id: str) -> Entry | None: ...
    async def queued(self, session_key: str | None = None) -> Sequence[Inbound]: ...
    async def run(self, run_id: str) -> Run | None: ...
    async def entries_of_run(self, run_id: str) -> Sequence[Entry]: ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a client has read. `first` changes with a reset, so that old cursors stop to fit."""

    session_id: str
    first: int
    seq: int

    @classmethod
    def of(cls, session: Session | None) -> Cursor:
        if session is None:
            return cls("", 1, 0)
        return cls(session.session_id, session.last_seq - session.message_count + 1, session.last_seq)

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        session_id, _, rest = text.rpartition("@")
        first, _, seq = rest.partition("-")
        if not first.isascii() or not first.isdigit() or not seq.isascii() or not seq.isdigit():
            return None
        return cls(session_id, int(first[:18]), int(seq[:18]))

    def __str__(self) -> str:
        return f"{self.session_id}@{self.first}-{self.seq}"


class Histories:
    """Reads transcripts for chat windows."""

    def __init__(self, *, store: TranscriptReader, dispatcher: Dispatching, rows: SessionRows) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._rows = rows

    async def read(
        self, place: Place, params: ChatHistoryParams | ChatStartupParams, metadata: ChatMetadata | Unset = UNSET
    ) -> History:
        """Return a page of a transcript, or with a cursor only what came since."""
        session = await self._store.get(place.key)
        if params.cursor is not None:
            return await self._delta(place, session, params, metadata)
        return await self._page(place, session, params, metadata)

    async def _page(
        self,
        place: Place,
        session: Session | None,
        params: ChatHistoryParams | ChatStartupParams,
        metadata: ChatMetadata | Unset,
    ) -> ChatHistoryResult:
        cursor = Cursor.of(session)
        entries = await self._entries(place, cursor, params)
        max_chars = params.max_chars or DEFAULT_MAX_CHARS
        max_bytes = min(params.max_bytes or DEFAULT_MAX_BYTES, MAX_BYTES)
        messages = fit([wire_message(entry, max_chars) for entry in entries], max_bytes)
        oldest = entries[len(entries) - len(messages)].seq if messages else cursor.first
        # What was stored between the row and the entries is delivered again by the delta rather than lost.
        seen = Cursor(cursor.session_id, cursor.first, min(cursor.seq, entries[-1].seq) if entries else cursor.seq)
        older = oldest - cursor.first
        settings = session.settings if session else {}
        return ChatHistoryResult(
            session_key=place.key,
            session_id=session.session_id if session else UNSET,
            messages=messages,
            pending_inputs=await self._pending(place.key),
            delta_cursor=str(seen if not params.offset and params.message_id is None else cursor),
            has_more=older > 0,
            next_offset=cursor.seq - oldest + 1 if older > 0 else UNSET,
            total_messages=session.message_count if session else 0,
            defaults=self._rows.defaults(place.agent_id),
            session_info=self._info(place, session),
            in_flight_run=self._in_flight(place.key),
            input_receipts=await self._receipts(place.key, params.input_run_ids),
            thinking_level=or_unset(settings.get("thinkingLevel")),
            verbose_level=or_unset(settings.get("verboseLevel")),
            metadata=metadata,
        )

    async def _entries(
        self, place: Place, cursor: Cursor, params: ChatHistoryParams | ChatStartupParams
    ) -> Sequence[Entry]:
        before = cursor.seq - params.offset + 1 if params.offset else None
        if params.message_id is not None:
            anchor = await self._store.entry(place.key, params.message_id)
            if anchor is not None and anchor.seq >= cursor.first:
                before = anchor.seq + params.limit // 2 + 1
        if before is not None and before <= cursor.first:
            return []
        return await self._store.history(place.key, params.limit, before_seq=before)

    async def _delta(
        self,
        place: Place,
        session: Session | None,
        params: ChatHistoryParams | ChatStartupParams,
        metadata: ChatMetadata | Unset,
    ) -> ChatHistoryDelta | ChatHistoryReset:
        now, then = Cursor.of(session), Cursor.parse(params.cursor or "")
        if then is None or (then.session_id, then.first) != (now.session_id, now.first):
            return ChatHistoryReset()
        if not then.first - 1 <= then.seq <= now.seq or now.seq - then.seq > params.limit:
            return ChatHistoryReset()
        entries: Sequence[Entry] = ()
        if now.seq > then.seq:
            entries = await self._store.history(place.key, params.limit, after_seq=then.seq)
        messages = [wire_message(entry, params.max_chars or DEFAULT_MAX_CHARS) for entry in entries]
        if sum(size_of(one) for one in messages) > min(params.max_bytes or DEFAULT_MAX_BYTES, MAX_BYTES):
            return ChatHistoryReset()
        reached = entries[-1].seq if entries else then.seq
        return ChatHistoryDelta(
            messages=[_session_message(place, one, entry) for one, entry in zip(messages, entries, strict=True)],
            delta_cursor=str(Cursor(now.session_id, now.first, reached)),
            session_info=self._info(place, session),
            pending_inputs=await self._pending(place.key),
            in_flight_run=self._in_flight(place.key),
            input_receipts=await self._receipts(place.key, params.input_run_ids),
            metadata=metadata,
        )

    def _info(self, place: Place, session: Session | None) -> Any:
        return self._rows.row(session) if session else self._rows.absent(place.key, place.agent_id)

    def _in_flight(self, key: str) -> InFlightRun | Unset:
        run = self._dispatcher.in_flight(key)
        return InFlightRun(run_id=run.run_id, text=run.text) if run else UNSET

    async def _pending(self, key: str) -> PendingInputs:
        waiting = self._dispatcher.waiting(key)
        return PendingInputs(items=[_pending(one) for one in waiting[:MAX_PENDING]], total=len(waiting))

    async def _receipts(self, key: str, run_ids: Sequence[str] | None) -> list[InputReceipt] | Unset:
        if not run_ids:
            return UNSET
        found = [await self._receipt(key, run_id) for run_id in run_ids]
        return [receipt for receipt in found if receipt is not None]

    async def _receipt(self, key: str, run_id: str) -> InputReceipt | None:
        run = await self._store.run(run_id)
        if run is None or run.session_key != key:
            return None
        if run.status is RunStatus.QUEUED:
            return InputReceipt(run_id=run_id, state="pending")
        # A message that was merged into another turn stands among the entries of that one.
        entries = await self._store.entries_of_run(run.merged_into or run_id)
        said = next((entry.id for entry in entries if entry.idempotency_key == f"{run_id}:user"), None)
        return InputReceipt(run_id=run_id, state="consumed", consumed_by_event_id=said) if said else None


def _pending(inbound: Inbound) -> PendingInput:
    message = {
        "role": "user",
        "content": inbound.text,
        "timestamp": inbound.received_ms,
        "idempotencyKey": f"{inbound.idempotency_key}:user",
    }
    return PendingInput(id=inbound.run_id, run_id=inbound.run_id, message=message, accepted_at=inbound.received_ms)


def _session_message(place: Place, message: dict[str, Any], entry: Entry) -> SessionMessage:
    return SessionMessage(
        session_key=place.key,
        agent_id=place.agent_id,
        message=message,
        message_id=entry.id,
        message_seq=entry.seq,
    )
