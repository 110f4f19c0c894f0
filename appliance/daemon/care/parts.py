"""The parts that look after a box, wired over one state directory."""

from __future__ import annotations

from dataclasses import dataclass

from appliance import __version__
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
from appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Care:
    """What runs by itself (`watch`, `rehearsals`), and what is asked for. `box`: the id of this box."""

    watch: Watch
    rehearsals: Rehearsals
    taking: Taking
    box: str

    def methods(self) -> tuple[Method, ...]:
        """Return the wire methods."""
        return backups.methods(take=self.taking.take, box=self.box, name=box_name(), version=__version__)


def take_care(database: Database, paths: StatePaths, tracker: HealthTracker, clock: Clock, *, box: str) -> Care:
    """Wire the parts over an open database."""
    return Care(
        Watch(lambda: here(clock.now_ms(), paths.root), tracker, clock),
        Rehearsals(paths, tracker, clock, in_a_process),
        Taking(database, paths.backups, clock),
        box,
    )
