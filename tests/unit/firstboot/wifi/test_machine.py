"""What is decided about the Wi-Fi: when the own network opens, what a failure leads to, and that it never just ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.values import Secret
from appliance.firstboot.values import Wifi
from appliance.firstboot.wifi.machine import (
    AGAIN_S,
    FIRST_S,
    JOIN_S,
    KNOWN_S,
    LEAVE_S,
    OPEN_AGAIN_S,
    RADIO_S,
    RETRY_S,
    SETTLED_S,
    Act,
    Machine,
    Phase,
    Result,
    Seen,
    Step,
    Try,
    result_of,
)

_HOME = Wifi(b"home", Secret("password"))
_OTHER = Wifi(b"other", Secret("password"))
_NOTHING = Seen()


def _open(now: float = 0.0) -> Machine:
    machine = Machine(now)
    assert machine.step(_NOTHING, now + FIRST_S) == [Act.OPEN]
    return machine


def test_a_box_with_a_cable_opens_nothing() -> None:
    machine = Machine(0)
    assert machine.step(Seen(online=True), 0) == [Act.SCAN]  # whoever wants the Wi-Fi all the same sees what there is
    assert machine.step(Seen(online=True), SETTLED_S) == [Act.END]


def test_without_a_network_to_try_the_own_one_opens_soon_and_listens_before() -> None:
    machine = Machine(0)
    assert machine.step(_NOTHING, 0) == [Act.SCAN]
    assert machine.step(_NOTHING, FIRST_S - 1) == [Act.SCAN]
    assert machine.step(_NOTHING, FIRST_S) == [Act.OPEN]


def test_with_a_network_to_try_it_waits_for_a_slow_router() -> None:
    machine = Machine(0)
    assert Act.OPEN not in machine.step(Seen(known=True), KNOWN_S - 1)
    assert machine.step(Seen(known=True), KNOWN_S) == [Act.OPEN]


def test_a_refused_password_from_the_card_opens_at_once_and_is_told() -> None:
    machine = Machine(0)
    assert machine.step(Seen(known=True, reason=7), 5) == [Act.OPEN]
    assert machine.result is Result.WRONG_PASSWORD


def test_a_box_without_a_radio_ends() -> None:
    machine = Machine(0)
    assert machine.step(Seen(radio=False), RADIO_S - 1) == []
    assert machine.step(Seen(radio=False), RADIO_S) == [Act.END]


def test_one_radio_leaves_its_own_network_to_try_another_and_comes_back() -> None:
    machine = _open()
    assert machine.step(_NOTHING, 60, _HOME) == [Act.CLOSE, Try(_HOME)]
    assert machine.step(_NOTHING, 61) == []
    assert machine.step(Seen(reason=7), 62) == [Act.DROP, Act.OPEN]
    assert (machine.phase, machine.result) == (Phase.SETUP, Result.WRONG_PASSWORD)


def test_another_network_that_is_asked_for_during_an_attempt_takes_its_place() -> None:
    machine = _open()
    machine.step(_NOTHING, 60, _HOME)
    assert machine.step(Seen(reason=7), 70, _OTHER) == [Act.DROP, Try(_OTHER)]
    assert machine.result is None
    assert machine.step(_NOTHING, 60 + JOIN_S) == []
    assert machine.step(_NOTHING, 70 + JOIN_S) == [Act.DROP, Act.OPEN]


def test_a_network_that_is_asked_for_before_the_radio_is_there_is_tried_when_it_comes() -> None:
    machine = Machine(0)
    assert machine.step(Seen(radio=False), 0, _HOME) == []
    assert machine.step(Seen(radio=False), 1, _OTHER) == []
    assert machine.step(_NOTHING, RADIO_S - 1) == [Try(_OTHER)]
    assert machine.step(_NOTHING, RADIO_S) == []


@pytest.mark.parametrize("online", [False, True])
def test_a_network_for_which_no_radio_comes_has_failed(online: bool) -> None:
    machine = Machine(0)
    seen = Seen(radio=False, online=online)
    assert machine.step(seen, 0, _HOME) == []
    assert machine.step(seen, RADIO_S) == [Act.END]
    assert machine.result is Result.FAILED


def test_an_attempt_that_says_nothing_ends_after_its_time() -> None:
    machine = _open()
    machine.step(_NOTHING, 60, _HOME)
    assert machine.step(_NOTHING, 60 + JOIN_S - 1) == []
    assert machine.step(_NOTHING, 60 + JOIN_S) == [Act.DROP, Act.OPEN]
    assert machine.result is Result.FAILED


def test_a_joined_network_is_the_end_once_it_holds() -> None:
    machine = _open()
    machine.step(_NOTHING, 60, _HOME)
    up = Seen(online=True, joined=True, known=True)
    assert machine.step(up, 65) == []
    assert Act.OPEN not in machine.step(up, 70)
    assert machine.step(up, 65 + SETTLED_S) == [Act.END]
    assert machine.result is Result.JOINED


def test_a_joined_network_that_is_lost_at_once_leads_back() -> None:
    machine = _open()
    machine.step(_NOTHING, 60, _HOME)
    machine.step(Seen(online=True, joined=True, known=True), 65)
    assert machine.step(Seen(known=True), 65 + KNOWN_S) == [Act.OPEN]


def test_a_second_radio_keeps_the_own_network_open_through_all_of_it() -> None:
    machine = _open()
    assert machine.step(Seen(spare=True), 60, _HOME) == [Try(_HOME)]
    assert machine.step(Seen(spare=True, reason=7), 61) == [Act.DROP]
    assert machine.phase is Phase.SETUP
    assert machine.step(Seen(spare=True), 70, _HOME) == [Try(_HOME)]
    up = Seen(online=True, joined=True, known=True, spare=True)
    assert machine.step(up, 75) == []
    assert machine.step(up, 75 + LEAVE_S) == [Act.CLOSE, Act.END]


def test_a_router_that_was_off_is_found_again() -> None:
    machine = _open()
    known = Seen(known=True)
    assert machine.step(known, FIRST_S + AGAIN_S) == [Act.CLOSE]
    assert machine.step(known, FIRST_S + AGAIN_S + RETRY_S) == [Act.OPEN]
    assert machine.step(known, FIRST_S + 2 * AGAIN_S + RETRY_S) == [Act.CLOSE]
    back = FIRST_S + 2 * AGAIN_S + RETRY_S + 10
    assert machine.step(Seen(known=True, online=True), back) == []
    assert machine.step(Seen(known=True, online=True), back + SETTLED_S) == [Act.END]


def test_an_own_network_that_did_not_open_or_fell_is_opened_again_and_again() -> None:
    machine = _open()
    assert machine.step(_NOTHING, 40) == []
    assert machine.step(_NOTHING, 40 + OPEN_AGAIN_S - 1) == []
    assert machine.step(_NOTHING, 40 + OPEN_AGAIN_S) == [Act.OPEN]
    assert machine.step(_NOTHING, 40 + 2 * OPEN_AGAIN_S) == [Act.OPEN]
    assert machine.step(Seen(own=True), 100) == []
    assert machine.step(_NOTHING, 200) == []
    assert machine.step(_NOTHING, 200 + OPEN_AGAIN_S) == [Act.OPEN]


def test_an_own_network_that_is_open_is_left_alone_and_none_is_opened_beside_another() -> None:
    machine = _open()
    assert not any(machine.step(Seen(own=True), now) for now in range(40, 2000, 10))
    for now in range(2000, 2000 + int(LEAVE_S), 10):
        assert machine.step(Seen(online=True), now) == []


def test_an_own_network_that_stays_away_keeps_nobody_from_looking_for_a_router_again() -> None:
    machine = _open()
    known = Seen(known=True)
    steps = [step for now in range(31, 631) for step in machine.step(known, now)]
    assert steps[-1] is Act.CLOSE
    assert set(steps[:-1]) == {Act.OPEN}


def test_a_second_radio_that_fails_before_the_own_network_was_open_leads_to_it() -> None:
    machine = Machine(0)
    spare = Seen(spare=True)
    assert machine.step(spare, 0, _HOME) == [Try(_HOME)]
    assert machine.step(Seen(spare=True, reason=7), 1) == [Act.DROP]
    machine.step(spare, 2)
    assert machine.step(spare, 2 + OPEN_AGAIN_S) == [Act.OPEN]


def test_a_wish_of_a_box_with_a_cable_opens_no_network_when_it_fails() -> None:
    machine = Machine(0)
    cable = Seen(online=True)
    assert machine.step(cable, 0, _HOME) == [Try(_HOME)]
    assert machine.step(Seen(online=True, reason=53), 5) == [Act.DROP]
    assert machine.result is Result.NOT_FOUND
    assert machine.step(cable, 30) == [Act.END]


@pytest.mark.parametrize(
    ("reason", "result"),
    [(7, Result.WRONG_PASSWORD), (53, Result.NOT_FOUND), (17, Result.NO_ADDRESS), (1, Result.FAILED)],
)
def test_reasons_have_names(reason: int, result: Result) -> None:
    assert result_of(reason) is result


_SEEN = st.builds(
    Seen,
    online=st.booleans(),
    radio=st.just(True),
    known=st.booleans(),
    spare=st.booleans(),
    joined=st.booleans(),
    reason=st.sampled_from([None, None, 7, 53]),
)


@dataclass
class _Air:
    """What becomes of orders: an own network that was told to open may be refused, and one that is open may fall."""

    own: bool = False

    def after(self, steps: Sequence[Step], *, opens: bool, falls: bool = False) -> None:
        for step in steps:
            if step is Act.OPEN:
                self.own = opens
            elif step is Act.CLOSE:
                self.own = False
        self.own = self.own and not falls


@given(st.lists(st.tuples(_SEEN, st.integers(1, 300), st.booleans(), st.booleans(), st.booleans()), max_size=40))
def test_whatever_happens_the_network_of_a_box_that_is_alone_is_open_in_the_end(
    story: list[tuple[Seen, int, bool, bool, bool]],
) -> None:
    machine, air, now = Machine(0), _Air(), 0.0
    for seen, seconds, wished, opens, falls in story:
        now += seconds
        steps = machine.step(replace(seen, own=air.own), now, _HOME if wished else None)
        air.after(steps, opens=opens, falls=falls)
        if machine.phase is Phase.ENDED:
            return  # it was online; NetworkManager's dispatcher starts another one when that is lost
    for _ in range(20):
        now += 100
        air.after(machine.step(replace(_NOTHING, own=air.own), now), opens=True)
    assert air.own
