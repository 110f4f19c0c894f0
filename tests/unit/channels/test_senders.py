from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.channels.errors import SenderRequestMissingError
from appliance.channels.knocking import (
    CODE_ALPHABET,
    CODE_CHARS,
    LIFE_MS,
    MAX_HELD,
    MAX_WAITING,
    Answer,
    Knock,
    new_code,
)
from appliance.channels.migrations import MIGRATIONS
from appliance.channels.senders import Outcome, Senders
from appliance.storage import Database
from tests.fakes.clock import FakeClock

NOW = 1_795_000_000_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "test.sqlite", MIGRATIONS, clock=FakeClock())
    yield database
    await database.aclose()


@pytest.fixture
def senders(database: Database) -> Senders:
    return Senders(database)


def message(number: int = 1, sender: str = "ada", account: str = "main") -> Knock:
    return Knock("telegram", account, sender, f"{sender} (name)", f"message-{number}")


async def test_an_unknown_sender_is_told_a_code_and_the_message_is_held(senders: Senders) -> None:
    first = await senders.knock(message(1), NOW)
    assert first.answer is Answer.TELL_CODE
    assert first.code is not None
    assert len(first.code) == CODE_CHARS == 8
    assert set(first.code) <= set(CODE_ALPHABET)
    assert await senders.knock(message(2), NOW + 1000) == Outcome(Answer.HOLD)
    (request,) = await senders.waiting(NOW)
    assert (request.held, request.sender_label) == (("message-1", "message-2"), "ada (name)")


class Slow(Senders):
    """Something happens between the first look and what follows from it."""

    between: Callable[[], Awaitable[object]] | None = None

    async def allows(self, channel: str, account_id: str, sender_id: str) -> bool:
        found = await super().allows(channel, account_id, sender_id)
        if (between := self.between) is not None:
            self.between = None
            await between()
        return found


async def test_a_message_in_the_moment_of_the_approval_is_not_held(database: Database) -> None:
    senders = Slow(database)
    told = await senders.knock(message(1), NOW)
    assert told.code is not None
    code = told.code
    senders.between = lambda: senders.approve("telegram", None, code, NOW)
    assert (await senders.knock(message(2), NOW)).answer is Answer.PROCESS
    assert await senders.waiting(NOW) == []


