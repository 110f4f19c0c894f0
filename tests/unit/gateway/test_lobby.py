from __future__ import annotations

from appliance.gateway.transport.lobby import Lobby


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
