"""A box that talks to itself until it is killed. It prints one line for each thing that it acknowledged.

Arguments: state directory, first number. Each conversation: accept, begin, a tool result, a timer spoken together with
its mark, end. Run as `python -m tests.storage.kill_child`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from itertools import count
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.model import Inbound, RunStatus, Source
from appliance.sessions.store import SessionStore
from appliance.storage import Database, Migration

SESSIONS = 4
ALL_MIGRATIONS = (
    *MIGRATIONS,
    Migration("test:0001_timers", "CREATE TABLE timers (id TEXT PRIMARY KEY, key TEXT, spoken INTEGER NOT NULL);"),
)


async def open_state(root: Path) -> Database:
    return await Database.open(
        root / "s.sqlite",
        ALL_MIGRATIONS,
        clock=SystemClock(),
        journal=root / "journal",
        backups=root / "backups",
    )


def acknowledge(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


def inbound(run_id: str, key: str) -> Inbound:
    return Inbound(run_id, key, "main", Source.MESSAGE, f"text of {run_id}", (), run_id, run_id, "main", 1)


async def converse(store: SessionStore, database: Database, key: str, numbers: count[int]) -> None:
    while True:
        run_id = f"{key}/{next(numbers)}"
        await store.accept(inbound(run_id, key))
        acknowledge("accepted", key, run_id)
        await database.write(
            lambda connection, run_id=run_id: (
                connection.execute("INSERT INTO timers VALUES (?, ?, 0)", (run_id, key)).rowcount
            )
        )
        acknowledge("timer", key, run_id)
        await store.begin_run(run_id, (), 2)
        acknowledge("begun", key, run_id)
        tool = {"role": "toolResult", "toolCallId": "1", "content": []}
        await store.append(key, run_id, [("toolResult", tool, f"{run_id}:tool")], 3)
        acknowledge("tool", key, run_id)

        def speak(connection: sqlite3.Connection, run_id: str = run_id) -> None:
            connection.execute("UPDATE timers SET spoken = spoken + 1 WHERE id = ?", (run_id,))
            store.append_in(connection, key, None, [("note", {"role": "assistant", "content": run_id}, None)], 4)

        await database.write(speak)
        acknowledge("spoken", key, run_id)
        answer = {"role": "assistant", "content": [{"type": "text", "text": run_id}]}
        await store.finish_run(run_id, RunStatus.OK, messages=[("assistant", answer, None)], now_ms=5)
        acknowledge("ended", key, run_id)


async def main(root: Path, first: int) -> None:
    database = await open_state(root)
    store = SessionStore(database)
    recovery = await store.recover(6)
    for run in recovery.interrupted:
        acknowledge("interrupted", run.session_key, run.run_id)
    for waiting in recovery.queued:
        await store.cancel_queued(waiting.run_id, 7)
        acknowledge("cancelled", waiting.session_key, waiting.run_id)
    acknowledge("ready", "-", "-")
    await asyncio.gather(
        *(converse(store, database, f"agent:main:s{number}", count(first)) for number in range(SESSIONS))
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