async def test_a_sender_who_is_taken_off_while_the_list_is_read_is_not_remembered(
    database: Database, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await senders.knock(message(1), NOW)
    assert told.code is not None
    await senders.approve("telegram", None, told.code, NOW)
    fresh = Senders(database)
    read = database.read

    async def late(work: Callable[[sqlite3.Connection], Any]) -> Any:
        found = await read(work)
        monkeypatch.setattr(database, "read", read)
        await fresh.forget("telegram", "main", "ada")
        return found

    monkeypatch.setattr(database, "read", late)
    assert not await fresh.allows("telegram", "main", "ada")
    assert not await fresh.allows("telegram", "main", "ada")


def test_codes_have_no_signs_that_people_mix_up() -> None:
    assert not set("01OI") & set(CODE_ALPHABET)
    assert len(set(CODE_ALPHABET)) == 32
    drawn = iter("2222222233333333")
    assert new_code(["22222222"], lambda _: next(drawn)) == "33333333"


async def test_the_owner_lets_a_sender_in_by_the_code_and_gets_what_was_held(
    database: Database, senders: Senders
) -> None:
    code = (await senders.knock(message(1), NOW)).code
    assert code is not None
    typed = f" {code[:4].lower()}-{code[4:]} "
    request = await senders.approve("telegram", None, typed, NOW + 1, by="owner")
    assert (request.sender_id, request.held) == ("ada", ("message-1",))
    for again in (senders, Senders(database)):
        assert await again.knock(message(2), NOW + 2) == Outcome(Answer.PROCESS)
    assert await senders.waiting(NOW) == []
    (allowed,) = await senders.allowed("telegram")
    assert (allowed.sender_id, allowed.approved_by) == ("ada", "owner")


async def test_it_is_let_in_only_where_it_asked(senders: Senders) -> None:
    code = (await senders.knock(message(1), NOW)).code
    assert code is not None
    for channel, account in (("signal", None), ("telegram", "other")):
        with pytest.raises(SenderRequestMissingError):
            await senders.approve(channel, account, code, NOW)
    await senders.approve("telegram", "main", code, NOW)
    assert (await senders.knock(message(1, account="other"), NOW)).answer is Answer.TELL_CODE
    assert not await senders.allows("telegram", "main", "adamant")


async def test_three_wait_at_a_time_and_the_fourth_hears_nothing(senders: Senders) -> None:
    for number in range(MAX_WAITING):
        assert (await senders.knock(message(1, f"sender {number}"), NOW)).answer is Answer.TELL_CODE
    assert await senders.knock(message(1, "one more"), NOW) == Outcome(Answer.DROP)
    assert (await senders.knock(message(1, "one more", "other account"), NOW)).answer is Answer.TELL_CODE
    assert (await senders.knock(message(1, "one more"), NOW + LIFE_MS)).answer is Answer.TELL_CODE


async def test_strangers_without_end_cost_nothing(database: Database, senders: Senders) -> None:
    for number in range(500):
        await senders.knock(message(1, f"stranger {number}"), NOW + number)
    count = await database.read(
        lambda connection: connection.execute("SELECT count(*) FROM channel_pairing_requests").fetchone()[0]
    )
    assert count == MAX_WAITING
    assert senders._known == {}


async def test_a_code_ends_after_an_hour_and_another_one_is_told(senders: Senders) -> None:
    first = (await senders.knock(message(1), NOW)).code
    assert first is not None
    assert (await senders.knock(message(2), NOW + LIFE_MS - 1)).answer is Answer.HOLD
    with pytest.raises(SenderRequestMissingError):
        await senders.approve("telegram", None, first, NOW + LIFE_MS)
    second = await senders.knock(message(3), NOW + LIFE_MS)
    assert second.answer is Answer.TELL_CODE
    assert second.code != first


async def test_a_clock_set_back_ends_a_code_rather_than_lengthen_it(senders: Senders) -> None:
    code = (await senders.knock(message(1), NOW)).code
    assert code is not None
    with pytest.raises(SenderRequestMissingError):
        await senders.approve("telegram", None, code, NOW - 61_000)


async def test_a_sender_who_was_turned_away_is_not_heard_for_the_hour(senders: Senders) -> None:
    await senders.knock(message(1), NOW)
    (request,) = await senders.waiting(NOW)
    await senders.dismiss("telegram", "main", request.request_id, NOW)
    assert await senders.waiting(NOW) == []
    assert await senders.knock(message(2), NOW + 1) == Outcome(Answer.DROP)
    with pytest.raises(SenderRequestMissingError):
        await senders.approve("telegram", "main", request.code, NOW + 1)
    assert (await senders.knock(message(3), NOW + LIFE_MS)).answer is Answer.TELL_CODE


async def test_held_messages_are_bounded_and_the_newest_stay(senders: Senders) -> None:
    for number in range(MAX_HELD + 5):
        await senders.knock(message(number), NOW)
    (request,) = await senders.waiting(NOW)
    assert len(request.held) == MAX_HELD
    assert request.held[-1] == f"message-{MAX_HELD + 4}"


async def test_a_sender_can_be_taken_off_the_list(senders: Senders) -> None:
    code = (await senders.knock(message(1), NOW)).code
    assert code is not None
    await senders.approve("telegram", None, code, NOW)
    assert await senders.forget("telegram", "main", "ada")
    assert not await senders.forget("telegram", "main", "ada")
    assert (await senders.knock(message(2), NOW)).answer is Answer.TELL_CODE
