"""Conversations come back whole from the journal: transcripts, queue, search and what was promised."""

from __future__ import annotations

from pathlib import Path

from appliance.sessions.idempotency import IdempotencyStore, Replay
from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.model import RunStatus
from appliance.sessions.store import SessionStore
from appliance.storage import Database
from tests.fakes.clock import FakeClock
from tests.unit.sessions.conftest import KEY, inbound, said


async def open_state(root: Path) -> Database:
    return await Database.open(root / "s.sqlite", MIGRATIONS, clock=FakeClock(), journal=root / "journal")


async def test_a_conversation_survives_the_loss_of_its_database(tmp_path: Path) -> None:
    database = await open_state(tmp_path)
    store = SessionStore(database)
    await store.accept(inbound("r1", "where is the ladder"))
    await store.begin_run("r1", (), 200)
    await store.finish_run("r1", RunStatus.OK, messages=[said("behind the shed")], usage={"input": 5}, now_ms=300)
    await store.accept(inbound("r2", "thank you"))
    await store.create("agent:main:gone", "main", 100)
    await store.append("agent:main:gone", None, [said("a ladder too", "user")], 200)
    await store.delete("agent:main:gone", 300)
    keys = IdempotencyStore(database)
    await keys.reserve("send", "ann", "k", "d", 0)
    await keys.complete("send", "ann", "k", "sent")
    session, history, run = await store.get(KEY), await store.history(KEY, 10), await store.run("r1")
    await database.aclose()
    for path in tmp_path.glob("s.sqlite*"):
        path.unlink()
    database = await open_state(tmp_path)
    assert database.recovered is not None
    store = SessionStore(database)
    assert (await store.get(KEY), await store.history(KEY, 10), await store.run("r1")) == (session, history, run)
    assert [waiting.run_id for waiting in await store.queued()] == ["r2"]
    assert await IdempotencyStore(database).reserve("send", "ann", "k", "d", 0) == Replay("sent")
    assert [hit.entry.seq for hit in await store.search("ladder")] == [1]
    assert not (await store.accept(inbound("r1", "where is the ladder"))).new
    await store.delete(KEY, 400)
    assert await store.search("ladder") == []
    assert await database.integrity_check() == []
    await database.aclose()
