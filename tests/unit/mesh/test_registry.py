from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.mesh.errors import CommandRefusedError, RequestMissingError, ScopesMissingError
from appliance.mesh.requests import MAX_REQUESTS, REQUEST_LIFE_MS
from appliance.mesh.surface import CommandPolicy
from appliance.protocol.roles import SCOPES
from tests.fakes.clock import FakeClock
from tests.unit.mesh.box import Box, FakeLink, box, surface


def request_id(home: Box, node_id: str) -> str:
    request = home.mesh.requests.of(node_id, home.clock.now_ms())
    assert request is not None
    return request.request_id


async def test_a_new_node_may_be_asked_for_nothing_until_its_owner_agrees(home: Box) -> None:
    await home.join("attic", "system.which", "system.run")
    assert home.commands("attic") == ()
    (row,) = home.heard("node.pair.requested")
    assert row["commands"] == ["system.run", "system.which"]
    assert row["requiredApproveScopes"] == ["operator.pairing", "operator.write", "operator.admin"]
    request, record = await home.mesh.approve(row["requestId"], SCOPES)
    assert record.approved == request.surface
    assert home.commands("attic") == ("system.run", "system.which")
    (told,) = home.heard("node.pair.resolved")
    assert (told["nodeId"], told["decision"]) == ("attic", "approved")


async def test_approving_takes_every_right_that_the_commands_need(home: Box) -> None:
    await home.join("attic", "system.run")
    wanted = request_id(home, "attic")
    for decide in (home.mesh.approve, home.mesh.reject):
        with pytest.raises(ScopesMissingError, match=r"operator\.admin"):
            await decide(wanted, {"operator.pairing", "operator.write"})
    assert home.commands("attic") == ()


async def test_what_was_approved_survives_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with box(tmp_path, clock) as home:
        await home.join("attic", "system.which", trusted=True)
        home.mesh.left("c1", "attic")
    async with box(tmp_path, clock) as home:
        record = home.mesh.record("attic")
        assert record is not None
        assert record.last_disconnected_ms == clock.now_ms()
        await home.join("attic", "system.which")
        assert home.commands("attic") == ("system.which",)
        assert home.heard("node.pair.requested") == []


async def test_widening_asks_again_and_meanwhile_the_old_surface_holds(home: Box) -> None:
    await home.join("attic", "system.which", trusted=True)
    await home.join("attic", "system.which", "system.run", trusted=True)
    assert home.commands("attic") == ("system.which",)
    await home.mesh.approve(request_id(home, "attic"), SCOPES)
    assert home.commands("attic") == ("system.run", "system.which")


async def test_declaring_less_asks_nothing_and_coming_back_to_it_neither(home: Box) -> None:
    await home.join("attic", "system.which", "device.info", trusted=True)
    await home.join("attic", "device.info")
    assert home.commands("attic") == ("device.info",)
    await home.join("attic", "system.which", "device.info")
    assert home.commands("attic") == ("device.info", "system.which")
    assert home.heard("node.pair.requested") == []


async def test_a_request_covers_exactly_what_was_shown(home: Box) -> None:
    await home.join("attic", "system.which")
    shown = request_id(home, "attic")
    await home.join("attic", "system.which")
    assert request_id(home, "attic") == shown, "the same surface is the same request"
    await home.join("attic", "system.which", "system.run")
    with pytest.raises(RequestMissingError):
        await home.mesh.approve(shown, SCOPES)
    assert len(home.heard("node.pair.requested")) == 2


async def test_a_rejected_node_stays_without_rights_and_asks_when_it_comes_again(home: Box) -> None:
    await home.join("attic", "system.which")
    await home.mesh.reject(request_id(home, "attic"), SCOPES)
    assert home.commands("attic") == ()
    assert home.heard("node.pair.resolved")[0]["decision"] == "rejected"
    home.mesh.left("c1", "attic")
    await home.join("attic", "system.which")
    assert len(home.heard("node.pair.requested")) == 2


async def test_a_request_waits_as_long_as_its_node_and_five_minutes_more(home: Box) -> None:
    await home.join("attic", "system.which")
    home.clock.advance(REQUEST_LIFE_MS / 1000 * 3)
    shown = request_id(home, "attic")
    home.mesh.left("c1", "attic")
    home.clock.advance(REQUEST_LIFE_MS / 1000 - 1)
    assert request_id(home, "attic") == shown
    home.clock.advance(1)
    with pytest.raises(RequestMissingError):
        await home.mesh.approve(shown, SCOPES)


async def test_a_clock_that_is_set_back_does_not_keep_a_request_alive(home: Box) -> None:
    await home.join("attic", "system.which")
    home.mesh.left("c1", "attic")
    home.clock.jump(-REQUEST_LIFE_MS / 1000)
    assert home.mesh.requests.all(home.clock.now_ms()) == []


async def test_no_more_than_the_bound_wait_and_one_more_gets_no_rights(home: Box) -> None:
    for number in range(MAX_REQUESTS + 1):
        await home.join(f"node-{number}", "device.info")
    assert len(home.mesh.requests.all(home.clock.now_ms())) == MAX_REQUESTS
    assert home.mesh.requests.of(f"node-{MAX_REQUESTS - 1}", home.clock.now_ms()) is not None
    assert home.mesh.requests.of(f"node-{MAX_REQUESTS}", home.clock.now_ms()) is None
    assert home.commands(f"node-{MAX_REQUESTS}") == ()


