"""At every start, before the gateway: bring the state to where the version that runs may use it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.storage.errors import StorageError
from appliance.storage.lock import StateLock
from appliance.updates.trial import record
from appliance.updates.trial.commit import KEPT_MS, forget_old
from appliance.updates.trial.copying import drop_copy, forget_asides, make_copy
from appliance.updates.trial.decide import FINAL, Step, decide
from appliance.updates.trial.model import Committed, Kept, Release, Report, Rollback, Trial, TrialState
from appliance.updates.trial.places import Places
from appliance.updates.trial.returning import begin_return, close_refused, finish_return, stay

_log = logging.getLogger(__name__)
_MAX_STEPS: Final = 6  # return, then begin: more than that would be a circle


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done: all steps in order, the report of a return, and why the gateway must not start ("" if it may)."""

    steps: tuple[Step, ...]
    report: Report | None = None
    refusal: str = ""


def prepare_state(places: Places, booted: Release, now_ms: int, boot: str = "") -> Prepared:
    """Do what this start needs. Raises StorageError, OSError: then the gateway must not start, the next start goes on.

    `boot` tells one start of the machine from another, "" where that is not known.

    Where no copy can be made the new version's gateway does not start at all: nothing of the state was touched then,
    and the version before, which knows this database, can say what is wrong, mend it and take the update later. A
    gateway that went on without a copy could not be taken back, and that is the one promise of an update.
    """
    with places.as_owner():
        places.paths.create()
        lock = StateLock.acquire(places.paths.lock, now_ms=now_ms)
    try:
        return _steps(places, booted, now_ms, boot)
    finally:
        lock.release()


def _steps(places: Places, booted: Release, now_ms: int, boot: str) -> Prepared:
    done: list[Step] = []
    report: Report | None = None
    for _ in range(_MAX_STEPS):
        trial, kept, rollback = record.trial(places), record.kept(places), _asked(places, boot)
        damaged = trial is None and os.path.lexists(places.trial)
        step = decide(booted, record.committed(places), trial, kept, rollback, damaged=damaged)
        done.append(step)
        _log.info("state: %s", step.value)
        if step is Step.LEAVE and rollback is not None:
            return Prepared(tuple(done), report, _leave(places, rollback, boot))
        if step in FINAL:
            return Prepared(tuple(done), report, _last(places, step, booted, trial, kept, now_ms))
        if step is Step.STAY and rollback is not None:
            report = stay(places, rollback, now_ms)
            continue
        report = _between(places, step, trial, kept, now_ms) or report
    raise StorageError(f"the records in {places.updates} contradict each other ({', '.join(done)}); report this")


def _between(places: Places, step: Step, trial: Trial | None, kept: Kept | None, now_ms: int) -> Report | None:
    match step:
        case Step.RETURN:
            begin_return(places, trial, kept, now_ms)
            return finish_return(places, now_ms)
        case Step.FINISH_RETURN:
            return finish_return(places, now_ms)
        case Step.CLOSE_REFUSED if trial is not None:
            return close_refused(places, trial, now_ms)
    record.close_trial(places)
    return None


def _last(places: Places, step: Step, booted: Release, trial: Trial | None, kept: Kept | None, now_ms: int) -> str:
    match step:
        case Step.FIRST:
            record.write_committed(places, Committed(booted, now_ms))
        case Step.NOTHING:
            _tidy(places, booted, kept, now_ms)
        case Step.CONTINUE if trial is not None:
            record.write_trial(places, msgspec.structs.replace(trial, tries=trial.tries + 1))
        case Step.RESUME if kept is not None:
            _open(places, kept, now_ms)
        case Step.BEGIN:
            return _begin(places, booted, trial, now_ms)
    return ""


def _asked(places: Places, boot: str) -> Rollback | None:
    """Return the way back that was asked for, with the starts before this one."""
    found = record.rollback(places)
    if found is not None and boot and found.boot == boot:
        return msgspec.structs.replace(found, tries=found.tries - 1)
    return found


def _leave(places: Places, rollback: Rollback, boot: str) -> str:
    """Refuse to begin with the version that was left; the deadline lets the other one start next."""
    record.write_rollback(places, msgspec.structs.replace(rollback, tries=rollback.tries + 1, boot=boot))
    return (
        f"Somebody went back from version {rollback.target.version} to {rollback.origin.version}, and the power failed"
        " before that was over. The box restarts with that version."
    )


def _begin(places: Places, booted: Release, trial: Trial | None, now_ms: int) -> str:
    own = record.committed(places)
    origin = own.release if own is not None else trial.origin if trial is not None else booted
    tries = trial.tries + 1 if trial is not None and trial.target == booted else 1
    try:
        kept = make_copy(places, origin, booted, now_ms)
    except StorageError as error:
        refused = Trial(
            trial.id if trial is not None else record.next_id(places),
            TrialState.REFUSED,
            origin,
            booted,
            now_ms,
            tries=tries,
            refusal=str(error),
        )
        record.write_trial(places, refused)
        return str(error)
    _open(places, kept, now_ms)
    return ""


def _open(places: Places, kept: Kept, now_ms: int) -> None:
    record.close_rollback(places)
    record.write_trial(places, Trial(kept.id, TrialState.RUNNING, kept.origin, kept.target, now_ms))


def _tidy(places: Places, booted: Release, kept: Kept | None, now_ms: int) -> None:
    """Let go of what a cut-off beginning left, of old copies, and of what was asked for and means another version.

    The way back that brought this version stays written down until its slot is marked good (gate.watching).
    """
    try:
        rollback = record.rollback(places)
        if rollback is None or rollback.origin != booted:
            record.close_rollback(places)
        if kept is None or kept.target != booted:
            drop_copy(places)
        else:
            forget_old(places, now_ms)
        forget_asides(places, now_ms - KEPT_MS)
    except OSError as error:
        _log.error("old copies of the state could not be removed: %s", error)  # no reason to keep the gateway down
