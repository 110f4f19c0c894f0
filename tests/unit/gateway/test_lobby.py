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
