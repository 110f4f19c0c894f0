"""Pairings survive updates, going back, backups and restores, from each released schema to the next.

A person who scanned a code once never has to do it again because the box changed; and what the owner took away does not
come back either.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from appliance.daemon.core import MIGRATIONS as CURRENT
from appliance.daemon.reach.trust import TrustParts, open_trust
from appliance.identity import Approval, Claim, Device, DeviceStore
from appliance.identity.setup.profiles import Profile, grant
from appliance.identity.tokens import TokenMatch
from appliance.protocol.roles import READ, WRITE
from appliance.storage import Backups, Database, Migration, SchemaError
from tests.fakes.clock import FakeClock
from tests.unit.storage.conftest import Opener

FIRST = tuple(one for one in CURRENT if one.name != "identity:0002_setup_codes")
"""The schema of the first release: no setup codes yet."""

NEXT = (
    *CURRENT,
    Migration("identity:9999_next", "CREATE TABLE of_the_next (a)"),
)
"""A release to come. Its documents say more (`_as_of_next`); its tables of devices have no more columns."""


def owner(number: int = 1) -> Claim:
    return Claim(f"{number:064x}", f"key-{number}", "operator", (READ, WRITE), display_name=f"laptop {number}")


@dataclass
class Household:
    """What a box knows about its devices, and the tokens that these keep on their side."""

    trust: TrustParts
    clock: FakeClock

    @classmethod
    async def open(cls, database: Database, clock: FakeClock) -> Household:
        return cls(await open_trust(database, clock), clock)

    async def approve(self, number: int = 1) -> str:
        device = await self.trust.devices.approve(owner(number), Approval.OWNER, self.clock.now_ms())
        return self.trust.devices.token_for(device, "operator")

    async def device(self, number: int = 1) -> Device | None:
        return await self.trust.devices.get(owner(number).device_id)

    async def lets_in(self, token: str, number: int = 1) -> bool:
        device = await self.device(number)
        if device is None:
            return False
        return self.trust.devices.tokens.match(device, "operator", token) is not TokenMatch.NONE

    async def pair_phone(self) -> tuple[str, str]:
        issued = await self.trust.setup.issue(Profile.LIMITED, self.clock.now_ms())
        found = self.trust.setup.find(issued.token, self.clock.now_ms())
        assert found is not None
        phone = msgspec.structs.replace(owner(7), role="node", scopes=())
        granted = grant(Profile.LIMITED)
        device = await self.trust.setup.redeem(found, issued.token, phone, granted, self.clock.now_ms())
        assert device is not None
        return issued.token, self.trust.devices.token_for(device, "operator")


def restore(database: Path, copy: Path) -> None:
    """Put a copy in the place of the database, as `restore` does on a stopped box."""
    for file in database.parent.glob(database.name + "*"):
        file.unlink()
    shutil.copyfile(copy, database)


@pytest.mark.parametrize("later", [CURRENT, NEXT], ids=["this release", "the next"])
async def test_an_update_keeps_devices_their_tokens_and_who_waits(
    open_database: Opener, clock: FakeClock, later: tuple[Migration, ...]
) -> None:
    database = await open_database(FIRST)
    store = await DeviceStore.open(database)
    device = await store.approve(owner(), Approval.OWNER, clock.now_ms())
    token = store.token_for(device, "operator")
    request, _ = await store.request(owner(2), "not-paired", clock.now_ms())
    _, rotated = await store.rotate(owner().device_id, "operator", (READ,), clock.now_ms())
    await database.aclose()

    box = await Household.open(await open_database(later), clock)
    assert await box.lets_in(token)  # the new one was never used
    assert await box.lets_in(rotated)
    found = await box.device()
    assert found is not None
    assert found.tokens["operator"].scopes == (READ,)
    assert [one.request_id for one in await box.trust.devices.requests(clock.now_ms())] == [request.request_id]
    _, phone = await box.pair_phone()
    assert await box.lets_in(phone, 7)


async def test_going_back_keeps_what_was_paired_before_and_after_the_update(
    open_database: Opener, clock: FakeClock, tmp_path: Path
) -> None:
    database = await open_database(CURRENT)
    box = await Household.open(database, clock)
    before, removed = await box.approve(1), await box.approve(2)
    await database.aclose()

    database = await open_database(NEXT)
    box = await Household.open(database, clock)
    after = await box.approve(3)
    assert await box.trust.devices.remove(owner(2).device_id)
    await database.write(lambda connection: connection.execute("INSERT INTO of_the_next VALUES (1)"))
    await database.write(_as_of_next(owner(3).device_id))
    await database.aclose()

    with pytest.raises(SchemaError, match="before the update"):
        await open_database(CURRENT)
    (copy,) = (tmp_path / "backups").glob("before-update-*")
    restore(tmp_path / "state.sqlite", copy)
    box = await Household.open(await open_database(CURRENT), clock)
    assert await box.lets_in(before, 1)
    assert await box.lets_in(after, 3)
    assert not await box.lets_in(removed, 2)  # what was taken away does not come back


def _as_of_next(device_id: str) -> Callable[[sqlite3.Connection], None]:
    """The next release writes words and members that this one does not know."""

    def write(connection: sqlite3.Connection) -> None:
        (document,) = connection.execute(
            "SELECT document FROM identity_devices WHERE device_id = ?", (device_id,)
        ).fetchone()
        newer = {**msgspec.json.decode(document), "approvedVia": "a-later-way", "colour": "blue"}
        connection.execute(
            "UPDATE identity_devices SET document = ? WHERE device_id = ?",
            (msgspec.json.encode(newer).decode(), device_id),
        )

    return write


@pytest.mark.parametrize("later", [CURRENT, NEXT], ids=["same release", "a later release"])
async def test_a_restored_backup_and_the_journal_bring_everything_back(
    open_database: Opener, clock: FakeClock, tmp_path: Path, later: tuple[Migration, ...]
) -> None:
    database = await open_database(CURRENT)
    box = await Household.open(database, clock)
    before = await box.approve(1)
    copy = await Backups(tmp_path / "backups", UTC).run(database, clock.now_ms())
    code, phone = await box.pair_phone()
    revoked = await box.approve(2)
    await box.trust.devices.revoke(owner(2).device_id, "operator", clock.now_ms())
    await database.aclose()

    restore(tmp_path / "state.sqlite", copy)
    box = await Household.open(await open_database(later), clock)
    assert await box.lets_in(before, 1)
    assert await box.lets_in(phone, 7)
    assert not await box.lets_in(revoked, 2)
    assert box.trust.setup.find(code, clock.now_ms()) is None


async def test_a_backup_alone_moves_the_pairings_to_another_box(
    open_database: Opener, clock: FakeClock, tmp_path: Path
) -> None:
    database = await open_database(FIRST)
    store = await DeviceStore.open(database)
    token = store.token_for(await store.approve(owner(), Approval.OWNER, clock.now_ms()), "operator")
    copy = await Backups(tmp_path / "backups", UTC).run(database, clock.now_ms())
    await database.aclose()

    other = tmp_path / "other"
    other.mkdir()
    shutil.copyfile(copy, other / "state.sqlite")
    database = await Database.open(other / "state.sqlite", CURRENT, clock=clock, journal=other / "journal")
    try:
        assert await (await Household.open(database, clock)).lets_in(token)
    finally:
        await database.aclose()


async def test_a_code_and_the_recovery_code_that_wait_survive_an_update(
    open_database: Opener, clock: FakeClock
) -> None:
    database = await open_database(CURRENT)
    box = await Household.open(database, clock)
    issued = await box.trust.setup.issue(Profile.FULL, clock.now_ms())
    recovery = await box.trust.recovery.new()
    await database.aclose()

    box = await Household.open(await open_database(NEXT), clock)
    assert box.trust.setup.find(issued.token, clock.now_ms()) is not None
    assert box.trust.recovery.matches(recovery)
