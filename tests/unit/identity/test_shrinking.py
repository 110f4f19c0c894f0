from __future__ import annotations

from appliance.identity.shrinking import _REMEMBERED, Shrinks, Shrunk


def test_rights_stand_until_they_shrink_and_those_decided_after_it_stand_again() -> None:
    shrinks = Shrinks()
    before = shrinks.epoch
    assert shrinks.stands("a", "operator", before)
    shrinks.note("a", ("operator",), "revoked")
    assert not shrinks.stands("a", "operator", before)
    assert shrinks.stands("a", "operator", shrinks.epoch)


def test_only_the_role_and_the_device_that_shrank_are_concerned() -> None:
    shrinks = Shrinks()
    before = shrinks.epoch
    shrinks.note("a", ("operator",), "revoked")
    assert shrinks.stands("a", "node", before)
    assert shrinks.stands("b", "operator", before)


def test_everyone_who_listens_hears_of_each_role() -> None:
    shrinks = Shrinks()
    heard: list[Shrunk] = []
    shrinks.listen(heard.append)
    shrinks.note("a", ("operator", "node"), "removed")
    assert heard == [("a", "operator", "removed"), ("a", "node", "removed")]


def test_what_is_forgotten_counts_as_shrunk_for_old_rights() -> None:
    shrinks = Shrinks()
    old = shrinks.epoch
    shrinks.note("first", ("operator",), "revoked")
    for number in range(_REMEMBERED):
        shrinks.note(f"device {number}", ("operator",), "revoked")
    assert len(shrinks._last) == _REMEMBERED
    assert not shrinks.stands("first", "operator", old)
    assert shrinks.stands("first", "operator", shrinks.epoch)
