from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.scopes import covers
from appliance.identity.model import Approval, Claim, Device
from appliance.identity.pairing import Need, approval_needed, approved, rotated, with_token
from appliance.protocol.roles import ADMIN, READ, SCOPES, WRITE

scope_lists = st.lists(st.sampled_from(sorted(SCOPES)), max_size=4).map(tuple)


def _claim(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "device_id": "d",
        "public_key": "k",
        "role": "operator",
        "scopes": (READ,),
        "platform": "linux",
        "client_id": "cli",
    }
    return Claim(**{**values, **changes})


def _device(**changes: Any) -> Device:
    return approved(None, _claim(**changes), Approval.OWNER, 1)


@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({}, None),
        ({"scopes": ()}, None),
        ({"public_key": "other"}, Need.NOT_PAIRED),
        ({"role": "node", "scopes": ()}, Need.ROLE_UPGRADE),
        ({"scopes": (WRITE,)}, Need.SCOPE_UPGRADE),
        ({"platform": "darwin"}, Need.METADATA_UPGRADE),
        ({"device_family": "phone"}, Need.METADATA_UPGRADE),
        ({"platform": " LINUX"}, None),
    ],
)
def test_only_what_goes_beyond_the_approval_needs_the_owner(changes: dict[str, Any], need: Need | None) -> None:
    assert approval_needed(_device(), _claim(**changes)) is need


def test_an_unknown_device_is_not_paired() -> None:
    assert approval_needed(None, _claim()) is Need.NOT_PAIRED


@pytest.mark.parametrize(("platform", "need"), [("Android 16", None), ("iOS 15", Need.METADATA_UPGRADE)])
def test_a_new_version_of_a_phone_is_the_same_phone(platform: str, need: Need | None) -> None:
    device = _device(client_id="openclaw-android", platform="Android 15")
    assert approval_needed(device, _claim(client_id="openclaw-android", platform=platform)) is need


def test_approvals_add_up_and_a_new_key_starts_anew() -> None:
    device = approved(_device(), _claim(scopes=(WRITE,)), Approval.OWNER, 2)
    assert device.scopes == (READ, WRITE)
    assert device.tokens["operator"].scopes == (READ, WRITE)
    other = approved(device, _claim(public_key="other"), Approval.SILENT, 3)
    assert other.scopes == (READ,)


def test_an_approval_does_not_widen_a_narrowed_token() -> None:
    device = _device(scopes=(ADMIN,))
    narrow = rotated(device.tokens["operator"], (READ,), 2)
    device = msgspec.structs.replace(device, tokens={"operator": narrow})
    again = approved(device, _claim(scopes=(READ,)), Approval.SILENT, 3)
    assert again.tokens["operator"].scopes == (READ,)


def test_a_revoked_token_is_replaced_by_the_next_generation() -> None:
    device = _device()
    revoked = msgspec.structs.replace(device.tokens["operator"], revoked_at_ms=5)
    device = with_token(msgspec.structs.replace(device, tokens={"operator": revoked}), "operator", 6)
    token = device.token("operator")
    assert token is not None
    assert token.generation == 2


@given(scope_lists, st.none() | scope_lists)
def test_rotation_never_widens(held: tuple[str, ...], wanted: tuple[str, ...] | None) -> None:
    token = _device(scopes=held).tokens["operator"]
    assert covers(token.scopes, rotated(token, wanted, 2).scopes)
