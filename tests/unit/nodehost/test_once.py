"""An invocation that comes again under its key: done once, whatever was lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from appliance.client.errors import ConnectionLost
from appliance.foundation.clock import SystemClock
from appliance.nodehost.host import Host
from appliance.nodehost.model import Asked, Command, CommandError
from appliance.nodehost.once import KEPT_S, MAX_KEPT, MAX_KEPT_BYTES, Once, Wish, wish_of
from tests.unit.nodehost.wire import Wire


class Machine:
    """Counts what is really done."""

    def __init__(self) -> None:
        self.done = 0
        self.started = asyncio.Event()
        self.host = Host({name: Command(name, "test", run) for name, run in (
            ("count", self._count), ("hang", self._hang), ("ask", self._ask), ("fail", self._fail),
        )}, SystemClock())  # fmt: skip

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Wire]:
        wire = Wire()
        serving = asyncio.ensure_future(self.host.serve(wire))  # type: ignore[arg-type]  # its methods
        yield wire
        wire.inbox.put_nowait(None)
        with pytest.raises(ConnectionLost):
            await serving

    async def _count(self, asked: Asked) -> dict[str, Any]:
        asked.begins()
        self.done += 1
        return {"done": self.done}

    async def _hang(self, asked: Asked) -> dict[str, Any]:
        asked.begins()
        return await self._ask(asked)

    async def _ask(self, asked: Asked) -> dict[str, Any]:
        self.done += 1
        self.started.set()
        await asyncio.Event().wait()
        return {}

    async def _fail(self, asked: Asked) -> dict[str, Any]:
        asked.begins()
        self.done += 1
        raise CommandError("UNAVAILABLE", "it does not start")


async def test_the_answer_that_was_lost_with_its_connection_is_given_again() -> None:
    machine = Machine()
    async with machine.connected() as wire:
        wire.invoke("i1", "count", {"runId": "i1", "a": 1}, key="k")
        await wire.results(1)
    async with machine.connected() as wire:
        wire.invoke("i2", "count", {"runId": "i2", "a": 1}, key="k")
        assert (await wire.results(1))["i2"]["payload"] == {"done": 1}
        wire.invoke("i3", "count", {"a": 2}, key="k")  # another wish under a key of another caller
        wire.invoke("i4", "count", {"a": 1})  # no key: every try counts
        assert {row["payload"]["done"] for row in (await wire.results(3)).values()} == {1, 2, 3}


async def test_what_was_cut_off_after_it_began_is_not_begun_again() -> None:
    machine = Machine()
    async with machine.connected() as wire:
        wire.invoke("i1", "hang", key="k")
        await machine.started.wait()
    async with machine.connected() as wire:
        wire.invoke("i2", "hang", key="k")
        assert (await wire.results(1))["i2"]["error"]["code"] == "INTERRUPTED"
    assert machine.done == 1


async def test_what_was_cut_off_before_it_began_is_done() -> None:
    machine = Machine()
    async with machine.connected() as wire:
        wire.invoke("i1", "ask", key="k")
        await machine.started.wait()
    async with machine.connected() as wire:
        wire.invoke("i2", "ask", timeout_ms=20, key="k")
        assert (await wire.results(1))["i2"]["error"]["code"] == "TIMEOUT"
    assert machine.done == 2


async def test_what_ran_out_of_time_after_it_began_is_not_begun_again() -> None:
    machine = Machine()
    async with machine.connected() as wire:
        wire.invoke("i1", "hang", timeout_ms=20, key="k")
        assert (await wire.results(1))["i1"]["error"]["code"] == "TIMEOUT"
        wire.invoke("i2", "hang", timeout_ms=20, key="k")
        assert (await wire.results(2))["i2"]["error"]["code"] == "INTERRUPTED"


async def test_what_failed_may_be_tried_again_under_its_key() -> None:
    machine = Machine()
    async with machine.connected() as wire:
        wire.invoke("i1", "fail", key="k")
        await wire.results(1)
        wire.invoke("i2", "fail", key="k")
        await wire.results(2)
    assert machine.done == 2


async def test_what_is_under_way_is_not_begun_a_second_time() -> None:
    machine = Machine()
    async with machine.connected() as wire:
        wire.invoke("i1", "hang", key="k")
        await machine.started.wait()
        wire.invoke("i2", "hang", key="k")
        assert (await wire.results(1))["i2"]["error"]["code"] == "BUSY"


def _filled(count: int, size: int = 1) -> Once:
    once = Once()
    for number in range(count):
        once.begin(Wish(str(number)), 0.0)
        once.end(Wish(str(number)), {"": "x" * size}, 0.0)
    return once


@pytest.mark.parametrize(("count", "first_known"), [(MAX_KEPT, True), (MAX_KEPT + 1, False)])
def test_only_so_many_outcomes_are_kept(count: int, first_known: bool) -> None:
    once = _filled(count)
    assert len(once) == MAX_KEPT
    assert (once.begin(Wish("0"), 1.0) is not None) is first_known


def test_only_so_many_bytes_are_kept_and_nothing_huge_at_all() -> None:
    quarter = MAX_KEPT_BYTES // 4 - len('{"": ""}')
    assert len(_filled(4, quarter)) == 4
    assert len(_filled(5, quarter)) == 4
    assert len(_filled(1, quarter + 1)) == 0


def test_outcomes_are_forgotten_in_time() -> None:
    once = _filled(1)
    assert once.begin(Wish("0"), KEPT_S - 0.001) is not None
    assert once.begin(Wish("0"), KEPT_S) is None


@pytest.mark.parametrize("key", [None, "", 5, "x" * 257])
def test_without_a_usable_key_nothing_is_remembered(key: Any) -> None:
    assert wish_of({"idempotencyKey": key, "command": "c"}, {}) is None
