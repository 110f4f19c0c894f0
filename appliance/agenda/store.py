"""The rows of the agenda. Functions ending in `_in` take a connection, so that several parts share a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import time
from typing import Any, Final, TypeVar

from appliance.agenda.model import Due, Kind
from appliance.agenda.recurrence import next_ms
from appliance.storage.database import Database
from appliance.tools.base import ToolRefusedError

T = TypeVar("T")

MAX_PENDING_PER_SESSION: Final = 500
MAX_PENDING: Final = 10_000
_KEEP_ENDED_MS: Final = 30 * 86_400_000
_FORGET_AT_ONCE: Final = 100
_COLUMNS: Final = (
    "id, kind, session_key, agent_id, due_ms, zone, local_time, repeat, text, duration_s, relative, created_ms, locale"
)


class AgendaStore:
    """What is pending. `changed` is called after each change, so that the scheduler looks again."""

    def __init__(self, database: Database, changed: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._changed = changed

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a change in one transaction and tell the scheduler."""
        result = await self._database.write(work)
        self._changed()
        return result

    async def next_due_ms(self) -> int | None:
        """Return when the next thing is due; None when nothing is pending."""
        return await self._database.read(next_due_in)

    async def pending(self, session_key: str, kind: Kind | None = None) -> list[Due]:
        """Return what a session waits for, the nearest first."""
        return await self._database.read(lambda connection: pending_in(connection, session_key, kind))

    async def everything(self, session_key: str | None, kind: Kind | None, limit: int) -> tuple[list[Due], int]:
        """Return what is pending in a session (in all for None), the nearest first, and how many that are."""
        return await self._database.read(lambda connection: everything_in(connection, session_key, kind, limit))

    async def cancel(self, ids: Sequence[str], now_ms: int) -> list[Due]:
        """Cancel by id in one transaction; return those that were pending."""

        def work(connection: sqlite3.Connection) -> list[Due]:
            found = [due for one in ids if (due := find_in(connection, one, state="pending")) is not None]
            return [due for due in found if cancel_in(connection, due, now_ms)]

        return await self.write(work)

    async def newest(self) -> int:
        """Return the number of the row that came last; rows are numbered in the order in which they were set."""
        return await self._database.read(
            lambda connection: int(connection.execute("SELECT coalesce(max(rowid), 0) FROM agenda").fetchone()[0])
        )

    async def clock_jumped(self, delta_ms: int, now_ms: int, *, after: int, upto: int) -> int:
        """Move what was set as a length of time by the jump of the wall clock; return how many were moved.

        A box without a battery-backed clock starts in the past and jumps at its first time sync: a timer of ten
        minutes must still take ten minutes. `delta_ms` is positive when the clock went forward. Only the rows numbered
        from `after` (left out) to `upto` are moved: those that were set by the clock that was wrong.
        """
        return await self.write(lambda connection: shift_in(connection, delta_ms, now_ms, after, upto))

    def due_in(self, connection: sqlite3.Connection, now_ms: int, limit: int) -> list[Due]:
        """Return what is due and was not spoken, the oldest first, at most `limit`."""
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM agenda WHERE state = 'pending' AND due_ms <= ? ORDER BY due_ms, id LIMIT ?",
            (now_ms, limit),
        )
        return [_due(row) for row in rows]

    def mark_spoken_in(self, connection: sqlite3.Connection, due: Due, now_ms: int) -> None:
        """Record that it was told. One that repeats moves to its next time after now: what was missed is told once."""
        if due.repeat is None:
            connection.execute(
                "UPDATE agenda SET state = 'spoken', spoken = spoken + 1, updated_ms = ? WHERE id = ?", (now_ms, due.id)
            )
        else:
            at = time.fromisoformat(due.local_time)
            following = next_ms(due.repeat, at, due.time_zone(), max(now_ms, due.due_ms))
            connection.execute(
                "UPDATE agenda SET due_ms = ?, spoken = spoken + 1, updated_ms = ? WHERE id = ?",
                (following, now_ms, due.id),
            )
        connection.execute(
            "DELETE FROM agenda WHERE id IN (SELECT id FROM agenda WHERE state != 'pending' AND updated_ms < ?"
            " ORDER BY updated_ms LIMIT ?)",
            (now_ms - _KEEP_ENDED_MS, _FORGET_AT_ONCE),
        )


