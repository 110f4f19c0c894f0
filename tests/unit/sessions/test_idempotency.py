from __future__ import annotations

import asyncio

import pytest

from appliance.sessions.errors import ConflictError
from appliance.sessions.idempotency import IdempotencyStore, InFlight, Replay, Reserved
from appliance.storage import Database

_DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def idempotency(database: Database) -> IdempotencyStore:
    return IdempotencyStore(database)


async def test_a_replay_gets_the_first_result(idempotency: IdempotencyStore) -> None:
    assert await idempotency.reserve("send", "ann", "k", "d", 0) == Reserved()
    assert await idempotency.reserve("send", "ann", "k", "d", 0) == InFlight()
    await idempotency.complete("send", "ann", "k", {"id": 1, "none": None})
    assert await idempotency.reserve("send", "ann", "k", "d", 1) == Replay({"id": 1, "none": None})


async def test_a_result_of_nothing_is_a_result(idempotency: IdempotencyStore) -> None:
    await idempotency.reserve("send", "ann", "k", "d", 0)
    await idempotency.complete("send", "ann", "k", None)
    assert await idempotency.reserve("send", "ann", "k", "d", 0) == Replay(None)


async def test_a_key_belongs_to_one_method_of_one_actor(idempotency: IdempotencyStore) -> None:
    await idempotency.reserve("send", "ann", "k", "d", 0)
    assert await idempotency.reserve("send", "bob", "k", "other", 0) == Reserved()
    assert await idempotency.reserve("delete", "ann", "k", "other", 0) == Reserved()


async def test_another_request_under_the_same_key_is_a_conflict(idempotency: IdempotencyStore) -> None:
    await idempotency.reserve("send", "ann", "k", "d", 0)
    with pytest.raises(ConflictError) as conflict:
        await idempotency.reserve("send", "ann", "k", "other", 0)
    assert conflict.value.code == "idempotency_conflict"


async def test_results_survive_a_restart_and_unfinished_work_does_not_block(database: Database) -> None:
    before = IdempotencyStore(database)
    await before.reserve("send", "ann", "done", "d", 0)
    await before.complete("send", "ann", "done", "result")
    await before.reserve("send", "ann", "cut off", "d", 0)
    after = IdempotencyStore(database)
    assert await after.reserve("send", "ann", "done", "d", 0) == Replay("result")
    assert await after.reserve("send", "ann", "cut off", "d", 0) == Reserved()
    assert await after.reserve("send", "ann", "cut off", "d", 0) == InFlight()


async def test_work_that_was_not_done_can_be_tried_again(idempotency: IdempotencyStore) -> None:
    await idempotency.reserve("send", "ann", "k", "d", 0)
    await idempotency.release("send", "ann", "k")
    assert await idempotency.reserve("send", "ann", "k", "other", 0) == Reserved()
    await idempotency.complete("send", "ann", "k", 1)
    await idempotency.release("send", "ann", "k")
    assert await idempotency.reserve("send", "ann", "k", "other", 0) == Replay(1)


@pytest.mark.parametrize(("later", "answer"), [(_DAY_MS - 1, Replay(1)), (_DAY_MS, Reserved())])
async def test_a_result_is_kept_for_a_day(idempotency: IdempotencyStore, later: int, answer: object) -> None:
    await idempotency.reserve("send", "ann", "k", "d", 0)
    await idempotency.complete("send", "ann", "k", 1)
    assert await idempotency.reserve("send", "ann", "k", "d", later) == answer


async def test_rows_are_bounded(database: Database) -> None:
    idempotency = IdempotencyStore(database, kept_rows=50)
    for number in range(300):
        await idempotency.reserve("send", "ann", str(number), "d", 0)
        (rows,) = await database.read(
            lambda connection: connection.execute("SELECT count(*) FROM idempotency").fetchone()
        )
        assert rows <= 50
    assert await idempotency.reserve("send", "ann", "299", "d", 0) == InFlight()


async def test_many_at_once_reserve_once(idempotency: IdempotencyStore) -> None:
    answers = await asyncio.gather(*(idempotency.reserve("send", "ann", "k", "d", 0) for _ in range(50)))
    assert answers.count(Reserved()) == 1
