"""What the owner took away stays away, whatever backup is put in the place of the database."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.daemon.core import MIGRATIONS as CURRENT
from appliance.daemon.reach.trust import REVOCATIONS, TrustParts, open_trust, restored_condition
from appliance.health import Severity
from appliance.identity import Approval, Claim, Device
from appliance.identity.revocations import MAX_DEVICES, MAX_SPENT, Revocations, Rights
from appliance.identity.tokens import TokenMatch
from appliance.protocol.roles import READ, WRITE
from appliance.storage import Database, StorageError
from tests.fakes.clock import FakeClock


def laptop(number: int = 1) -> Claim:
    return Claim(f"{number:064x}", f"key-{number}", "operator", (READ, WRITE), display_name=f"laptop {number}")


class Box:
    """A box that is stopped, restored and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.trust: TrustParts
        self._database: Database | None = None

    async def start(self) -> Box:
        # Without a journal: what a restore on another machine, or from an old disk, comes down to.
        self._database = await Database.open(self.folder / "box.sqlite", CURRENT, clock=self.clock)
        self.trust = await open_trust(self._database, self.clock)
        return self

    async def stop(self) -> None:
        if self._database is not None:
            await self._database.aclose()
            self._database = None

    async def back_up(self) -> Path:
        copy = self.folder / "copy.sqlite"
        assert self._database is not None
        await self._database.backup(copy)
        return copy

    async def restore(self, copy: Path, *, lose: str | None = None) -> None:
        await self.stop()
        for file in self.folder.glob("box.sqlite*"):
            file.unlink()
        shutil.copyfile(copy, self.folder / "box.sqlite")
        if lose is not None:
            (self.folder / lose).unlink()
        await self.start()

    async def pair(self, number: int = 1) -> str:
        device = await self.trust.devices.approve(laptop(number), Approval.OWNER, self.clock.now_ms())
        return self.trust.devices.token_for(device, "operator")

    async def device(self, number: int = 1) -> Device | None:
        return await self.trust.devices.get(laptop(number).device_id)

    async def lets_in(self, token: str, number: int = 1) -> bool:
        device = await self.device(number)
        return device is not None and self.trust.devices.tokens.match(device, "operator", token) is not TokenMatch.NONE

    @property
    def told(self) -> str | None:
        condition = restored_condition(self.trust.restored)
        return condition.summary if condition is not None else None


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    box = await Box(tmp_path).start()
    yield box
    await box.stop()


async def test_a_removed_device_stays_out_after_a_restore_and_the_owner_is_told(box: Box) -> None:
    tokens = [await box.pair(number) for number in (1, 2)]
    copy = await box.back_up()
    await box.trust.devices.remove(laptop(1).device_id)
    await box.restore(copy)
    assert await box.device(1) is None
    assert await box.lets_in(tokens[1], 2)
    assert box.told is not None
    assert "laptop 1" in box.told
    assert "laptop 2" not in box.told
    await box.stop()
    assert (await box.start()).told is None  # done once, told once


async def test_a_device_that_was_let_in_again_is_not_thrown_out_by_an_old_backup(box: Box) -> None:
    await box.pair()
    copy = await box.back_up()
    await box.trust.devices.remove(laptop().device_id)
    token = await box.pair()
    await box.restore(copy)
    assert await box.lets_in(token)


async def test_a_revoked_token_and_a_used_up_generation_stay_ended(box: Box) -> None:
    first = await box.pair(1)
    second = await box.pair(2)
    copy = await box.back_up()
    await box.trust.devices.revoke(laptop(1).device_id, "operator", box.clock.now_ms())
    _, rotated = await box.trust.devices.rotate(laptop(2).device_id, "operator", None, box.clock.now_ms())
    await box.trust.devices.confirm(laptop(2).device_id, "operator")
    await box.restore(copy)
    assert not await box.lets_in(first, 1)
    assert not await box.lets_in(second, 2)
    assert await box.lets_in(rotated, 2)


async def test_a_rotation_that_nobody_heard_of_locks_nobody_out_after_a_restore(box: Box) -> None:
    token = await box.pair()
    copy = await box.back_up()
    _, rotated = await box.trust.devices.rotate(laptop().device_id, "operator", None, box.clock.now_ms())
    await box.restore(copy)
    assert await box.lets_in(token)
    assert await box.lets_in(rotated)


async def test_scopes_that_were_taken_away_stay_away(box: Box) -> None:
    await box.pair()
    copy = await box.back_up()
    await box.trust.devices.rotate(laptop().device_id, "operator", (READ,), box.clock.now_ms())
    await box.restore(copy)
    device = await box.device()
    assert device is not None
    assert device.tokens["operator"].scopes == (READ,)


async def test_a_recovery_code_that_was_used_or_replaced_does_not_work_again(box: Box) -> None:
    first = await box.trust.recovery.new()
    copy = await box.back_up()
    second = await box.trust.recovery.new()
    assert await box.trust.recovery.spend(second, lambda connection: True)
    await box.restore(copy)
    assert not box.trust.recovery.exists
    assert not box.trust.recovery.matches(first)


@pytest.mark.parametrize("damage", ["missing", "unreadable", "older"])
async def test_a_list_that_was_lost_is_said_with_the_devices_to_check(box: Box, damage: str) -> None:
    await box.pair(1)
    old = (box.folder / REVOCATIONS).read_bytes()
    await box.trust.devices.remove(laptop(2).device_id)
    await box.stop()
    file = box.folder / REVOCATIONS
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(old if damage == "older" else b"{")
    await box.start()
    assert box.told is not None
    assert "laptop 1" in box.told
    condition = restored_condition(box.trust.restored)
    assert condition is not None
    assert condition.severity is Severity.DEGRADED
    await box.stop()
    assert (await box.start()).told == box.told  # until the owner had a week to read it
    box.clock.advance(7 * 86_400)
    await box.stop()
    assert (await box.start()).told is None


async def test_an_old_backup_without_the_list_is_said_too(box: Box) -> None:
    await box.pair()
    copy = await box.back_up()
    await box.trust.devices.remove(laptop().device_id)
    await box.restore(copy, lose=REVOCATIONS)
    assert await box.device() is not None  # nobody can know it any more
    assert box.told is not None
    assert "laptop 1" in box.told


async def test_a_new_box_and_one_from_before_the_list_have_lost_nothing(box: Box) -> None:
    assert box.told is None
    assert (box.folder / REVOCATIONS).stat().st_mode & 0o777 == 0o600


async def test_what_cannot_be_written_down_is_not_taken_away_in_silence(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await box.pair()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        await box.trust.devices.remove(laptop().device_id)
    monkeypatch.undo()
    assert await box.lets_in(token)


@pytest.mark.parametrize(("count", "first_known"), [(MAX_DEVICES, True), (MAX_DEVICES + 1, False)])
def test_only_so_many_devices_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, first_known: bool
) -> None:
    monkeypatch.setattr("appliance.identity.revocations.write_atomic", lambda path, content: None)
    file = Revocations(tmp_path / "list.json")
    for number in range(count):
        file.put(str(number), Rights())
    assert (len(file.devices), file.knows("0"), file.serial) == (MAX_DEVICES, first_known, count)
    for number in range(MAX_SPENT + 1):
        file.spend(bytes([number]))
    assert (file.is_spent(b"\0"), file.is_spent(b"\1")) == (False, True)
