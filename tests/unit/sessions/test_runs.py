from __future__ import annotations

import asyncio

import pytest

from appliance.sessions.errors import ConflictError, RunEndedError, RunMissingError, SessionBusyError
from appliance.sessions.model import EntryRole, RunStatus, Source, UsageRow
from appliance.sessions.store import SessionStore
from appliance.storage import BlobRef, Database
from tests.fakes.clock import FakeClock
from tests.unit.sessions.conftest import KEY, inbound, said

OTHER = "agent:main:other"


async def test_an_inbound_comes_back_as_it_was_accepted(store: SessionStore) -> None:
    ref = BlobRef("a" * 64, 3, "image/png")
    given = inbound("r1", "look", attachments=(ref,), source=Source.WEBHOOK)
    assert await store.accept(given) == (True, "r1", RunStatus.QUEUED)
    assert await store.queued() == [given]
    assert await store.queued(OTHER) == []
    assert await store.blobs_in_use() == {ref.sha256}


async def test_a_replay_gets_the_first_answer(store: SessionStore) -> None:
    await store.accept(inbound("r1"))
    assert await store.accept(inbound("r1")) == (False, "r1", RunStatus.QUEUED)
    assert await store.accept(inbound("r9", idempotency_key="r1")) == (False, "r1", RunStatus.QUEUED)
    await store.begin_run("r1", (), 200)
    await store.finish_run("r1", RunStatus.OK, now_ms=300)
    assert await store.accept(inbound("r1")) == (False, "r1", RunStatus.OK)
    assert await store.queued() == []


@pytest.mark.parametrize(
    "other",
    [
        inbound("r1", "different"),
        inbound("r2", "different", idempotency_key="r1"),
        inbound("r1", key=OTHER, digest="x"),
    ],
)
async def test_one_key_for_two_requests_is_a_conflict(store: SessionStore, other: object) -> None:
    await store.accept(inbound("r1"))
    with pytest.raises(ConflictError) as conflict:
        await store.accept(other)  # type: ignore[arg-type]
    assert conflict.value.code == "chat_request_conflict"


async def test_many_replays_at_once_are_accepted_once(store: SessionStore) -> None:
    answers = await asyncio.gather(*(store.accept(inbound("r1")) for _ in range(50)))
    assert sum(answer.new for answer in answers) == 1
    assert len(await store.queued()) == 1


async def test_a_run_begins_with_what_was_asked(store: SessionStore) -> None:
    ref = BlobRef("a" * 64, 3, "image/png")
    await store.accept(inbound("r1", "look", attachments=(ref,)))
    run, (entry,) = await store.begin_run("r1", (), 200)
    assert (run.status, run.started_ms, run.received_ms) == (RunStatus.RUNNING, 200, 100)
    assert (entry.role, entry.run_id, entry.idempotency_key, entry.seq) == (
        EntryRole.USER,
        "r1",
        "r1:user",
        1,
    )
    assert entry.message == {
        "role": "user",
        "content": [
            {"type": "text", "text": "look"},
            {"type": "image", "mimeType": "image/png", "blob": "a" * 64, "size": 3},
        ],
        "timestamp": 100,
    }
    session = await store.get(KEY)
    assert session is not None
    assert (session.status, session.started_ms) == (RunStatus.RUNNING, 200)


async def test_a_session_never_has_two_active_runs(store: SessionStore) -> None:
    for run_id in ("r1", "r2"):
        await store.accept(inbound(run_id, run_id))
    await store.accept(inbound("r3", key=OTHER))
    await store.begin_run("r1", (), 200)
    for run_id in ("r1", "r2"):
        with pytest.raises(SessionBusyError):
            await store.begin_run(run_id, (), 300)
    await store.begin_run("r3", (), 300)
    await store.finish_run("r1", RunStatus.ABORTED, now_ms=400)
    await store.begin_run("r2", (), 500)


async def test_merged_inbounds_are_written_in_the_order_of_acceptance(store: SessionStore) -> None:
    for number in range(4):
        await store.accept(inbound(f"r{number}", f"text {number}"))
    await store.cancel_queued("r1", 150)
    _, entries = await store.begin_run("r3", ["r2", "r1", "r0"], 200)
    assert [entry.message["content"] for entry in entries] == ["text 0", "text 2", "text 3"]
    assert {entry.run_id for entry in entries} == {"r3"}
    for merged in ("r0", "r2"):
        row = await store.run(merged)
        assert row is not None
        assert (row.status, row.merged_into) == (RunStatus.MERGED, "r3")
    assert await store.entries_of_run("r3") == entries
    assert await store.queued() == []
    with pytest.raises(RunEndedError):
        await store.begin_run("r0", (), 300)


async def test_steering_folds_into_the_active_run(store: SessionStore) -> None:
    for run_id in ("r1", "r2"):
        await store.accept(inbound(run_id, run_id))
    with pytest.raises(SessionBusyError):
        await store.fold(["r2"], "r1", 150)
    await store.begin_run("r1", (), 200)
    (entry,) = await store.fold(["r2"], "r1", 300)
    assert (entry.message["content"], entry.run_id) == ("r2", "r1")
    assert await store.fold(["r2"], "r1", 300) == [], "folded once"
    await store.finish_run("r1", RunStatus.OK, now_ms=400)
    with pytest.raises(RunEndedError):
        await store.fold(["r2"], "r1", 500)


