"""What is written down about a version that is tried: values, each one whole JSON file that is replaced atomically."""

from __future__ import annotations

import enum

import msgspec

from appliance.storage.copies.older import Lineage


class Release(msgspec.Struct, frozen=True):
    """One version of the software at the place where it lies."""

    slot: str
    version: str
    build: str = ""

    def __str__(self) -> str:
        return f"{self.version} (slot {self.slot})"


class Committed(msgspec.Struct, frozen=True):
    """The version that this box counts as its own (committed.json)."""

    release: Release
    at_ms: int


class TrialState(enum.StrEnum):
    """Where a trial stands."""

    RUNNING = "running"
    REFUSED = "refused"
    """No copy could be made; the state is untouched and the new version's gateway never started."""
    RETURNING = "returning"
    """The old state is being put back; whoever finds this finishes it."""


class Answered(msgspec.Struct, frozen=True):
    """Which models answered when this box was last looked at (answered.json): what worked before must work after."""

    mini: bool = False
    engine: bool = False


class Failure(msgspec.Struct, frozen=True):
    """Why one start of the new version was given up."""

    reason: str
    units: tuple[str, ...] = ()
    gate: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    at_ms: int = 0


class Lost(msgspec.Struct, frozen=True):
    """What the old version cannot hold: `what` in the owner's words, `why` one of storage.copies.older."""

    table: str
    count: int
    what: str
    why: str
    column: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What a return did to the database. `missing` and `damaged` count what the journal did not have."""

    replayed: int = 0
    changes: int = 0
    missing: int = 0
    damaged: int = 0
    lost: tuple[Lost, ...] = ()
    note: str = ""
    files_note: str = ""
    """Why small files of before could not be used, for the report."""
    copied: bool = False
    """A database was made from the copy; without one the gateway makes it from its nightly copies and the journal."""


class Trial(msgspec.Struct, frozen=True):
    """One trial (trial.json). `id` names its report and what is set aside; `tries` counts starts of the target."""

    id: str
    state: TrialState
    origin: Release
    target: Release
    began_ms: int
    tries: int = 1
    refusal: str = ""
    failures: tuple[Failure, ...] = ()
    manual: bool = False
    built: bool = False
    outcome: Outcome | None = None


class Kept(msgspec.Struct, frozen=True):
    """The copy of the state of before an update (before/about.json)."""

    id: str
    origin: Release
    target: Release
    made_ms: int
    database: bool
    mark: int = 0
    segment: str = ""
    segment_ms: int = 0

    @property
    def lineage(self) -> Lineage:
        return Lineage(self.mark, self.segment, self.segment_ms)


class Rollback(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody asked to go back from `target` to `origin` (rollback.json). It is there until that slot is marked good.

    The firmware of a Pi starts `target` after any cut before that mark, and GRUB after three of them.
    """

    origin: Release
    target: Release
    note: str = ""
    tries: int = 0
    """Starts of `target` since its state was taken back."""
    boot: str = ""
    """The last of them (boot_id of the kernel): its state is prepared more than once where a restart does not come."""


class Report(msgspec.Struct, frozen=True):
    """What the owner is told after the box went back, or did not try (reports/ID.json)."""

    id: str
    kind: str
    """`returned` (the new version failed), `refused` (it was not started), `rolled_back` (somebody asked for it)."""
    origin: Release
    target: Release
    at_ms: int
    reason: str
    units: tuple[str, ...] = ()
    gate: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    tries: int = 0
    replayed: int = 0
    changes: int = 0
    missing: int = 0
    damaged: int = 0
    lost: tuple[Lost, ...] = ()
    files: tuple[str, ...] = ()
    """Small files of the state that were put back, because this version could not read what the other one left."""
    aside: str = ""
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether everything that was accepted meanwhile is there."""
        return not (self.missing or self.damaged or self.lost)
