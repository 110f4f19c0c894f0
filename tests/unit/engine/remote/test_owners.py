from __future__ import annotations

from appliance.engine.cache.opened import open_store
from appliance.engine.cache.residents import SequenceCache
from appliance.engine.cache.rewind import Rules
from appliance.engine.remote.owners import MAX_OWNERS, Owners
from tests.fakes.clock import FakeClock

_TEXT = list(range(100))


class Cells:
    """A cache that only says yes."""

    def cut(self, sequence: int, start: int) -> bool:
        return True

    def drop(self, sequence: int) -> None: ...

    def share(self, source: int, target: int, end: int) -> None: ...

    def clear(self) -> None: ...


def _owners(guest_bytes: int = 1000) -> Owners:
    owners = Owners(open_store(Rules(), ram_bytes=1000, files=None, ticks=FakeClock()))
    owners.limit(guest_bytes)
    return owners


def test_what_a_guest_stores_is_found_by_that_guest_only() -> None:
    owners = _owners()
    guest, other, own = owners.store("a"), owners.store("b"), owners.store("")
    assert guest is not None
    assert other is not None
    assert own is not None
    assert guest.put(_TEXT, 0, b"x" * 100)
    assert guest.longest([*_TEXT, 1]) is not None
    assert other.longest([*_TEXT, 1]) is None
    assert own.longest([*_TEXT, 1]) is None
    assert owners.store("a") is guest


def test_a_guest_keeps_no_more_than_its_part() -> None:
    owners = _owners(guest_bytes=100)
    guest = owners.store("a")
    assert guest is not None
    assert guest.put(_TEXT, 0, b"x" * 100)
    assert not guest.put(_TEXT, 0, b"x" * 101)
    owners.limit(50)
    assert guest.longest([*_TEXT, 1]) is None


def test_when_memory_gets_short_guests_give_back_too() -> None:
    owners = _owners(guest_bytes=500)
    guest, own = owners.store("a"), owners.store("")
    assert guest is not None
    assert own is not None
    assert guest.put(_TEXT, 0, b"x" * 400)
    owners.set_ram_budget(300)
    assert guest.longest([*_TEXT, 1]) is None
    assert own.info().ram_budget == 300
    later = owners.store("b")
    assert later is not None
    assert not later.put(_TEXT, 0, b"x" * 301)
    owners.set_ram_budget(10_000)
    assert not guest.put(_TEXT, 0, b"x" * 501), "the part of a guest is still the bound"


def test_the_guest_that_was_not_heard_for_longest_is_forgotten() -> None:
    owners = _owners()
    first = owners.store("0")
    for number in range(1, MAX_OWNERS):
        owners.store(str(number))
    assert owners.store("0") is first
    owners.store("new")
    assert owners.store("0") is first, "it was heard again; 1 had to go"


def test_without_a_store_of_its_own_a_box_keeps_nothing_for_others() -> None:
    assert Owners(None).store("a") is None


def test_a_sequence_is_shared_within_an_owner_only() -> None:
    kv = SequenceCache(Cells(), 4, can_rewind=True)
    first = kv.acquire(_TEXT, "s", "a")
    assert first is not None
    first.tokens = list(_TEXT)
    kv.release(first)
    assert kv.known([*_TEXT, 1], "a") == 100
    assert kv.known([*_TEXT, 1], "b") == kv.known([*_TEXT, 1]) == 0
    other = kv.acquire([*_TEXT, 1], "s", "b")
    assert other is not None
    assert (other is first, other.tokens, other.owner) == (False, [], "b")
    again = kv.acquire([*_TEXT, 1], "s", "a")
    assert again is first
    assert again.tokens == _TEXT