def next_due_in(connection: sqlite3.Connection) -> int | None:
    """Return the nearest moment at which something is due."""
    row = connection.execute("SELECT min(due_ms) FROM agenda WHERE state = 'pending'").fetchone()
    return row[0] if row else None


def add_in(connection: sqlite3.Connection, due: Due) -> None:
    """Store one. Raises ToolRefusedError that says the bound when too many are pending."""
    (own,) = connection.execute(
        "SELECT count(*) FROM agenda WHERE state = 'pending' AND session_key = ?", (due.session_key,)
    ).fetchone()
    if own >= MAX_PENDING_PER_SESSION:
        raise ToolRefusedError(
            f"There are {own} timers, alarms and reminders already, and more than {MAX_PENDING_PER_SESSION} are not"
            " kept. Cancel some first."
        )
    (total,) = connection.execute("SELECT count(*) FROM agenda WHERE state = 'pending'").fetchone()
    if total >= MAX_PENDING:
        raise ToolRefusedError(f"This box keeps at most {MAX_PENDING} timers, alarms and reminders. Cancel some first.")
    connection.execute(
        f"INSERT INTO agenda ({_COLUMNS}, state, spoken, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " 'pending', 0, ?)",
        (
            due.id,
            str(due.kind),
            due.session_key,
            due.agent_id,
            due.due_ms,
            due.zone,
            due.local_time,
            due.repeat,
            due.text,
            due.duration_s,
            int(due.relative),
            due.created_ms,
            due.locale,
            due.created_ms,
        ),
    )


def pending_in(connection: sqlite3.Connection, session_key: str, kind: Kind | None) -> list[Due]:
    """Return what a session waits for, the nearest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM agenda WHERE state = 'pending' AND session_key = ? AND (? IS NULL OR kind = ?)"
        " ORDER BY due_ms, id",
        (session_key, kind, kind),
    )
    return [_due(row) for row in rows]


def everything_in(
    connection: sqlite3.Connection, session_key: str | None, kind: Kind | None, limit: int
) -> tuple[list[Due], int]:
    """Return what is pending, the nearest first, at most `limit`, and how many that are."""
    wanted = "FROM agenda WHERE state = 'pending' AND (?1 IS NULL OR session_key = ?1) AND (?2 IS NULL OR kind = ?2)"
    (total,) = connection.execute(f"SELECT count(*) {wanted}", (session_key, kind)).fetchone()
    rows = connection.execute(f"SELECT {_COLUMNS} {wanted} ORDER BY due_ms, id LIMIT ?3", (session_key, kind, limit))
    return [_due(row) for row in rows], total


def cancel_in(connection: sqlite3.Connection, due: Due, now_ms: int) -> bool:
    """Cancel one that is pending; False when it was told or cancelled in between."""
    changed = connection.execute(
        "UPDATE agenda SET state = 'cancelled', updated_ms = ? WHERE id = ? AND state = 'pending'", (now_ms, due.id)
    )
    return changed.rowcount == 1


def find_in(connection: sqlite3.Connection, due_id: str, *, state: str) -> Due | None:
    """Return one by its id if it is in `state` (pending, spoken, cancelled)."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM agenda WHERE id = ? AND state = ?", (due_id, state)).fetchone()
    return _due(row) if row else None


def revive_in(connection: sqlite3.Connection, due: Due, now_ms: int) -> None:
    """Let one that was cancelled be pending again, at the moment that `due` says."""
    connection.execute(
        "UPDATE agenda SET state = 'pending', due_ms = ?, updated_ms = ? WHERE id = ?", (due.due_ms, now_ms, due.id)
    )


def shift_in(connection: sqlite3.Connection, delta_ms: int, now_ms: int, after: int, upto: int) -> int:
    """Move what was set as a length of time."""
    changed = connection.execute(
        "UPDATE agenda SET due_ms = due_ms + ?, updated_ms = ?"
        " WHERE state = 'pending' AND relative = 1 AND rowid > ? AND rowid <= ?",
        (delta_ms, now_ms, after, upto),
    )
    return changed.rowcount


def _due(row: tuple[Any, ...]) -> Due:
    due_id, kind, session_key, agent_id, due_ms, zone, local_time, repeat, text, duration_s, relative, *rest = row
    return Due(
        due_id,
        Kind(kind),
        session_key,
        agent_id,
        due_ms,
        zone,
        local_time,
        repeat,
        text,
        duration_s,
        bool(relative),
        *rest,
    )
