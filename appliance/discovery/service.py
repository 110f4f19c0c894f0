"""The gateway's side: keeps the publishing process alive and starts it anew when there is something else to tell."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from appliance.discovery.beacon import Beacon
from appliance.foundation.clock import Clock
from appliance.health import Condition, HealthTracker, Severity
from appliance.supervisor.process import ChildProcess, ChildSpec, ChildState, ChildStatus
from appliance.supervisor.spawning.base import Place
from appliance.supervisor.spawning.box import BoxSpawner

_log = logging.getLogger(__name__)
_CODE, _SUBJECT = "not_announced", "discovery"
_ROOT = Path(__file__).resolve().parents[2]
_READY_S = 60.0


class Advertising:
    """At most one publishing process. What it cannot do is a health condition; pairing by code works without it."""

    def __init__(self, *, environ: Mapping[str, str], clock: Clock, tracker: HealthTracker) -> None:
        self._environ = environ
        self._clock = clock
        self._tracker = tracker
        self._beacon: Beacon | None = None
        self._child: ChildProcess | None = None
        self._turn = asyncio.Lock()

    async def announce(self, beacon: Beacon | None) -> None:
        """Publish `beacon` instead of what was published; None publishes nothing."""
        async with self._turn:
            if beacon == self._beacon:
                return
            await self._end()
            self._beacon = beacon
            if beacon is not None:
                argv = [sys.executable, "-m", "appliance.discovery", beacon.encode()]
                spec = ChildSpec("discovery", argv, {"PYTHONPATH": str(_ROOT)}, ready_timeout_s=_READY_S)
                self._child = ChildProcess(
                    spec,
                    environ=self._environ,
                    clock=self._clock,
                    on_change=self._changed,
                    spawner=BoxSpawner(Place.WORKER, self._environ),
                )
                await self._child.start()

    async def aclose(self) -> None:
        """Stop publishing; the network is told."""
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        child, self._child, self._beacon = self._child, None, None
        if child is not None:
            await child.stop()
        self._tracker.clear(_CODE, _SUBJECT)

    def _changed(self, status: ChildStatus) -> None:
        if status.state is ChildState.READY:
            self._tracker.clear(_CODE, _SUBJECT)
        elif status.state is ChildState.FAILED:
            summary = f"Phones do not find this box by themselves: the announcement ended ({status.reason})."
            fix = "It is tried again every few minutes. Until then pair with the code of `homarus pair`."
            self._tracker.set(Condition(_CODE, _SUBJECT, Severity.DEGRADED, summary, fix, {"reason": status.reason}))