async def test_a_device_that_was_removed_and_pairs_anew_starts_anew(home: Box) -> None:
    await home.join("attic", "system.which", trusted=True)
    await home.pending.enqueue("attic", "status.request", "normal", None, home.clock.now_ms())
    home.mesh.left("c1", "attic")
    await home.devices.remove("attic")
    home.clock.advance(1)
    await home.join("attic", "system.which")
    assert home.commands("attic") == ()
    assert home.pending.drain("attic", None, home.clock.now_ms()) == ([], False)


async def test_a_node_whose_rights_ended_is_not_reached(home: Box) -> None:
    await home.join("attic", "system.which", trusted=True)
    assert await home.mesh.reach("attic") is not None
    await home.devices.revoke("attic", "node", home.clock.now_ms())
    assert await home.mesh.reach("attic") is None
    await home.devices.remove("attic")
    assert await home.mesh.reach("attic") is None


async def test_forgetting_a_node_ends_its_rights_in_the_same_step(home: Box) -> None:
    await home.join("attic", "system.which", trusted=True)
    assert await home.mesh.forget("attic")
    assert home.commands("attic") == ()
    assert not await home.mesh.forget("nobody")


async def test_the_configuration_counts_at_once_in_both_directions(home: Box) -> None:
    await home.join("attic", "system.which", "camera.snap", trusted=True)
    home.policy = CommandPolicy(deny=frozenset({"system.which"}))
    assert home.commands("attic") == ()
    home.policy = CommandPolicy(allow=frozenset({"camera.snap"}))
    await home.mesh.reconsider()
    assert home.commands("attic") == ("system.which",), "what was withheld was never shown to the owner"
    await home.mesh.approve(request_id(home, "attic"), SCOPES)
    assert home.commands("attic") == ("camera.snap", "system.which")
    home.policy = CommandPolicy(closed=True)
    assert home.commands("attic") == ()


async def test_a_refusal_says_which_set_lacks_the_command_and_what_helps(home: Box) -> None:
    await home.join("attic", "system.which", "camera.snap", trusted=True)
    await home.join("attic", "system.which", "camera.snap", "system.run")
    for command, reason in (
        ("system.run", "command not approved"),
        ("camera.snap", "command not allowlisted"),
        ("device.info", "command not declared by node"),
    ):
        with pytest.raises(CommandRefusedError) as refusal:
            home.mesh.check("attic", command)
        assert (refusal.value.reason, refusal.value.details["command"]) == (reason, command)
        assert str(refusal.value).startswith("node command not allowed: ")
    home.mesh.check("attic", "system.which")


async def test_the_newest_connection_of_a_node_counts_and_an_older_one_takes_over(home: Box) -> None:
    await home.join("attic", "system.which", trusted=True)
    await home.join("attic", "device.info")
    live = home.mesh.live("attic")
    assert live is not None
    assert live.link.conn_id == "c2"
    home.mesh.left("c2", "attic")
    live = home.mesh.live("attic")
    assert live is not None
    assert live.link.conn_id == "c1"
    assert home.commands("attic") == ("system.which",)
    home.mesh.left("c1", "attic")
    assert home.mesh.live("attic") is None


async def test_a_node_with_too_many_connections_loses_the_oldest(home: Box) -> None:
    links = [await home.join("attic", "system.which", trusted=True) for _ in range(5)]
    assert links[0].closed is not None
    assert [link.closed for link in links[1:]] == [None] * 4


async def test_clients_hear_of_coming_and_going(home: Box) -> None:
    await home.join("attic", "system.which", trusted=True)
    home.mesh.left("c1", "attic")
    assert [(one["nodeId"], one["connected"]) for one in home.heard("node.presence")] == [
        ("attic", True),
        ("attic", False),
    ]


async def test_who_left_before_it_was_seen_never_was_there(home: Box) -> None:
    await home.pair("attic")
    home.mesh.joined(FakeLink("attic", surface("system.which"), "c0"))
    home.mesh.left("c0", "attic")
    await home.mesh.settled()
    assert home.heard("node.presence") == []
    assert home.heard("node.pair.requested") == []


async def test_a_node_that_is_expelled_is_gone_in_the_same_step(home: Box) -> None:
    await home.join("attic", "system.which", trusted=True)
    await home.join("attic", "system.which")
    home.mesh.expel("attic")
    assert home.mesh.live("attic") is None
    assert home.commands("attic") == ()
    assert home.heard("node.presence")[-1]["connected"] is False
    home.mesh.left("c1", "attic")
    assert len(home.heard("node.presence")) == 2, "its socket closes later, which is no news"
    await home.join("attic", "system.which")
    assert home.commands("attic") == ("system.which",), "a token that was rotated takes nothing else away"


async def test_of_a_device_that_was_removed_nothing_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    async with box(tmp_path, clock) as home:
        await home.join("attic", "system.which", trusted=True)
        await home.pending.put_off("attic", "camera.snap", None, "k", clock.now_ms())
        await home.devices.remove("attic")
        home.mesh.expel("attic")
        while home.mesh.record("attic") is not None or home.pending.actions("attic", lambda _: True, clock.now_ms()):
            await asyncio.sleep(0)
        await home.mesh.settled()
    async with box(tmp_path, clock) as home:
        assert home.mesh.record("attic") is None
        assert home.pending.actions("attic", lambda _: True, clock.now_ms()) == []
