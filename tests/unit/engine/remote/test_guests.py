from __future__ import annotations

from appliance.engine.remote.carrying import LinkRate
from appliance.engine.remote.guests import MAX_CONNECTIONS, MAX_CONNECTIONS_EACH, Guests


def test_a_box_has_so_many_connections_and_all_together_so_many() -> None:
    guests = Guests(4, 1000)
    for box in ("a", "b", "c", "d"):
        assert all(guests.enter(box) for _ in range(MAX_CONNECTIONS_EACH))
        assert not guests.enter(box)
    assert MAX_CONNECTIONS == 4 * MAX_CONNECTIONS_EACH
    assert not guests.enter("e")
    guests.leave("a")
    assert guests.enter("e")


def test_others_get_half_of_the_answers_and_at_least_one() -> None:
    for active, share in ((1, 1), (2, 1), (4, 2), (5, 2)):
        guests = Guests(active, 0)
        assert [guests.begin("a") for _ in range(share)] == [True] * share
        assert not guests.begin("b")
        guests.end("a")
        assert guests.begin("b")


def test_boxes_share_the_memory_and_leave_room_for_what_arrives() -> None:
    guests = Guests(4, 1200)
    assert guests.state_bytes == 600
    guests.expect(3)
    assert guests.state_bytes == 200
    guests.expect(0)
    assert guests.state_bytes == 600


def test_the_link_is_a_moving_average_of_transfers_that_are_large_enough() -> None:
    link = LinkRate()
    link.took(1000, 1.0)
    assert link.bytes_s == 0
    link.took(100_000, 1.0)
    assert link.bytes_s == 100_000
    link.took(200_000, 1.0)
    assert link.bytes_s == 150_000
    link.took(200_000, 0.0)
    assert link.bytes_s == 150_000
