from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.foundation.errors import OverloadedError
from appliance.identity import MIGRATIONS, Approval, Claim, DeviceStore
from appliance.identity.errors import DeviceMissingError, RequestMissingError
from appliance.identity.store import MAX_REQUESTS, REQUEST_LIFE_MS
from appliance.identity.tokens import TokenMatch
from appliance.protocol.roles import ADMIN, READ
from appliance.storage import Database
from tests.fakes.clock import FakeClock

NOW = 1_795_000_000_000


def _claim(number: int = 1, **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "device_id": f"device-{number}",
        "public_key": f"key-{number}",
        "role": "operator",
        "scopes": (READ,),
    }
    return Claim(**{**values, **changes})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "test.sqlite", MIGRATIONS, clock=FakeClock())
    yield database
    await database.aclose()


@pytest.fixture
async def store(database: Database) -> DeviceStore:
    return await DeviceStore.open(database)


async def test_a_device_and_its_token_survive_a_restart(database: Database, store: DeviceStore) -> None:
    device = await store.approve(_claim(), Approval.SILENT, NOW)
    token = store.token_for(device, "operator")
    assert len(token) == 43
    again = await DeviceStore.open(database)
    found = await again.get("device-1")
    assert found == device
    assert again.token_for(found, "operator") == token


