from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.access.scopes import covers, expand, known, narrowed, normalise
from appliance.protocol.roles import ADMIN, PAIRING, READ, SCOPES, SESSIONS_READ, TALK, WRITE

any_scopes = st.lists(st.sampled_from([*sorted(SCOPES), "operator.unknown", "root"]))


def test_admin_is_everything_and_write_is_read_and_talk() -> None:
    assert expand([ADMIN]) == SCOPES
    assert {READ, TALK, SESSIONS_READ} <= expand([WRITE])
    assert PAIRING not in expand([WRITE])


def test_stored_scopes_are_sorted_and_complete() -> None:
    assert normalise(["operator.write", "operator.bogus"]) == (READ, WRITE)
    assert normalise([ADMIN]) == (ADMIN, READ, WRITE)


def test_unknown_scopes_give_nothing() -> None:
    assert known(["root", READ, READ]) == (READ,)


@given(any_scopes, any_scopes)
def test_narrowing_never_gives_more_than_either_side(granted: list[str], wanted: list[str]) -> None:
    result = narrowed(granted, wanted)
    assert set(result) <= expand(granted)
    assert set(result) <= set(wanted)


@given(any_scopes)
def test_normalising_never_adds_a_right(scopes: list[str]) -> None:
    assert covers(known(scopes), normalise(scopes))
