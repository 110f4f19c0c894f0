from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.foundation.ids import new_token
from appliance.identity import MIGRATIONS
from appliance.identity.recovery import Recovery, is_recovery
from appliance.identity.setup.code import RECOVERY_PREFIX
from appliance.storage import Database
from tests.fakes.clock import FakeClock


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "test.sqlite", MIGRATIONS, clock=FakeClock())
    yield database
    await database.aclose()


async def test_a_box_has_none_until_it_is_asked_for_one(database: Database) -> None:
    recovery = await Recovery.open(database)
    assert not recovery.exists
    assert not recovery.matches(RECOVERY_PREFIX)
    assert not recovery.matches("")


async def test_it_is_eight_groups_of_four_and_known_again_after_a_restart(database: Database) -> None:
    code = await (await Recovery.open(database)).new()
    groups = code.removeprefix(RECOVERY_PREFIX).split("-")
    assert [len(group) for group in groups] == [4] * 8
    again = await Recovery.open(database)
    assert again.exists
    assert again.matches(code)
    assert not again.matches(code[:-1])


async def test_it_is_known_however_it_is_typed(database: Database) -> None:
    recovery = await Recovery.open(database)
    drawn = iter("0" * 8 + "1" * 8 + "A" * 16)
    code = await recovery.new(lambda _: next(drawn))
    assert code == "recovery-0000-0000-1111-1111-AAAA-AAAA-AAAA-AAAA"
    for typed in (
        "recovery-oooo-OOOO-illI-1l1I-aaaa-aaaa-aaaa-aaaa",
        "RECOVERY 0000 0000 1111 1111 AAAA AAAA AAAA AAAA",
        "recovery-00000000 11111111 AAAAAAAAAAAAAAAA",
        "0000-0000-1111-1111-AAAA-AAAA-AAAA-AAAA",
    ):
        assert is_recovery(typed)
        assert recovery.matches(typed), typed


def test_a_setup_token_has_not_its_form() -> None:
    assert not any(is_recovery(new_token()) for _ in range(1000))
    assert not is_recovery("")
    assert not is_recovery("recovery-")


async def test_it_is_spent_once_and_with_what_it_was_spent_for(database: Database) -> None:
    recovery = await Recovery.open(database)
    code = await recovery.new()

    def fails(_: object) -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await recovery.spend(code, fails)
    assert recovery.matches(code)
    assert await recovery.spend("recovery-wrong", lambda _: "done") is None
    assert await recovery.spend(code, lambda _: "done") == "done"
    assert await recovery.spend(code, lambda _: "done") is None
    assert not recovery.exists
    assert not (await Recovery.open(database)).exists


async def test_a_new_one_ends_the_one_before(database: Database) -> None:
    recovery = await Recovery.open(database)
    first, second = await recovery.new(), await recovery.new()
    assert not recovery.matches(first)
    assert recovery.matches(second)
    assert await recovery.spend(first, lambda _: "done") is None
    assert recovery.exists
