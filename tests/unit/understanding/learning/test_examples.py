"""Examples in a real database: bounded, deleted with their session, forgotten on request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.sessions.migrations import MIGRATIONS as SESSION_MIGRATIONS
from appliance.sessions.store import SessionStore
from appliance.storage.database import Database
from appliance.understanding.learning.examples import MAX_PER_TOOL_AND_DAY, Example, Examples, says
from appliance.understanding.learning.migrations import MIGRATIONS
from tests.fakes.clock import FakeClock

KEY = "agent:main:main"
_DAY_MS = 86_400_000


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Database, Examples]]:
    database = await Database.open(
        folder / "test.sqlite", (*SESSION_MIGRATIONS, *MIGRATIONS), clock=FakeClock(), readers=1
    )
    try:
        yield database, Examples(database)
    finally:
        await database.aclose()


def example(text: str, tool: str = "timer_set", at_ms: int = 1000, key: str = KEY) -> Example:
    return Example(text, "en", tool, {"duration_s": 60}, key, at_ms)


async def test_an_example_is_kept_with_its_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, kept):
        number = await kept.add(example("Ping  me in a minute"))
        (found,) = await kept.all()
        assert found == Example("Ping me in a minute", "en", "timer_set", {"duration_s": 60}, KEY, 1000, number or 0)
        assert await kept.counts() == {"timer_set": 1}


async def test_the_same_sentence_is_kept_once_as_it_was_said_last(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, kept):
        await kept.add(example("Ping me, now!"))
        await kept.add(example("ping me now", "alarm_set"))
        assert [(one.text, one.tool) for one in await kept.all()] == [("ping me now", "alarm_set")]


async def test_a_tool_gets_so_many_examples_in_a_day_and_no_more(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, kept):
        for number in range(MAX_PER_TOOL_AND_DAY):
            assert await kept.add(example(f"ping {chr(97 + number)} now", at_ms=1000)) is not None
        assert await kept.add(example("one more of them")) is None
        assert await kept.add(example("one more of them", "alarm_set")) is not None
        assert await kept.add(example("one more of them", at_ms=1000 + _DAY_MS)) is not None


async def test_texts_and_rows_have_caps(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, kept):
        assert await kept.add(example("x" * 400)) is not None
        assert await kept.add(example("x" * 401)) is None
        assert await kept.add(example(" ")) is None


async def test_beyond_the_cap_of_rows_the_oldest_give_way(tmp_path: Path) -> None:
    async with opened(tmp_path) as (database, _):
        kept = Examples(database, max_rows=3)
        for word in ("one", "two", "three", "four"):
            assert await kept.add(example(f"ping {word}")) is not None
        assert [one.text for one in await kept.all()] == ["ping two", "ping three", "ping four"]


async def test_a_deleted_session_takes_its_examples_along(tmp_path: Path) -> None:
    async with opened(tmp_path) as (database, kept):
        store = SessionStore(database, archive=tmp_path / "archive")
        await store.ensure(KEY, "main", 1)
        await kept.add(example("ping me"))
        await kept.add(example("ping her", key="agent:main:other"))
        await store.delete(KEY, 2)
        assert [one.text for one in await kept.all()] == ["ping her"]


async def test_forgetting_says_what_went(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, kept):
        for text, tool in (("Ping Zoë at noon", "reminder_set"), ("ping me", "timer_set"), ("butter", "list_add")):
            await kept.add(example(text, tool))
        assert await kept.forget(says("zoe PING")) == {"reminder_set": 1}
        assert await kept.forget(says("nobody")) == {}
        assert await kept.forget(says(" ")) == {}
        assert await kept.forget(lambda one: one.tool == "list_add") == {"list_add": 1}
        assert await kept.forget(lambda _: True) == {"timer_set": 1}
        assert not await kept.all()
