from __future__ import annotations

import asyncio
from collections.abc import Sequence

from appliance.foundation.clock import SystemClock
from appliance.gateway.methods.health import HealthReport
from appliance.sessions.model import Session, SessionFilter
from tests.unit.gateway.methods.box import AGENTS


class Reads:
    """Counts how often the sessions are read; `count` is what it finds."""

    def __init__(self) -> None:
        self.times = 0
        self.count = 0
        self.open = asyncio.Event()

    async def list(
        self, filter: SessionFilter = SessionFilter(), *, limit: int = 100, offset: int = 0
    ) -> tuple[Sequence[Session], int]:
        self.times += 1
        found = self.count
        await self.open.wait()
        return [], found


async def test_many_who_ask_at_once_share_the_reads_and_nobody_gets_what_is_older_than_the_question() -> None:
    reads = Reads()
    health = HealthReport(store=reads, agents=lambda: AGENTS[:1], clock=SystemClock(), database_path="/state")
    first = asyncio.ensure_future(health.current())
    await asyncio.sleep(0)
    reads.count = 7
    later = [asyncio.ensure_future(health.current()) for _ in range(50)]
    await asyncio.sleep(0)
    reads.open.set()
    assert (await first).sessions.count == 0
    assert {one.sessions.count for one in await asyncio.gather(*later)} == {7}
    assert reads.times == 2
    reads.count = 8
    assert (await health.current()).sessions.count == 8
