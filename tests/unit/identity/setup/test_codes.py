from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.foundation.errors import OverloadedError
from appliance.identity import MIGRATIONS, Approval, Claim, DeviceStore
from appliance.identity.recovery import Recovery
from appliance.identity.setup.profiles import Profile, grant
from appliance.identity.setup.store import LIFE_MS, MAX_LIVE, Bootstrap, Completion, SetupCodes
from appliance.protocol.roles import ADMIN, WRITE
from appliance.storage import Database
from tests.fakes.clock import FakeClock

NOW = 1_795_000_000_000


@dataclass
class Box:
    """One box whose clocks are set by hand."""

    database: Database
    devices: DeviceStore
    recovery: Recovery
    codes: SetupCodes
    boot_s: float = 1000.0

    async def restart(self) -> None:
        self.devices = await DeviceStore.open(self.database)
        self.recovery = await Recovery.open(self.database)
        self.codes = await SetupCodes.open(self.database, self.devices, self.recovery, lambda: self.boot_s)

    def found(self, token: str, now_ms: int = NOW) -> Bootstrap:
        found = self.codes.find(token, now_ms)
        assert found is not None
        return found


def phone(number: int = 1, role: str = "node", **changes: Any) -> Claim:
    values = {"platform": "Android 15", "device_family": "Android", "client_id": "openclaw-android", **changes}
    return Claim(f"device-{number}", f"key-{number}", role, **values)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    database = await Database.open(tmp_path / "test.sqlite", MIGRATIONS, clock=FakeClock())
    box = Box(database, *[None] * 3)  # type: ignore[arg-type]  # restart fills them
    await box.restart()
    yield box
    await database.aclose()


