"""The parts that look after a box, wired over one state directory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from appliance import __version__
from appliance.daemon.care.light import Light
from appliance.daemon.care.rehearsals import Rehearsals, in_a_process
from appliance.daemon.care.taking import Taking
from appliance.daemon.care.watching import Watch
from appliance.daemon.reach.exposure import box_name
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.gateway.method import Method
from appliance.gateway.methods import backups
from appliance.health import HealthTracker
from appliance.health.look import here
from appliance.host.hardware.board import read_hardware
from appliance.storage.database import Database
from appliance.updates.records.files import Records
from appliance.updates.records.model import Action


@dataclass(frozen=True, slots=True)
class Care:
    """What runs by itself (`watch`, `rehearsals`, `light` if there is one), and what is asked for. `box`: its id."""

    watch: Watch
    rehearsals: Rehearsals
    taking: Taking
    box: str
    light: Light | None

    def methods(self) -> tuple[Method, ...]:
        """Return the wire methods."""
        return backups.methods(take=self.taking.take, box=self.box, name=box_name(), version=__version__)


def take_care(
    database: Database,
    paths: StatePaths,
    tracker: HealthTracker,
    clock: Clock,
    *,
    box: str,
    pairing: Callable[[int], int],
) -> Care:
    """Wire the parts over an open database. `pairing` counts the setup codes that are open at a time."""
    records = Records.on()

    async def updating() -> bool:
        status = await asyncio.to_thread(records.status)
        return status is not None and not status.done and status.action in (Action.APPLY, Action.ROLLBACK)

    lit = read_hardware().led
    light = Light(tracker, clock, pairing=lambda: pairing(clock.now_ms()) > 0, updating=updating) if lit else None
    return Care(
        Watch(lambda: here(clock.now_ms(), paths.root), tracker, clock),
        Rehearsals(paths, tracker, clock, in_a_process),
        Taking(database, paths.backups, clock),
        box,
        light,
    )
