"""Rotation in two phases: no crash and no lost reply locks a device out, and what was left behind stops working."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.scopes import covers
from appliance.identity.model import Approval, Claim, Device
from appliance.identity.pairing import approved, rotated
from appliance.identity.tokens import TokenMatch, Tokens
from appliance.protocol.roles import READ, SCOPES, WRITE

TOKENS = Tokens(bytes(32))
FIRST = approved(None, Claim("d", "k", "operator", (READ, WRITE)), Approval.OWNER, 0)


def _with(device: Device, **changes: object) -> Device:
    token = msgspec.structs.replace(device.tokens["operator"], **changes)
    return msgspec.structs.replace(device, tokens={"operator": token})


def _rotate(device: Device, scopes: tuple[str, ...] | None = None) -> Device:
    return msgspec.structs.replace(device, tokens={"operator": rotated(device.tokens["operator"], scopes, 1)})


def _token(device: Device) -> str:
    return TOKENS.derive("d", "operator", device.tokens["operator"].generation)


def _connect(device: Device, held: str) -> tuple[Device, str]:
    """Use a token as admission does; return what hello brings."""
    match = TOKENS.match(device, "operator", held)
    assert match is not TokenMatch.NONE, "locked out"
    if match is TokenMatch.CURRENT and device.tokens["operator"].previous_valid:
        device = _with(device, previous_valid=False)
    return device, _token(device)


@given(st.lists(st.sampled_from(["owner rotates", "rotates", "reply lost", "connects", "hello lost"]), max_size=30))
def test_no_order_of_rotations_and_lost_replies_locks_a_device_out(steps: list[str]) -> None:
    device, held = FIRST, _token(FIRST)
    for step in steps:
        if step == "owner rotates":
            device = _rotate(device)
        elif step in ("rotates", "reply lost"):
            device, _ = _connect(device, held)
            device = _rotate(device)
            held = _token(device) if step == "rotates" else held
        else:
            device, told = _connect(device, held)
            held = told if step == "connects" else held
    _connect(device, held)


@given(st.integers(1, 5))
def test_once_the_new_token_is_used_every_older_one_is_dead(rotations: int) -> None:
    device, old = FIRST, [_token(FIRST)]
    for _ in range(rotations):
        device = _rotate(device)
        old.append(_token(device))
    device, newest = _connect(device, old.pop())
    assert _token(device) == newest
    assert len({TOKENS.derive("d", "operator", 1), newest}) == 2
    assert {TOKENS.match(device, "operator", token) for token in {*old} - {newest}} == {TokenMatch.NONE}


def test_at_most_two_tokens_work_at_a_time() -> None:
    device, every = FIRST, [_token(FIRST)]
    for _ in range(4):
        device = _rotate(device)
        every.append(_token(device))
    assert sum(TOKENS.match(device, "operator", token) is not TokenMatch.NONE for token in {*every}) == 2


@given(st.lists(st.lists(st.sampled_from(sorted(SCOPES)), max_size=4), max_size=6))
def test_no_row_of_rotations_widens_a_token(asked: list[list[str]]) -> None:
    device = FIRST
    for scopes in asked:
        before = device.tokens["operator"].scopes
        device = _rotate(device, tuple(scopes))
        assert covers(before, device.tokens["operator"].scopes)
