"""homarus.sessions.*: search in what was said, take a session out of the box and bring it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from appliance.events import Bus, SessionChanged
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.transfers import (
    ExportParams,
    ExportResult,
    ImportParams,
    ImportResult,
    SearchParams,
    SearchResult,
    SearchRow,
)
from appliance.sessions.model import SearchHit, Session

MAX_EXPORT_BYTES = 20 * 1024 * 1024  # an answer is one frame


class TransferStore(Protocol):
    """What is read and made here (sessions.store)."""

    async def search(self, query: str, limit: int = 20, *, agent_id: str | None = None) -> Sequence[SearchHit]: ...
    def export_jsonl(self, key: str) -> AsyncIterator[str]: ...
    async def import_jsonl(self, lines: Iterable[str], now_ms: int) -> Session: ...


def methods(*, store: TransferStore, addressing: Addressing, bus: Bus) -> tuple[Method, ...]:
    """Return the methods, bound to the store."""

    async def search(_: Call, params: SearchParams) -> SearchResult:
        hits = await store.search(params.query, params.limit, agent_id=params.agent_id)
        rows = [
            SearchRow(
                key=hit.session_key,
                message_id=hit.entry.id,
                seq=hit.entry.seq,
                role=hit.entry.role.value,
                created_at=hit.entry.created_ms,
                snippet=hit.snippet,
            )
            for hit in hits
        ]
        return SearchResult(hits=rows)

    async def export(_: Call, params: ExportParams) -> ExportResult:
        place = addressing.locate(params.key)
        lines, size = [], 0
        async for line in store.export_jsonl(place.key):
            size += len(line.encode())
            if size > MAX_EXPORT_BYTES:
                raise invalid_request(f"the session is larger than {MAX_EXPORT_BYTES} bytes; take it from a backup")
            lines.append(line)
        return ExportResult(key=place.key, lines=lines)

    async def import_(call: Call, params: ImportParams) -> ImportResult:
        session = await store.import_jsonl(params.lines, call.now_ms)
        bus.publish(SessionChanged(session.key, session.agent_id, "create", None, call.now_ms))
        return ImportResult(key=session.key, session_id=session.session_id, entries=session.message_count)

    return (
        Method("homarus.sessions.search", "operator.read", SearchParams, search, result=SearchResult),
        Method("homarus.sessions.export", "operator.read", ExportParams, export, result=ExportResult),
        Method("homarus.sessions.import", "operator.admin", ImportParams, import_, result=ImportResult),
    )