async def test_no_token_is_in_the_database(database: Database, store: DeviceStore, tmp_path: Path) -> None:
    device = await store.approve(_claim(), Approval.SILENT, NOW)
    token = store.token_for(device, "operator").encode()
    await database.aclose()
    assert not any(token in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


async def test_tokens_differ_by_device_role_and_box(database: Database, store: DeviceStore) -> None:
    tokens = {store.tokens.derive(*args) for args in (("a", "operator", 1), ("b", "operator", 1), ("a", "node", 1))}
    other = DeviceStore(database, b"\1" * 32)
    assert len(tokens | {other.tokens.derive("a", "operator", 1)}) == 4


async def test_after_a_rotation_the_old_token_works_until_the_new_one_is_used(store: DeviceStore) -> None:
    device = await store.approve(_claim(), Approval.OWNER, NOW)
    old = store.token_for(device, "operator")
    device, new = await store.rotate("device-1", "operator", None, NOW + 1)
    assert store.tokens.match(device, "operator", old) is TokenMatch.PREVIOUS
    assert store.tokens.match(device, "operator", new) is TokenMatch.CURRENT
    device = await store.confirm("device-1", "operator")
    assert store.tokens.match(device, "operator", old) is TokenMatch.NONE
    assert store.tokens.match(device, "operator", new) is TokenMatch.CURRENT


async def test_further_rotations_before_the_new_token_is_used_leave_the_device_its_old_one(store: DeviceStore) -> None:
    device = await store.approve(_claim(scopes=(ADMIN,)), Approval.OWNER, NOW)
    old = store.token_for(device, "operator")
    _, first = await store.rotate("device-1", "operator", None, NOW + 1)
    device, second = await store.rotate("device-1", "operator", (READ,), NOW + 2)
    assert first == second
    assert device.tokens["operator"].scopes == (READ,)
    assert store.tokens.match(device, "operator", old) is TokenMatch.PREVIOUS
    await store.confirm("device-1", "operator")
    _, third = await store.rotate("device-1", "operator", None, NOW + 3)
    assert third != second


async def test_a_revoked_token_matches_nothing(store: DeviceStore) -> None:
    device = await store.approve(_claim(), Approval.OWNER, NOW)
    token, epoch = store.token_for(device, "operator"), store.shrinks.epoch
    device = await store.revoke("device-1", "operator", NOW)
    assert store.tokens.match(device, "operator", token) is TokenMatch.NONE
    assert store.shrinks.epoch > epoch
    with pytest.raises(DeviceMissingError):
        await store.rotate("device-1", "operator", None, NOW)
    device = await store.ensure_token("device-1", "operator", NOW)
    assert store.token_for(device, "operator") != token


async def test_a_removed_device_is_gone_at_once(store: DeviceStore) -> None:
    await store.approve(_claim(), Approval.OWNER, NOW)
    assert await store.remove("device-1")
    assert await store.get("device-1") is None
    assert not await store.remove("device-1")
    with pytest.raises(DeviceMissingError):
        await store.rename("device-1", "kitchen")


async def test_a_device_that_asks_again_keeps_its_request(store: DeviceStore) -> None:
    first, new = await store.request(_claim(scopes=(READ,)), "not-paired", NOW)
    again, new_again = await store.request(_claim(scopes=(READ,)), "not-paired", NOW + 299_999)
    assert (new, new_again) == (True, False)
    assert first.request_id == again.request_id
    assert await store.requests(NOW + 300_000)


async def test_a_request_that_grew_has_another_id_so_that_nobody_approves_what_he_did_not_see(
    store: DeviceStore,
) -> None:
    shown, _ = await store.request(_claim(scopes=(READ,)), "not-paired", NOW)
    grown, new = await store.request(_claim(scopes=(ADMIN,)), "not-paired", NOW + 1)
    assert new
    with pytest.raises(RequestMissingError):
        await store.approve_request(shown.request_id, NOW + 2)
    (waiting,) = await store.requests(NOW + 2)
    assert (waiting.request_id, waiting.claim.scopes) == (grown.request_id, (ADMIN,))
    narrower, new = await store.request(_claim(scopes=(READ,)), "not-paired", NOW + 3)
    assert (narrower.request_id, new) == (grown.request_id, False)


async def test_a_decision_that_is_not_allowed_leaves_the_request(store: DeviceStore) -> None:
    def refuse(claim: Claim) -> None:
        raise DeviceMissingError(f"not {claim.device_id}")

    request, _ = await store.request(_claim(), "not-paired", NOW)
    for decide in (store.approve_request, store.reject_request):
        with pytest.raises(DeviceMissingError):
            await decide(request.request_id, NOW, refuse)
    assert await store.requests(NOW) == [request]
    assert await store.devices() == []


async def test_sightings_are_those_on_the_disk_and_the_newer_ones_in_memory(store: DeviceStore) -> None:
    for number in (1, 2):
        await store.approve(_claim(number), Approval.OWNER, NOW)
        store.seen(f"device-{number}", NOW + 5, "connect")
    await store.save_seen()
    store.seen("device-2", NOW + 9, "disconnect")
    assert await store.sightings() == {"device-1": (NOW + 5, "connect"), "device-2": (NOW + 9, "disconnect")}


async def test_a_request_lives_three_hundred_seconds(store: DeviceStore) -> None:
    request, _ = await store.request(_claim(), "not-paired", NOW)
    assert await store.requests(NOW + REQUEST_LIFE_MS - 1)
    assert not await store.requests(NOW + REQUEST_LIFE_MS)
    with pytest.raises(RequestMissingError):
        await store.approve_request(request.request_id, NOW + REQUEST_LIFE_MS)


async def test_an_approved_request_pairs_and_is_spent(store: DeviceStore) -> None:
    request, _ = await store.request(_claim(), "not-paired", NOW)
    _, device = await store.approve_request(request.request_id, NOW)
    assert device.approved_via is Approval.OWNER
    assert await store.devices() == [device]
    with pytest.raises(RequestMissingError):
        await store.reject_request(request.request_id, NOW)


async def test_requests_are_bounded(store: DeviceStore) -> None:
    for number in range(MAX_REQUESTS):
        await store.request(_claim(number), "not-paired", NOW)
    with pytest.raises(OverloadedError):
        await store.request(_claim(MAX_REQUESTS), "not-paired", NOW)
    await store.request(_claim(0), "not-paired", NOW)
    await store.request(_claim(MAX_REQUESTS), "not-paired", NOW + REQUEST_LIFE_MS)


async def test_signs_of_life_are_written_together(database: Database, store: DeviceStore) -> None:
    await store.approve(_claim(), Approval.OWNER, NOW)
    store.seen("device-1", NOW + 5, "connect")
    await store.save_seen()
    row = await database.read(
        lambda connection: connection.execute("SELECT last_seen_ms FROM identity_devices").fetchone()
    )
    assert row[0] == NOW + 5


async def test_a_removed_device_asks_for_nothing_any_more(store: DeviceStore) -> None:
    """Else a click on a list that is a minute old would bring back what the owner has just thrown out."""
    await store.approve(_claim(), Approval.OWNER, NOW)
    request, _ = await store.request(_claim(scopes=(ADMIN,)), "scope-upgrade", NOW)
    await store.remove(_claim().device_id)
    assert await store.requests(NOW) == []
    with pytest.raises(RequestMissingError):
        await store.approve_request(request.request_id, NOW)


async def test_requests_of_a_clock_that_was_ahead_take_no_room_after_it_was_set_back(store: DeviceStore) -> None:
    for number in range(MAX_REQUESTS):
        await store.request(_claim(number), "not-paired", NOW + 86_400_000)
    await store.request(_claim(MAX_REQUESTS), "not-paired", NOW)
    assert [one.claim.device_id for one in await store.requests(NOW)] == [f"device-{MAX_REQUESTS}"]
