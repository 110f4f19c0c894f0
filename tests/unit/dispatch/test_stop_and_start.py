"""A gateway that stops and starts again: nothing accepted is lost, nothing is begun to be thrown away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.dispatch.queue_modes import QueueMode, QueueSettings
from appliance.foundation.errors import ClosedError
from appliance.lanes import Lanes
from appliance.sessions.model import RunStatus
from tests.unit.dispatch.house import House, busy, house, inbound

FOLLOWUP = QueueSettings(mode=QueueMode.FOLLOWUP, debounce_ms=0)
STEER = QueueSettings(mode=QueueMode.STEER, debounce_ms=0)
INTERRUPT = QueueSettings(mode=QueueMode.INTERRUPT, debounce_ms=0)


async def test_a_shutdown_ends_what_runs_and_keeps_what_waits_for_the_next_start(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.settings = FOLLOWUP
        await busy(home)
        await home.dispatcher.submit(inbound("r2"))
        await home.dispatcher.aclose(0.05)
        assert [await home.status(one) for one in ("r1", "r2")] == ["aborted", "queued"]
        assert home.ends("r2") == []
        with pytest.raises(ClosedError):
            await home.dispatcher.submit(inbound("r3"))
    async with house(tmp_path) as home:
        assert await home.dispatcher.recover() == 1
        assert (await home.ended("r2")).status is RunStatus.OK


async def test_a_shutdown_begins_nothing_that_it_would_have_to_end(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.settings = FOLLOWUP
        gate = await busy(home)
        await home.dispatcher.submit(inbound("r2"))
        closing = asyncio.ensure_future(home.dispatcher.aclose(5))
        await asyncio.sleep(0)
        gate.set()
        await closing
        assert [await home.status(one) for one in ("r1", "r2")] == ["ok", "queued"]


async def test_a_shutdown_keeps_a_run_that_waits_for_its_lane(tmp_path: Path) -> None:
    async with house(tmp_path, lanes=Lanes({"main": 1}, global_cap=1, max_waiting=9)) as home:
        gate = await busy(home)
        await home.dispatcher.submit(inbound("r2", key="agent:main:two"))
        await home.until(lambda: home.dispatcher.lanes()[0].queued == 1)
        closing = asyncio.ensure_future(home.dispatcher.aclose(5))
        await asyncio.sleep(0)
        gate.set()
        await closing
        assert [await home.status(one) for one in ("r1", "r2")] == ["ok", "queued"]
        assert home.ends("r2") == []


async def test_a_shutdown_in_the_quiet_time_begins_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        gate = await busy(home)
        await home.dispatcher.submit(inbound("r2"))  # collect: it waits for a quiet second
        gate.set()
        await home.ended("r1", advance_s=0)
        closing = asyncio.ensure_future(home.dispatcher.aclose(0.05))
        await asyncio.sleep(0)
        home.clock.advance(5)
        await closing
        assert await home.status("r2") is RunStatus.QUEUED


async def test_what_is_accepted_while_the_gateway_stops_waits_on_disk(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.store.gates["accept"] = gate = asyncio.Event()
        sending = asyncio.ensure_future(home.dispatcher.submit(inbound("r1")))
        await asyncio.sleep(0.01)
        await home.dispatcher.aclose(0.0)
        gate.set()
        assert (await sending).status == "queued"
        assert await home.status("r1") is RunStatus.QUEUED
        assert not home.dispatcher._queues
    async with house(tmp_path) as home:
        await home.dispatcher.recover()
        assert (await home.ended("r1")).status is RunStatus.OK


async def test_recovery_ends_what_was_running_and_runs_what_waited(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.store.accept(inbound("r1"))
        await home.store.begin_run("r1", (), 0)
        await home.store.accept(inbound("r2"))
        await home.store.accept(inbound("stop", "/status"))
        assert await home.dispatcher.recover() == 2
        await home.ended("r2")
        await home.ended("stop")
        assert [await home.status(one) for one in ("r1", "r2", "stop")] == ["error", "ok", "ok"]


async def test_a_queue_mode_that_no_longer_exists_does_not_stop_the_recovery(home: House) -> None:
    await home.store.accept(inbound("r1", queueMode="backlog"))
    assert await home.dispatcher.recover() == 1
    assert (await home.ended("r1")).status is RunStatus.OK
