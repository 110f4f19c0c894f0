"""The parts that look after a box, wired over one state directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.daemon.care.rehearsals import Rehearsals, in_a_process
from appliance.daemon.care.taking import Taking
from appliance.daemon.care.watching import Watch
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.health import HealthTracker
from appliance.health.look import here
from appliance.host.hardware.board import read_hardware
from appliance.storage.database import Database

if TYPE_CHECKING:  # imported where the board has a light
    from appliance.daemon.care.light import Light


@dataclass(frozen=True, slots=True)
class Care:
    """What runs by itself (`watch`, `rehearsals`, `light` if there is one), and what is asked for (`taking`)."""

    watch: Watch
    rehearsals: Rehearsals
    taking: Taking
    light: Light | None


def take_care(
    database: Database, paths: StatePaths, tracker: HealthTracker, clock: Clock, *, pairing: Callable[[int], int]
) -> Care:
    """Wire the parts over an open database. `pairing` counts the setup codes that are open at a time."""
    return Care(
        Watch(lambda: here(clock.now_ms(), paths.root), tracker, clock),
        Rehearsals(paths, tracker, clock, in_a_process),
        Taking(database, paths.backups, clock),
        _light(tracker, clock, pairing) if read_hardware().led else None,
    )


def _light(tracker: HealthTracker, clock: Clock, pairing: Callable[[int], int]) -> Light:
    from appliance.daemon.care.light import Light, updating

    return Light(tracker, clock, pairing=lambda: pairing(clock.now_ms()) > 0, updating=updating)
