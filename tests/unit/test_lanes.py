import pytest

from appliance.foundation.errors import OverloadedError
from appliance.lanes import Lanes, Ticket


def running(tickets: list[Ticket]) -> list[int]:
    return [index for index, ticket in enumerate(tickets) if ticket.started.done() and not ticket.started.cancelled()]


async def test_tickets_start_in_order_of_arrival_up_to_the_global_cap() -> None:
    lanes = Lanes({"main": 5, "cron": 5}, global_cap=2, max_waiting=10)
    tickets = [lanes.enter("main"), lanes.enter("cron"), lanes.enter("main"), lanes.enter("cron")]
    assert running(tickets) == [0, 1]
    tickets[1].leave()
    assert running(tickets) == [0, 1, 2]
    tickets[0].leave()
    assert running(tickets) == [0, 1, 2, 3]


async def test_a_lane_at_its_cap_does_not_hold_up_the_others() -> None:
    lanes = Lanes({"main": 1, "cron": 1}, global_cap=4, max_waiting=10)
    tickets = [lanes.enter("main"), lanes.enter("main"), lanes.enter("cron")]
    assert running(tickets) == [0, 2]


async def test_leaving_twice_frees_one_place_only() -> None:
    lanes = Lanes({"main": 1}, global_cap=1, max_waiting=10)
    tickets = [lanes.enter("main") for _ in range(3)]
    tickets[0].leave()
    tickets[0].leave()
    assert running(tickets) == [0, 1]


async def test_a_ticket_that_gives_up_while_waiting_leaves_no_trace() -> None:
    lanes = Lanes({"main": 1}, global_cap=1, max_waiting=10)
    first, second, third = (lanes.enter("main") for _ in range(3))
    second.leave()
    first.leave()
    assert third.started.done()
    third.leave()
    assert [(fact.queued, fact.active) for fact in lanes.facts()] == [(0, 0)]


async def test_the_waiting_room_is_bounded() -> None:
    lanes = Lanes({"main": 1}, global_cap=1, max_waiting=2)
    tickets = [lanes.enter("main") for _ in range(2)]
    lanes.check_room()
    with pytest.raises(OverloadedError):
        lanes.check_room(coming=1)
    tickets.append(lanes.enter("main"))
    with pytest.raises(OverloadedError) as caught:
        lanes.check_room()
    assert caught.value.details["retryAfterMs"] == 1000
    for ticket in tickets:
        ticket.leave()
