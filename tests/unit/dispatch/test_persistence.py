"""Writes that must happen."""

from __future__ import annotations

import asyncio

import pytest

from appliance.dispatch.persistence import until_stored
from appliance.foundation.errors import ClosedError, OverloadedError
from appliance.storage.errors import StorageError, StorageFullError
from tests.fakes.clock import FakeClock


class Write:
    """Refuses with `error` so many times, then stores."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.left, self.tries = error, times, 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.left > 0:
            self.left -= 1
            raise self.error
        return "stored"


async def done(write: Write) -> str:
    clock = FakeClock()
    task = asyncio.ensure_future(until_stored(clock, write, what="a test"))
    while not task.done():
        await asyncio.sleep(0)
        clock.advance(60)
    return await task


@pytest.mark.parametrize("error", [StorageFullError("full"), OverloadedError("busy")])
async def test_what_passes_is_waited_for_however_long(error: Exception) -> None:
    assert await done(Write(error, 100)) == "stored"


async def test_a_disk_that_fails_is_tried_eight_times_and_not_more() -> None:
    assert await done(Write(StorageError("the disk failed"), 7)) == "stored"
    write = Write(StorageError("the disk failed"), 8)
    with pytest.raises(StorageError):
        await done(write)
    assert write.tries == 8


async def test_what_is_no_fault_of_the_disk_is_raised_at_once() -> None:
    write = Write(ClosedError("closed"), 1)
    with pytest.raises(ClosedError):
        await done(write)
    assert write.tries == 1