async def test_a_run_ends_exactly_once(store: SessionStore) -> None:
    await store.accept(inbound("r1"))
    await store.begin_run("r1", (), 200)
    run, (entry,) = await store.finish_run(
        "r1", RunStatus.OK, messages=[said("done")], result={"payloads": []}, usage={"input": 3}, now_ms=300
    )
    assert (run.status, run.ended_ms, run.result, run.usage) == (
        RunStatus.OK,
        300,
        {"payloads": []},
        {"input": 3},
    )
    for status in (RunStatus.OK, RunStatus.ERROR):
        with pytest.raises(RunEndedError):
            await store.finish_run("r1", status, messages=[said("again")], now_ms=400)
    assert [each.id for each in await store.history(KEY, 10)][-1] == entry.id
    assert await store.run("r1") == run


async def test_many_ends_at_once_are_one(store: SessionStore) -> None:
    await store.accept(inbound("r1"))
    await store.begin_run("r1", (), 200)
    ends = await asyncio.gather(
        *(store.finish_run("r1", status, messages=[said(status)], now_ms=300)
          for status in (RunStatus.OK, RunStatus.ERROR, RunStatus.ABORTED, RunStatus.TIMEOUT)),
        return_exceptions=True,
    )  # fmt: skip
    assert sum(not isinstance(end, RunEndedError) for end in ends) == 1
    assert len(await store.history(KEY, 10)) == 2


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.MERGED])
async def test_only_an_end_is_an_end(store: SessionStore, status: RunStatus) -> None:
    await store.accept(inbound("r1"))
    with pytest.raises(ValueError, match="no end"):
        await store.finish_run("r1", status, now_ms=300)


async def test_a_run_that_never_was_is_told(store: SessionStore) -> None:
    assert await store.run("none") is None
    assert await store.find_run_by_key(KEY, "none") is None
    assert not await store.cancel_queued("none", 100)
    with pytest.raises(RunMissingError):
        await store.begin_run("none", (), 100)
    with pytest.raises(RunMissingError):
        await store.finish_run("none", RunStatus.OK, now_ms=100)


async def test_what_waits_can_be_cancelled_and_what_runs_cannot(store: SessionStore) -> None:
    for run_id in ("r1", "r2"):
        await store.accept(inbound(run_id, run_id))
    await store.begin_run("r1", (), 200)
    assert await store.cancel_queued("r2", 300)
    assert not await store.cancel_queued("r2", 300)
    assert not await store.cancel_queued("r1", 300)
    found = await store.find_run_by_key(KEY, "r2")
    assert found is not None
    assert found.status is RunStatus.ABORTED


async def test_the_session_adds_up_what_its_runs_cost(store: SessionStore) -> None:
    for number, usage in enumerate(({"input": 10, "output": 5, "totalTokens": 15}, {"input": 20, "output": 2}, None)):
        await store.accept(inbound(f"r{number}", str(number)))
        await store.begin_run(f"r{number}", (), 200)
        status = RunStatus.OK if usage else RunStatus.ABORTED
        full = {**usage, "provider": "local", "model": "m"} if usage else None
        await store.finish_run(f"r{number}", status, usage=full, now_ms=300 + number)
    session = await store.get(KEY)
    assert session is not None
    assert (session.input_tokens, session.output_tokens, session.total_tokens) == (30, 7, 22)
    assert (session.status, session.aborted_last_run, session.ended_ms) == (RunStatus.ABORTED, True, 302)
    assert await store.usage(0, 1000) == [UsageRow(KEY, "main", "local", "m", 2, 30, 7, 0, 0)]
    assert await store.usage(301, 302) == [UsageRow(KEY, "main", "local", "m", 1, 20, 2, 0, 0)]


async def test_a_restart_ends_what_ran_and_returns_what_waits(store: SessionStore, database: Database) -> None:
    for run_id, key in (("r1", KEY), ("r2", KEY), ("r3", OTHER)):
        await store.accept(inbound(run_id, run_id, key=key))
    await store.begin_run("r1", (), 200)
    await database.aclose()
    database = await Database.open(database.path, _migrations(), clock=FakeClock())
    store = SessionStore(database)
    recovery = await store.recover(300)
    assert [run.run_id for run in recovery.interrupted] == ["r1"]
    assert recovery.interrupted[0].status is RunStatus.ERROR
    assert recovery.interrupted[0].error is not None
    assert recovery.interrupted[0].error["code"] == "interrupted"
    assert [waiting.run_id for waiting in recovery.queued] == ["r2", "r3"]
    assert [(note.role, note.run_id, note.session_key) for note in recovery.notes] == [(EntryRole.NOTE, "r1", KEY)]
    again = await store.recover(400)
    assert (again.interrupted, again.notes, len(again.queued)) == ([], [], 2)
    await store.begin_run("r2", (), 500)
    await database.aclose()


def _migrations():
    from appliance.sessions.migrations import MIGRATIONS

    return MIGRATIONS


async def test_several_units_can_share_one_transaction(store: SessionStore, database: Database) -> None:
    def work(connection):
        store.ensure_in(connection, KEY, "main", 100)
        store.append_in(connection, KEY, None, [said("the timer is over")], 100)
        store.accept_in(connection, inbound("r1"))
        store.begin_run_in(connection, "r1", (), 100)
        store.finish_run_in(connection, "r1", RunStatus.OK, now_ms=100)
        raise KeyError("and then it fails")

    with pytest.raises(KeyError):
        await database.write(work)
    assert await store.get(KEY) is None
    assert await store.run("r1") is None
