from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from appliance.mesh.errors import InvokeError
from appliance.mesh.invoke.model import Invoke
from appliance.mesh.model import NodeFacts
from appliance.mesh.pending.sleeping import Sleeping
from appliance.mesh.pending.work import COMMAND_LIFE_MS, DEFAULT_LIFE_MS, MAX_PER_NODE
from tests.fakes.clock import FakeClock
from tests.unit.mesh.box import Box, box


async def test_what_waits_is_urgent_first_and_survives_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with box(tmp_path, clock) as home:
        await home.pending.enqueue("attic", "status.request", "normal", None, clock.now_ms())
        await home.pending.enqueue("attic", "location.request", "high", None, clock.now_ms())
    async with box(tmp_path, clock) as home:
        items, more = home.pending.drain("attic", None, clock.now_ms())
        assert [(one.kind, one.priority) for one in items] == [
            ("location.request", "high"),
            ("status.request", "normal"),
        ]
        assert not more
        assert home.pending.drain("attic", 1, clock.now_ms()) == ([items[0]], True)
        assert home.pending.drain("cellar", None, clock.now_ms()) == ([], False)


async def test_one_request_of_a_kind_is_enough(home: Box) -> None:
    now = home.clock.now_ms()
    first, new = await home.pending.enqueue("attic", "status.request", "normal", 5000, now)
    assert new
    again, new = await home.pending.enqueue("attic", "status.request", "high", 9000, now)
    assert not new
    assert (again.id, again.priority, again.expires_at_ms) == (first.id, "high", now + 9000)
    assert home.pending.revision("attic") == 2
    same, _ = await home.pending.enqueue("attic", "status.request", "normal", 1000, now)
    assert same == again
    assert home.pending.revision("attic") == 2


async def test_it_waits_until_acknowledged_or_over(home: Box) -> None:
    now = home.clock.now_ms()
    waiting, _ = await home.pending.enqueue("attic", "status.request", "normal", None, now)
    assert await home.pending.acknowledge("cellar", [waiting.id]) == ([], 0)
    assert len(home.pending.drain("attic", None, now + DEFAULT_LIFE_MS - 1)[0]) == 1
    assert home.pending.drain("attic", None, now + DEFAULT_LIFE_MS)[0] == []
    assert home.pending.drain("attic", None, now - DEFAULT_LIFE_MS)[0] == [], "the clock was set back"
    assert await home.pending.acknowledge("attic", [waiting.id, waiting.id, "unknown"]) == ([waiting.id], 0)
    assert home.pending.drain("attic", None, now)[0] == []


async def test_what_is_over_leaves_the_database(tmp_path: Path) -> None:
    clock = FakeClock()
    async with box(tmp_path, clock) as home:
        await home.pending.put_off("attic", "camera.snap", None, "a", clock.now_ms())
        clock.advance(COMMAND_LIFE_MS / 1000)
        await home.pending.tidy(clock.now_ms())
        rows = await home.database.read(lambda db: db.execute("SELECT count(*) FROM mesh_pending").fetchone())
        assert rows == (0,)


async def test_commands_wait_within_a_bound_and_the_same_key_waits_once(home: Box) -> None:
    now = home.clock.now_ms()
    first = await home.pending.put_off("attic", "canvas.present", "{}", "k0", now)
    assert await home.pending.put_off("attic", "canvas.present", "{}", "k0", now) == first
    for number in range(1, MAX_PER_NODE):
        await home.pending.put_off("attic", "canvas.present", None, f"k{number}", now)
    assert home.pending.actions("attic", lambda _: True, now)[0] == first
    await home.pending.put_off("attic", "canvas.present", None, "one more", now)
    waiting = home.pending.actions("attic", lambda _: True, now)
    assert len(waiting) == MAX_PER_NODE
    assert first not in waiting
    assert home.pending.actions("attic", lambda command: command == "canvas.hide", now) == []


@pytest.mark.parametrize(
    ("platform", "command", "code", "waits"),
    [
        ("iOS 19", "canvas.present", "NODE_BACKGROUND_UNAVAILABLE", True),
        ("iOS 19", "device.info", "NODE_BACKGROUND_UNAVAILABLE", False),
        ("iOS 19", "canvas.present", "TIMEOUT", False),
        ("Android 16", "canvas.present", "NODE_BACKGROUND_UNAVAILABLE", False),
    ],
)
async def test_only_what_a_sleeping_phone_put_off_waits(
    home: Box, platform: str, command: str, code: str, waits: bool
) -> None:
    await home.join("phone", command, trusted=True, facts=NodeFacts(platform=platform))
    sleeping = Sleeping(home.mesh, home.pending)
    invoke = Invoke("phone", command, "device:me", "key", {"url": "x"})
    waiting = await sleeping.put_off(invoke, InvokeError(code, "not now", dispatched=True), home.clock.now_ms())
    assert (waiting is not None) == waits
    if waiting is not None:
        action = waiting.action()
        assert json.loads(action["paramsJSON"]) == {"url": "x"}
        assert msgspec.json.encode(action)
