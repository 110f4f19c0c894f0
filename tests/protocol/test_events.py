"""Events: who hears what, numbers without gaps, slow readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.events import Bus, ChatEvent, ConfigChanged, EntryStored, HealthChanged, RunEvent, SessionChanged
from appliance.foundation.tasks import TaskSet
from appliance.gateway.bridge import Bridge
from appliance.gateway.transport.outbox import Outbox
from appliance.protocol.roles import PAIRING, READ
from appliance.protocol.version import MAX_BUFFERED_BYTES
from tests.fakes.wire import Client, Gateway, connect_params, gateway, raw_client

KEY = "agent:main:main"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path) as running:
        yield running


async def _row(key: str) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"key": key}


@pytest.fixture
async def bus(box: Gateway) -> AsyncIterator[Bus]:
    bus, tasks = Bus(), TaskSet("test")
    bridge = Bridge(
        bus,
        box.server.broadcaster,
        tasks,
        session_row=_row,
        health_changed=box.server.health_changed,
    )
    yield bus
    bridge.stop()
    await tasks.aclose()


def _chat(seq: int, key: str = KEY) -> ChatEvent:
    return ChatEvent("run", key, "main", seq, "delta", {"deltaText": "x"})


def _run(stream: str, seq: int = 1, key: str = KEY) -> RunEvent:
    return RunEvent("run", key, "session", "main", seq, stream, {"phase": "start"}, 5)


async def _frames_until(client: Client, name: str) -> list[dict[str, Any]]:
    """Return every frame up to the first event of this name."""
    frames = []
    while True:
        frames.append(await client.receive())
        if frames[-1].get("event") == name:
            return frames


async def test_events_have_the_documented_payload_and_count_without_gaps(box: Gateway, bus: Bus) -> None:
    async with box.connected(READ) as client:
        for number in range(1, 4):
            bus.publish(_chat(number))
        bus.publish(_run("assistant"))
        frames = await _frames_until(client, "agent")
        assert [frame["seq"] for frame in frames] == [1, 2, 3, 4]
        assert frames[0]["payload"] == {
            "runId": "run",
            "sessionKey": KEY,
            "agentId": "main",
            "seq": 1,
            "state": "delta",
            "deltaText": "x",
        }
        assert frames[3]["payload"] == {
            "runId": "run",
            "sessionKey": KEY,
            "sessionId": "session",
            "agentId": "main",
            "stream": "assistant",
            "data": {"phase": "start"},
            "seq": 1,
            "ts": 5,
        }


async def test_who_lacks_the_scope_hears_nothing_and_sees_no_gap(box: Gateway, bus: Bus) -> None:
    async with box.connected(PAIRING) as client:
        bus.publish(_chat(1))
        bus.publish(HealthChanged())
        frame = (await _frames_until(client, "health"))[-1]
        assert frame["seq"] == 1
        assert frame["stateVersion"]["health"] == 2
        assert frame["payload"] == {"ok": True}


async def test_tool_frames_go_only_to_the_capable_who_take_part(box: Gateway, bus: Bus) -> None:
    async with (
        box.connected(READ, caps=["tool-events"]) as watcher,
        box.connected(READ, caps=["tool-events"]) as stranger,
        box.connected(READ) as plain,
    ):
        await watcher.request("test.subscribe", {"key": KEY})
        await plain.request("test.subscribe", {"key": KEY})
        bus.publish(_run("tool"))
        bus.publish(_run("lifecycle"))
        tool = await watcher.event("agent")
        assert tool["payload"]["stream"] == "tool"
        assert "seq" not in tool
        for client in (watcher, stranger, plain):
            frame = await client.event("agent")
            assert (frame["payload"]["stream"], frame["seq"]) == ("lifecycle", 1)


async def test_a_scoped_client_hears_only_sessions_it_asked_for(box: Gateway, bus: Bus) -> None:
    async with box.connected(READ, caps=["session-scoped-events"]) as client:
        bus.publish(_chat(1))
        await client.request("test.subscribe", {"key": KEY})
        bus.publish(_chat(2, "agent:main:other"))
        bus.publish(_chat(3))
        frame = await client.event("chat")
        assert (frame["payload"]["seq"], frame["seq"]) == (3, 1)


async def test_session_events_are_for_subscribers_and_carry_the_row_in_order(box: Gateway, bus: Bus) -> None:
    entry = EntryStored(KEY, "main", "entry-1", 7, None, {"role": "user", "content": "hi"}, 1)
    async with box.connected(READ) as subscriber, box.connected(READ) as other:
        await subscriber.request("test.subscribe", {"key": KEY})
        bus.publish(SessionChanged(KEY, "main", "run-started", "run", 9))
        bus.publish(entry)
        bus.publish(ConfigChanged("/x", "h", 1))
        changed = await subscriber.event("sessions.changed")
        assert changed["payload"] == {
            "sessionKey": KEY,
            "agentId": "main",
            "reason": "run-started",
            "ts": 9,
            "runId": "run",
            "session": {"key": KEY},
        }
        message = await subscriber.event("session.message")
        assert message["payload"]["messageSeq"] == 7
        assert message["payload"]["session"] == {"key": KEY}
        assert "seq" not in message
        assert (await subscriber.event("config.changed"))["seq"] == 1
        assert [frame["event"] for frame in await _frames_until(other, "config.changed")] == ["config.changed"]


async def test_presence_tells_of_clients_that_stay_and_not_of_commands(box: Gateway) -> None:
    async with box.connected(READ) as watcher:
        async with box.connected(client_id="test", mode="test"):
            entries = (await watcher.event("presence"))["payload"]["presence"]
            assert [entry["mode"] for entry in entries] == ["gateway", "test"]
        entries = (await watcher.event("presence"))["payload"]["presence"]
        assert [entry["mode"] for entry in entries] == ["gateway"]


async def test_an_event_nobody_hears_is_not_even_made(box: Gateway) -> None:
    def payload() -> None:
        raise AssertionError("made for nobody")

    assert box.server.broadcaster.send("chat", payload, session_key=KEY) == 0
    assert box.server.broadcaster.send("made.up", payload) == 0


async def test_a_slow_reader_misses_what_may_be_missed_and_is_then_cut_off_and_told(box: Gateway) -> None:
    async with raw_client(box.server.port) as raw, box.connected(READ) as quick:
        await raw.connect(connect_params(scopes=[READ]))
        mebibyte = "x" * (1 << 20)
        # From here on `raw` reads nothing; 50 MiB may wait for it beside what the sockets hold.
        (slow,) = [one for one in box.server.broadcaster if one.view.conn_id == raw.conn_id]
        while slow.waiting_bytes < MAX_BUFFERED_BYTES - (2 << 20):
            box.server.broadcaster.send("chat", {"text": mebibyte}, session_key=KEY)
            await quick.event("chat")
        box.server.broadcaster.send("presence", {"presence": mebibyte * 3})
        box.server.broadcaster.send("chat", {"text": "still fits"}, session_key=KEY)
        box.server.broadcaster.send("chat", {"text": mebibyte * 3}, session_key=KEY)
        assert (await quick.event("presence"))["payload"]["presence"]
        frames = [frame async for frame in raw.frames() if "seq" in frame]
        assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
        assert frames[-1]["payload"] == {"text": "still fits"}
        assert not [frame for frame in frames if frame["event"] == "presence"]
        assert raw.close == (1008, "slow consumer")
        assert (await quick.request("test.now"))["ok"]


@pytest.mark.parametrize(("waiting", "size", "fits"), [(90, 10, True), (90, 11, False), (0, 1000, True)])
async def test_an_outbox_takes_bytes_up_to_its_bound(waiting: int, size: int, fits: bool) -> None:
    transport = Stalled(waiting)
    outbox = Outbox(transport, max_bytes=100)
    assert outbox.write(b"x" * size) is fits
    outbox.flush()
    assert len(transport.written) == fits


async def test_an_outbox_takes_frames_up_to_its_bound_and_again_when_it_was_emptied() -> None:
    transport = Stalled(1)
    outbox = Outbox(transport, max_frames=3)
    assert [outbox.write(b"x") for _ in range(4)] == [True, True, True, False]
    outbox.flush()
    transport.waiting = 0
    assert outbox.write(b"x")


async def test_frames_of_one_moment_leave_together_and_count_while_they_wait() -> None:
    transport = Stalled(0)
    outbox = Outbox(transport, max_bytes=8)
    assert [outbox.write(b"abc"), outbox.write(b"d"), outbox.write(b"e")] == [True, True, False]
    assert (outbox.waiting_bytes, transport.written) == (8, [])
    await asyncio.sleep(0)
    assert (outbox.waiting_bytes, transport.written) == (0, [b"\x81\x03abc\x81\x01d"])


class Stalled(asyncio.Transport):
    """A transport whose peer does not read."""

    def __init__(self, waiting: int) -> None:
        super().__init__()
        self.waiting = waiting
        self.written: list[bytes] = []

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))
