from __future__ import annotations

import pytest

from appliance.gateway.transport.lobby import (
    CONTROL,
    HERE,
    MAX_NEAR,
    MAX_PER_SOURCE,
    MAX_WAITING,
    Lobby,
    Source,
    source_of,
)


class Visitor:
    def __init__(self) -> None:
        self.expelled: list[bool] = []
        self.left = False

    def expel(self, *, late: bool) -> None:
        self.expelled.append(late)

    def gone(self) -> bool:
        return self.left


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_full_room_puts_out_the_one_that_waited_longest() -> None:
    lobby = Lobby(limit=2, monotonic=Time())
    first, second, third = Visitor(), Visitor(), Visitor()
    lobby.enter(first, 15)
    lobby.enter(second, 15)
    assert not first.expelled
    lobby.enter(third, 15)
    assert first.expelled == [False]
    assert len(lobby) == 2
    assert not second.expelled


def test_who_is_late_is_put_out_at_the_deadline_and_not_before() -> None:
    time = Time()
    lobby, visitor = Lobby(monotonic=time), Visitor()
    lobby.enter(visitor, 15)
    time.now = 14.9
    lobby.sweep()
    assert not visitor.expelled
    time.now = 15
    lobby.sweep()
    assert visitor.expelled == [True]
    assert len(lobby) == 0


def test_an_upgrade_keeps_the_deadline() -> None:
    time = Time()
    lobby, raw, upgraded = Lobby(monotonic=time), Visitor(), Visitor()
    lobby.enter(raw, 15)
    time.now = 10
    lobby.swap(raw, upgraded)
    time.now = 15
    lobby.sweep()
    assert upgraded.expelled == [True]
    assert not raw.expelled


def test_who_left_silently_is_forgotten() -> None:
    lobby, visitor = Lobby(monotonic=Time()), Visitor()
    lobby.enter(visitor, 15)
    visitor.left = True
    lobby.sweep()
    assert len(lobby) == 0
    assert not visitor.expelled


def test_clearing_puts_everyone_out() -> None:
    lobby, visitor = Lobby(monotonic=Time()), Visitor()
    lobby.enter(visitor, 15)
    lobby.clear()
    assert visitor.expelled == [False]
    assert len(lobby) == 0


def test_heavy_guests_have_a_smaller_room_of_their_own() -> None:
    lobby = Lobby(limit=10, heavy_limit=2, monotonic=Time())
    light, first, second, third = Visitor(), Visitor(), Visitor(), Visitor()
    lobby.enter(light, 15)
    lobby.enter(first, 15, heavy=True)
    lobby.enter(second, 15, heavy=True)
    assert not first.expelled
    lobby.enter(third, 15, heavy=True)
    assert first.expelled == [False]
    assert not light.expelled
    assert len(lobby) == 3


def test_a_heavy_guest_stays_heavy_over_an_upgrade_and_makes_room_when_it_leaves() -> None:
    lobby = Lobby(limit=10, heavy_limit=1, monotonic=Time())
    raw, upgraded, other, last = Visitor(), Visitor(), Visitor(), Visitor()
    lobby.enter(raw, 15, heavy=True)
    lobby.swap(raw, upgraded)
    lobby.enter(other, 15, heavy=True)
    assert upgraded.expelled == [False]
    lobby.leave(other)
    lobby.enter(last, 15, heavy=True)
    assert not other.expelled
    assert not last.expelled


FLOOD, OTHER = Source("192.0.2.9"), Source("192.0.2.7")


@pytest.mark.parametrize(("source", "cap"), [(FLOOD, MAX_PER_SOURCE), (HERE, MAX_NEAR)])
def test_a_source_that_fills_its_share_puts_out_its_own_oldest(source: Source, cap: int) -> None:
    lobby, honest = Lobby(monotonic=Time()), Visitor()
    lobby.enter(honest, 15, source=OTHER)
    flood = [Visitor() for _ in range(cap + 1)]
    for visitor in flood[:cap]:
        lobby.enter(visitor, 15, source=source)
    assert not any(visitor.expelled for visitor in flood)
    lobby.enter(flood[cap], 15, source=source)
    assert [index for index, visitor in enumerate(flood) if visitor.expelled] == [0]
    assert not honest.expelled
    assert len(lobby) == cap + 1


def test_many_sources_share_the_whole_room() -> None:
    lobby = Lobby(monotonic=Time())
    for number in range(2 * MAX_WAITING):
        lobby.enter(Visitor(), 15, source=Source(str(number % 100)))
    assert len(lobby) == MAX_WAITING


def test_a_share_is_free_again_when_its_guests_leave_or_change() -> None:
    lobby = Lobby(per_source=2, monotonic=Time())
    raw, upgraded, second, third = Visitor(), Visitor(), Visitor(), Visitor()
    lobby.enter(raw, 15, source=FLOOD)
    lobby.swap(raw, upgraded)
    lobby.enter(second, 15, source=FLOOD)
    lobby.leave(second)
    lobby.enter(third, 15, source=FLOOD)
    assert not upgraded.expelled  # it is counted once
    lobby.enter(second, 15, source=FLOOD)
    assert upgraded.expelled == [False]
    for visitor in (second, third):
        lobby.leave(visitor)
    assert lobby._shares == {}
    assert lobby._sources == {}


@pytest.mark.parametrize(
    ("peername", "source"),
    [
        (("127.0.0.9", 1), HERE),
        (("::1", 1, 0, 0), HERE),
        ("", CONTROL),
        (None, CONTROL),
        (("rubbish", 1), CONTROL),
        (("192.0.2.9", 1), FLOOD),
        (("2001:db8:1:2::7", 1, 0, 0), Source("2001:db8:1:2::/64")),
        (("2001:db8:1:2:ffff::1", 1, 0, 0), Source("2001:db8:1:2::/64")),
        (("fe80::1%eth0", 1, 0, 2), Source("fe80::/64")),
    ],
)
def test_a_source_is_an_address_and_for_ipv6_its_network(peername: object, source: Source) -> None:
    assert source_of(peername) == source