async def test_a_code_makes_a_phone_trusted_for_both_roles(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    assert (len(issued.token), issued.expires_at_ms, issued.access) == (43, NOW + LIFE_MS, "full")
    granted = grant(Profile.FULL)
    device = await box.codes.redeem(box.found(issued.token), issued.token, phone(), granted, NOW)
    assert device is not None
    assert device.roles == ("node", "operator")
    assert ADMIN in device.tokens["operator"].scopes
    assert device.tokens["node"].scopes == ()
    assert device.approved_via is Approval.BOOTSTRAP
    assert await box.devices.get("device-1") == device


async def test_a_spent_code_is_refused_to_thief_and_owner_also_after_a_restart(box: Box) -> None:
    issued = await box.codes.issue(Profile.LIMITED, NOW)
    found = box.found(issued.token)
    granted = grant(Profile.LIMITED)
    assert await box.codes.redeem(found, issued.token, phone(), granted, NOW) is not None
    assert box.codes.find(issued.token, NOW) is None
    for number in (1, 2):
        assert await box.codes.redeem(found, issued.token, phone(number), granted, NOW) is None
    await box.restart()
    assert box.codes.find(issued.token, NOW) is None
    assert await box.devices.get("device-2") is None


async def test_only_codes_that_still_let_somebody_in_are_counted(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    await box.codes.issue(Profile.NODE, NOW)
    assert box.codes.spendable(NOW) == 2
    await box.codes.redeem(box.found(issued.token), issued.token, phone(), grant(Profile.FULL), NOW)
    assert box.codes.spendable(NOW) == 1
    assert box.codes.spendable(NOW + LIFE_MS - 1) == 1
    assert box.codes.spendable(NOW + LIFE_MS) == 0


async def test_no_token_is_in_the_files(box: Box, tmp_path: Path) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    recovery = await box.recovery.new()
    await box.database.aclose()
    for text in (issued.token, recovery, recovery.replace("-", "")):
        assert not any(text.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


async def test_a_code_ends_after_ten_minutes(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    assert box.codes.find(issued.token, NOW + LIFE_MS - 1) is not None
    assert box.codes.find(issued.token, NOW + LIFE_MS) is None


async def test_a_clock_set_back_does_not_lengthen_a_life(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    box.boot_s += LIFE_MS / 1000 - 1
    assert box.codes.find(issued.token, NOW - 1000) is not None
    assert box.codes.find(issued.token, NOW - 61_000) is None
    box.boot_s += 1
    assert box.codes.find(issued.token, NOW - 1000) is None
    await box.restart()
    assert box.codes.find(issued.token, NOW - 1000) is None


async def test_a_clock_set_forward_ends_a_code_and_setting_it_back_within_its_life_revives_nothing_more(
    box: Box,
) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    assert box.codes.find(issued.token, NOW + 86_400_000) is None
    box.boot_s += LIFE_MS / 1000
    assert box.codes.find(issued.token, NOW + 5) is None


async def test_after_a_reboot_the_wall_clock_decides(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    box.boot_s = 20.0
    await box.restart()
    assert box.codes.find(issued.token, NOW + 60_000) is not None
    assert box.codes.find(issued.token, NOW + LIFE_MS) is None


async def test_the_first_device_that_presents_a_code_binds_it(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    await box.codes.bind(box.found(issued.token), phone(1, role="operator"))
    found = box.found(issued.token)
    assert (found.device_id, found.role) == ("device-1", "operator")
    assert not found.free_for("device-1", "node")
    assert not found.free_for("device-2", "operator")
    assert await box.codes.redeem(found, issued.token, phone(2), grant(Profile.FULL), NOW) is None
    assert await box.codes.redeem(found, issued.token, phone(1), grant(Profile.FULL), NOW) is None
    status = box.codes.status(issued.setup_id, NOW)
    assert status is not None
    assert status.spoiled


async def test_the_owner_sees_what_became_of_a_code(box: Box) -> None:
    told: list[Completion] = []
    box.codes.listen(told.append)
    issued = await box.codes.issue(Profile.FULL, NOW, label="Ada's phone")
    before = box.codes.status(issued.setup_id, NOW)
    assert before is not None
    assert (before.live, before.completion) == (True, None)
    granted = grant(Profile.FULL, secure=False)
    await box.codes.redeem(box.found(issued.token), issued.token, phone(), granted, NOW + 5)
    await box.codes.delivered(issued.setup_id, certain=True)
    completion = Completion(issued.setup_id, "device-1", "Ada's phone", "limited", NOW + 5)
    assert told == [completion]
    await box.restart()
    after = box.codes.status(issued.setup_id, NOW)
    assert after is not None
    assert (after.live, after.spoiled, after.completion) == (False, False, completion)
    assert box.codes.status("never-made", NOW) is None


async def test_a_reply_that_was_lost_is_told_as_uncertain(box: Box) -> None:
    told: list[Completion] = []
    box.codes.listen(told.append)
    issued = await box.codes.issue(Profile.NODE, NOW)
    await box.codes.delivered(issued.setup_id, certain=False)
    assert told == []
    await box.codes.redeem(box.found(issued.token), issued.token, phone(), grant(Profile.NODE), NOW)
    await box.codes.delivered(issued.setup_id, certain=False)
    assert [one.uncertain for one in told] == [True]


async def test_a_cancelled_code_is_dead(box: Box) -> None:
    issued = await box.codes.issue(Profile.NODE, NOW)
    assert await box.codes.cancel(issued.setup_id)
    assert box.codes.find(issued.token, NOW) is None
    assert not await box.codes.cancel(issued.setup_id)
    assert not await box.codes.cancel("never-made")


async def test_a_code_that_is_being_spent_cannot_be_taken_back_or_spoiled(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    found = box.found(issued.token)
    device, cancelled, _ = await asyncio.gather(
        box.codes.redeem(found, issued.token, phone(1), grant(Profile.FULL), NOW),
        box.codes.cancel(issued.setup_id),
        box.codes.bind(found, phone(2, role="operator")),
    )
    assert device is not None
    assert not cancelled, "the owner must not believe that nobody came in"
    status = box.codes.status(issued.setup_id, NOW)
    assert status is not None
    assert status.completion is not None
    assert status.completion.device_id == "device-1"


async def test_of_two_that_spoil_a_code_at_once_the_first_stays(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)
    found = box.found(issued.token)
    await asyncio.gather(*(box.codes.bind(found, phone(number, role="operator")) for number in (1, 2)))
    assert box.found(issued.token).device_id == "device-1"


async def test_codes_that_wait_are_bounded_and_dead_ones_make_room(box: Box) -> None:
    for _ in range(MAX_LIVE):
        await box.codes.issue(Profile.NODE, NOW)
    with pytest.raises(OverloadedError):
        await box.codes.issue(Profile.NODE, NOW)
    await box.codes.issue(Profile.NODE, NOW + LIFE_MS)


async def test_dead_codes_are_forgotten(box: Box) -> None:
    for round_number in range(100):
        now_ms = NOW + round_number * LIFE_MS
        box.boot_s += LIFE_MS / 1000
        await box.codes.issue(Profile.NODE, now_ms)
        assert len(box.codes) <= 8
    await box.restart()
    assert len(box.codes) <= 8


async def test_many_codes_in_an_hour_are_bounded_too(box: Box) -> None:
    for _ in range(150):
        issued = await box.codes.issue(Profile.NODE, NOW)
        await box.codes.cancel(issued.setup_id)
    assert len(box.codes) <= 65


async def test_a_code_keeps_a_narrowed_token_of_a_known_device_no_wider_than_the_code(box: Box) -> None:
    issued = await box.codes.issue(Profile.LIMITED, NOW)
    device = await box.codes.redeem(box.found(issued.token), issued.token, phone(), grant(Profile.LIMITED), NOW)
    assert device is not None
    assert ADMIN not in device.scopes
    assert WRITE in device.tokens["operator"].scopes


async def test_a_crash_in_the_middle_leaves_the_code_and_no_device(box: Box) -> None:
    issued = await box.codes.issue(Profile.FULL, NOW)

    class CrashError(Exception):
        pass

    def crash(*_: object) -> None:
        raise CrashError

    found = box.found(issued.token)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("appliance.identity.setup.store._write", crash)
        with pytest.raises(CrashError):
            await box.codes.redeem(found, issued.token, phone(), grant(Profile.FULL), NOW)
    await box.restart()
    assert box.codes.find(issued.token, NOW) is not None
    assert await box.devices.get("device-1") is None
