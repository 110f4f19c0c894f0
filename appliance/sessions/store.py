"""Sessions, transcripts, inbounds and runs over one database. `*_in` twins join a transaction of the caller."""

from __future__ import annotations

import asyncio
import builtins
import gzip
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.ids import new_id
from appliance.messages import JsonObject
from appliance.sessions import portable, rows, runs, transcript
from appliance.sessions.errors import SessionBusyError
from appliance.sessions.model import (
    Acceptance,
    Entry,
    Inbound,
    Recovery,
    Run,
    RunStatus,
    SearchHit,
    Session,
    SessionFilter,
    UsageRow,
)
from appliance.sessions.transcript import NewEntries
from appliance.storage.database import Database

_ALL = SessionFilter()
_EXPORT_PAGE = 500
_KEPT_MS = 30 * 24 * 3600 * 1000


def _entry_token() -> str:
    return secrets.token_hex(8)


class SessionStore:
    """The async face; each method is one transaction, durable when it returns (`begin_run` with the next one).

    `archive` is where transcripts of deleted sessions are kept (None: they are not). `ids` and `tokens` make session
    ids and the random part of entry ids.
    """

    def __init__(
        self,
        database: Database,
        *,
        archive: Path | None = None,
        ids: Callable[[], str] = new_id,
        tokens: Callable[[], str] = _entry_token,
    ) -> None:
        self._database = database
        self._archive = archive
        self._ids = ids
        self._tokens = tokens

    # Sessions.

    async def ensure(self, key: str, agent_id: str, now_ms: int) -> Session:
        """Return the session of a whole key, made with its first use. Raises SessionKeyError."""
        if (session := await self.get(key)) is not None:
            return session
        return await self._database.write(lambda connection: self.ensure_in(connection, key, agent_id, now_ms))

    async def get(self, key: str) -> Session | None:
        return await self._database.read(lambda connection: rows.get(connection, key))

    async def list(
        self, filter: SessionFilter = _ALL, *, limit: int = 100, offset: int = 0
    ) -> tuple[builtins.list[Session], int]:
        """Return one page (pinned first, then by last activity) and how many fit in all."""
        return await self._database.read(lambda connection: rows.listing(connection, filter, limit, offset))

    async def resolve(
        self, *, key: str | None = None, session_id: str | None = None, label: str | None = None
    ) -> Session | None:
        """Return the session that fits all that is given."""
        return await self._database.read(
            lambda connection: rows.find(connection, key=key, session_id=session_id, label=label)
        )

    async def create(
        self,
        key: str,
        agent_id: str,
        now_ms: int,
        *,
        label: str | None = None,
        settings: JsonObject | None = None,
    ) -> Session:
        """Make a session. Raises SessionKeyError, ConflictError `session_exists` or `label_in_use`."""

        def work(connection: sqlite3.Connection) -> Session:
            rows.insert(connection, key, agent_id, now_ms, self._ids())
            return rows.patch(connection, key, {"label": label, "settings": settings or {}}, now_ms)

        return await self._database.write(work)

    async def patch(self, key: str, changes: JsonObject, now_ms: int) -> Session:
        """Change label, derived_title, archived, pinned, unread, or `settings` (merged; None removes one).

        Raises SessionMissingError, ConflictError `label_in_use`, SessionError for an unknown field.
        """
        return await self._database.write(lambda connection: rows.patch(connection, key, changes, now_ms))

    async def reset(self, key: str, now_ms: int) -> Session:
        """Begin anew under the same key, id and settings. Raises SessionMissingError."""
        return await self._database.write(lambda connection: rows.reset(connection, key, now_ms))

    async def delete(self, key: str, now_ms: int, *, keep_archive: bool = True) -> builtins.list[str]:
        """Remove a session with its transcript; return the paths of the archives made of it.

        What waits in its queue is cancelled. Raises SessionMissingError, SessionBusyError while a run is active.
        """
        while True:
            session = await self._database.read(lambda connection: rows.need(connection, key))
            archived = await self._archived(session, now_ms) if keep_archive else []
            # Entries that came while the archive was written would be lost: write it again.
            delete = partial(_delete, key=key, archived_seq=session.last_seq, now_ms=now_ms)
            if await self._database.write(delete):
                return archived

    async def _archived(self, session: Session, now_ms: int) -> builtins.list[str]:
        if self._archive is None or session.last_seq == 0:
            return []
        lines = [line async for line in self._export(session)]
        path = self._archive / f"{session.session_id}.jsonl.deleted.{now_ms}.gz"

        def write() -> None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomic(path, gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=now_ms // 1000))

        await asyncio.to_thread(write)
        return [str(path)]

    # The queue and runs.

    async def accept(self, inbound: Inbound) -> Acceptance:
        """Queue an inbound: the acknowledgement is durable when this returns. A replay finds its first run.

        Raises ConflictError `chat_request_conflict` when the key was used for another request, SessionKeyError.
        """
        return await self._database.write(lambda connection: self.accept_in(connection, inbound))

    async def begin_run(self, run_id: str, merge: Sequence[str], now_ms: int) -> tuple[Run, builtins.list[Entry]]:
        """Start a queued run with `merge` folded in; write their user entries in the order of acceptance.

        Raises RunMissingError, RunEndedError, SessionBusyError: a session never has two active runs.
        """
        # Acknowledges nothing: undone by a power cut, the run is queued as `accept` left it and begins again. Nothing
        # that it did durably can outlive its beginning, because commits reach the disk in their order.
        return await self._database.write(
            lambda connection: runs.begin(connection, run_id, merge, now_ms, self._tokens), durable=False
        )

    async def fold(self, run_ids: Sequence[str], into: str, now_ms: int) -> builtins.list[Entry]:
        """Merge queued inbounds into a run that is active (steer). Raises RunMissingError, RunEndedError."""
        return await self._database.write(lambda connection: runs.fold(connection, run_ids, into, now_ms, self._tokens))

    async def append(
        self, session_key: str, run_id: str | None, messages: NewEntries, now_ms: int
    ) -> builtins.list[Entry]:
        """Add entries to a transcript. Raises SessionMissingError."""
        return await self._database.write(
            lambda connection: self.append_in(connection, session_key, run_id, messages, now_ms)
        )

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
    ) -> tuple[Run, builtins.list[Entry]]:
        """End a run, exactly once, together with its last entries. Raises RunMissingError, RunEndedError."""
        return await self._database.write(
            lambda connection: self.finish_run_in(
                connection,
                run_id,
                status,
                messages=messages,
                error=error,
                result=result,
                usage=usage,
                now_ms=now_ms,
            )
        )

    async def cancel_queued(self, run_id: str, now_ms: int) -> bool:
        """End a run that has not begun as aborted; False when it has begun, ended or never was."""
        return await self._database.write(lambda connection: runs.cancel_queued(connection, run_id, now_ms))

    async def queued(self, session_key: str | None = None) -> builtins.list[Inbound]:
        """Return what waits, in the order of acceptance."""
        return await self._database.read(lambda connection: runs.queued(connection, session_key))

    async def run(self, run_id: str) -> Run | None:
        return await self._database.read(lambda connection: runs.get(connection, run_id))

    async def find_run_by_key(self, session_key: str, idempotency_key: str) -> Run | None:
        return await self._database.read(lambda connection: runs.by_key(connection, session_key, idempotency_key))

    async def recover(self, now_ms: int) -> Recovery:
        """At boot: end what a crash interrupted, and return what was accepted and has not begun."""

        def work(connection: sqlite3.Connection) -> Recovery:
            interrupted, notes = runs.recover(connection, now_ms, self._tokens)
            return Recovery(interrupted, runs.queued(connection, None), notes)

        return await self._database.write(work)

    # Transcripts.

    async def history(
        self, key: str, limit: int, *, before_seq: int | None = None, after_seq: int | None = None
    ) -> builtins.list[Entry]:
        """Return entries since the last reset, oldest first, at most 1000.

        The last `limit` (before `before_seq` where given), or with `after_seq` the first `limit` after that one.
        """
        return await self._database.read(
            lambda connection: transcript.history(connection, key, limit, before_seq, after_seq)
        )

    async def context(self, key: str, limit: int) -> tuple[Session, builtins.list[Entry]]:
        """Return a session with its last entries, in one read: each turn begins so. Raises SessionMissingError."""
        return await self._database.read(
            lambda connection: (rows.need(connection, key), transcript.history(connection, key, limit, None, None))
        )

    async def entry(self, key: str, entry_id: str) -> Entry | None:
        return await self._database.read(lambda connection: transcript.by_id(connection, key, entry_id))

    async def entries_of_run(self, run_id: str) -> builtins.list[Entry]:
        return await self._database.read(lambda connection: transcript.of_run(connection, run_id))

    async def search(self, query: str, limit: int = 20, *, agent_id: str | None = None) -> builtins.list[SearchHit]:
        """Return entries that hold every word of `query` (the last may be a beginning), best first."""
        return await self._database.read(lambda connection: transcript.search(connection, query, limit, agent_id))

    async def usage(self, from_ms: int, to_ms: int) -> builtins.list[UsageRow]:
        """Return tokens of the runs that ended in [from_ms, to_ms), by session, provider and model."""
        return await self._database.read(lambda connection: runs.usage(connection, from_ms, to_ms))

    async def export_jsonl(self, key: str) -> AsyncIterator[str]:
        """Yield the session as JSON lines without line ends, entries from before resets too.

        Raises SessionMissingError.
        """
        session = await self._database.read(lambda connection: rows.need(connection, key))
        async for line in self._export(session):
            yield line

    async def _export(self, session: Session) -> AsyncIterator[str]:
        yield portable.header_line(session)
        done = 0
        while done < session.last_seq:
            limit = min(_EXPORT_PAGE, session.last_seq - done)
            page = await self._database.read(
                partial(transcript.all_entries, key=session.key, after_seq=done, limit=limit)
            )
            if not page:
                return  # deleted meanwhile
            for line in portable.entry_lines(page):
                yield line
            done = page[-1].seq

    async def import_jsonl(self, lines: Iterable[str], now_ms: int) -> Session:
        """Make a session from an export. Raises SessionError that names the line, ConflictError."""
        texts = tuple(lines)
        return await self._database.write(lambda connection: portable.load(connection, texts, now_ms, self._ids()))

    # Keeping house.

    async def prune(self, now_ms: int, *, kept_ms: int = _KEPT_MS) -> int:
        """Forget runs that ended, and entries from before a reset, more than `kept_ms` ago; return how many rows."""
        before = now_ms - kept_ms

        def work(connection: sqlite3.Connection) -> int:
            gone = connection.execute("DELETE FROM runs WHERE ended_ms < ?", (before,)).rowcount
            gone += connection.execute(
                "DELETE FROM entries WHERE created_ms < ? AND seq <="
                " (SELECT base_seq FROM sessions WHERE key = entries.session_key)",
                (before,),
            ).rowcount
            return gone

        return await self._database.write(work)

    async def blobs_in_use(self) -> frozenset[str]:
        """Return the hashes of the blobs that any session names, for Blobs.sweep."""
        return await self._database.read(
            lambda connection: frozenset(row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM blob_uses"))
        )

    # Twins that join a transaction of the caller.

    def ensure_in(self, connection: sqlite3.Connection, key: str, agent_id: str, now_ms: int) -> Session:
        """`ensure` inside a transaction."""
        return rows.ensure(connection, key, agent_id, now_ms, self._ids)

    def accept_in(self, connection: sqlite3.Connection, inbound: Inbound) -> Acceptance:
        """`accept` inside a transaction."""
        self.ensure_in(connection, inbound.session_key, inbound.agent_id, inbound.received_ms)
        return runs.accept(connection, inbound)

    def append_in(
        self,
        connection: sqlite3.Connection,
        session_key: str,
        run_id: str | None,
        messages: NewEntries,
        now_ms: int,
    ) -> builtins.list[Entry]:
        """`append` inside a transaction."""
        return transcript.append(connection, session_key, run_id, messages, now_ms, self._tokens)

    def begin_run_in(
        self, connection: sqlite3.Connection, run_id: str, merge: Sequence[str], now_ms: int
    ) -> tuple[Run, builtins.list[Entry]]:
        """`begin_run` inside a transaction."""
        return runs.begin(connection, run_id, merge, now_ms, self._tokens)

    def finish_run_in(
        self,
        connection: sqlite3.Connection,
        run_id: str,
        status: RunStatus,
        *,
        messages: NewEntries = (),
        error: JsonObject | None = None,
        result: JsonObject | None = None,
        usage: JsonObject | None = None,
        now_ms: int,
    ) -> tuple[Run, builtins.list[Entry]]:
        """`finish_run` inside a transaction."""
        return runs.finish(
            connection,
            run_id,
            status,
            messages=messages,
            error=error,
            result=result,
            usage=usage,
            now_ms=now_ms,
            token=self._tokens,
        )


def _delete(connection: sqlite3.Connection, key: str, archived_seq: int, now_ms: int) -> bool:
    """Remove every row of a session; False when entries came after `archived_seq`."""
    session = rows.need(connection, key)
    if connection.execute("SELECT 1 FROM runs WHERE session_key = ? AND status = 'running'", (key,)).fetchone():
        raise SessionBusyError("this session has an active run; abort it first")
    if session.last_seq != archived_seq:
        return False
    connection.execute(
        "UPDATE runs SET status = 'aborted', ended_ms = ? WHERE session_key = ? AND status = 'queued'",
        (now_ms, key),
    )
    # The rows of its runs stay, emptied: a replay of an old request must not run again.
    connection.execute(
        "UPDATE runs SET text = NULL, attachments = NULL, origin = '{}', error = NULL, result = NULL"
        " WHERE session_key = ?",
        (key,),
    )
    for table, column in (("entries", "session_key"), ("blob_uses", "session_key"), ("sessions", "key")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))
    return True
