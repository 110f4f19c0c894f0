"""Copies for packing: each is new, and none is left."""

from __future__ import annotations

import asyncio
from pathlib import Path

from appliance.daemon.care.taking import Taking
from appliance.daemon.housekeeping import tidy
from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.store import SessionStore
from appliance.storage.blobs import Blobs
from appliance.storage.database import Database
from tests.fakes.clock import FakeClock
from tests.unit.sessions.test_attachments import _copy as copy_naming


async def test_a_copy_that_was_left_over_goes_with_the_next(tmp_path: Path) -> None:
    clock = FakeClock()
    database = await Database.open(tmp_path / "homarus.sqlite", MIGRATIONS, clock=clock)
    try:
        taking = Taking(database, tmp_path / "backups", clock)
        first = await taking.take()
        clock.advance(1)
        second = await taking.take()
        assert (first.exists(), second.exists(), first != second) == (False, True, True)
        assert list((tmp_path / "backups").glob("homarus-*")) == [], "it is none of the nightly copies"
    finally:
        await database.aclose()


async def test_an_attachment_stays_as_long_as_a_nightly_copy_names_it(tmp_path: Path) -> None:
    clock = FakeClock()
    database = await Database.open(tmp_path / "homarus.sqlite", MIGRATIONS, clock=clock)
    blobs = Blobs(tmp_path / "blobs")
    ref = await blobs.put(b"picture", "image/gif")
    clock.jump(365 * 86_400)  # the file is of today, the clock of the test is not
    clock.jump(10 * 365 * 86_400)
    copies, place = [copy_naming(tmp_path / "copy.sqlite", ref.sha256)], blobs.path(ref.sha256)
    running = asyncio.create_task(tidy(SessionStore(database), blobs, clock, lambda: copies))
    try:
        for kept in (True, False):
            async with asyncio.timeout(10):
                while not clock.sleeping:
                    await asyncio.sleep(0.005)
                clock.advance(86_400)
                while not clock.sleeping or (place.exists() is not kept):
                    await asyncio.sleep(0.005)
            copies.clear()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.aclose()
