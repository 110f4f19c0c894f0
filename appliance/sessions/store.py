"""Sessions, transcripts, inbounds and runs over one database. `*_in` twins join a transaction of the caller."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from appliance.messages import JsonObject
from appliance.sessions.model import (
    Acceptance,
    Entry,
    EntryRole,
    Inbound,
    Recovery,
    Run,
    RunStatus,
    SearchHit,
    Session,
    SessionFilter,
    UsageRow,
)
from appliance.storage.database import Database

NewEntries = Sequence[tuple[EntryRole | str, JsonObject, str | None]]


class SessionStore:
    """The async face; each method is one transaction."""

    def __init__(self, database: Database, *, archive: Path | None = None) -> None:
        raise NotImplementedError

    # sessions
    async def ensure(self, key: str, agent_id: str, now_ms: int) -> Session: raise NotImplementedError
    async def get(self, key: str) -> Session | None: raise NotImplementedError
    async def list(
        self, filter: SessionFilter = SessionFilter(), *, limit: int = 100, offset: int = 0
    ) -> tuple[list[Session], int]: raise NotImplementedError
    async def resolve(
        self, *, key: str | None = None, session_id: str | None = None, label: str | None = None
    ) -> Session | None: raise NotImplementedError
    async def create(
        self, key: str, agent_id: str, now_ms: int, *, label: str | None = None, settings: JsonObject | None = None
    ) -> Session: raise NotImplementedError
    async def patch(self, key: str, changes: JsonObject, now_ms: int) -> Session:
        """changes: label, archived, pinned, unread, derived_title, settings.<name> (None removes a setting)."""
        raise NotImplementedError
    async def reset(self, key: str, now_ms: int) -> Session: raise NotImplementedError
    async def delete(self, key: str, now_ms: int, *, keep_archive: bool = True) -> list[str]: raise NotImplementedError

    # the queue and runs
    async def accept(self, inbound: Inbound) -> Acceptance: raise NotImplementedError
    async def begin_run(self, run_id: str, merge: Sequence[str], now_ms: int) -> tuple[Run, list[Entry]]:
        raise NotImplementedError
    async def fold(self, run_ids: Sequence[str], into: str, now_ms: int) -> list[Entry]:
        """Merge queued inbounds into a running run (steer)."""
        raise NotImplementedError
    async def append(self, session_key: str, run_id: str | None, messages: NewEntries, now_ms: int) -> list[Entry]:
        raise NotImplementedError
    async def finish_run(
        self,
        run_id: str,
        status: RunStatus,
        *,
        messages: NewEntries = (),
        error: JsonObject | None = None,
        result: JsonObject | None = None,
        usage: JsonObject | None = None,
        now_ms: int,
    ) -> tuple[Run, list[Entry]]: raise NotImplementedError
    async def cancel_queued(self, run_id: str, now_ms: int) -> bool: raise NotImplementedError
    async def queued(self, session_key: str | None = None) -> list[Inbound]: raise NotImplementedError
    async def run(self, run_id: str) -> Run | None: raise NotImplementedError
    async def find_run_by_key(self, session_key: str, idempotency_key: str) -> Run | None: raise NotImplementedError
    async def recover(self, now_ms: int) -> Recovery: raise NotImplementedError

    # transcripts
    async def history(
        self, key: str, limit: int, *, before_seq: int | None = None, after_seq: int | None = None
    ) -> list[Entry]:
        """Entries since the last reset, oldest first: the last `limit` (before `before_seq`), or those after `after_seq`."""
        raise NotImplementedError
    async def entry(self, key: str, entry_id: str) -> Entry | None: raise NotImplementedError
    async def entries_of_run(self, run_id: str) -> list[Entry]: raise NotImplementedError
    async def search(self, query: str, limit: int = 20) -> list[SearchHit]: raise NotImplementedError
    async def usage(self, from_ms: int, to_ms: int) -> list[UsageRow]: raise NotImplementedError
    async def export_jsonl(self, key: str) -> list[str]: raise NotImplementedError
    async def import_jsonl(self, lines: Iterable[str], now_ms: int) -> Session: raise NotImplementedError

    # twins for one transaction with other units: same arguments after the connection
    def append_in(
        self, connection: sqlite3.Connection, session_key: str, run_id: str | None, messages: NewEntries, now_ms: int
    ) -> list[Entry]: raise NotImplementedError
    def accept_in(self, connection: sqlite3.Connection, inbound: Inbound) -> Acceptance: raise NotImplementedError
