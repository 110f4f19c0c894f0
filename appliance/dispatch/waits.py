"""Those who wait for the end of a run."""

from __future__ import annotations

import asyncio

from appliance.sessions.model import Run, RunStatus
from appliance.sessions.store import SessionStore

_MAX_HOPS = 4  # a merged run points at the run it went into; deeper chains do not occur


class RunWaits:
    """The end itself is read from the store; here is only who has to be woken."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    async def wait(self, run_id: str, timeout_s: float) -> Run | None:
        """Wait for the end of a run (or of what it was merged into); None: unknown, or not ended in time."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        for _ in range(_MAX_HOPS):
            run = await self._end(run_id, deadline)
            if run is None or run.status is not RunStatus.MERGED or run.merged_into is None:
                return run
            run_id = run.merged_into
        return None

    def ended(self, run_id: str) -> None:
        """Wake who waits for this run: its end is on disk."""
        for waiter in self._waiters.get(run_id, ()):
            if not waiter.done():
                waiter.set_result(None)

    async def _end(self, run_id: str, deadline: float) -> Run | None:
        # Listen before the look: an end in between must not be missed.
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(run_id, []).append(waiter)
        try:
            run = await self._store.run(run_id)
            if run is None or run.status.ended:
                return run
            async with asyncio.timeout_at(deadline):
                await waiter
            return await self._store.run(run_id)
        except TimeoutError:
            return None
        finally:
            self._waiters[run_id].remove(waiter)
            if not self._waiters[run_id]:
                del self._waiters[run_id]
