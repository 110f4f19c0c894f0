"""A version that proved itself becomes the box's own; the copy of before it stays for a while."""

from __future__ import annotations

from typing import Final

from appliance.updates.errors import UpdateError
from appliance.updates.trial import record
from appliance.updates.trial.copying import drop_copy, whole
from appliance.updates.trial.model import Committed, Kept, Release, Rollback, TrialState
from appliance.updates.trial.places import Places

KEPT_MS: Final = 14 * 86_400_000
"""How long `homarus update rollback` works. Two weeks show what a day does not; their journal is small."""

_MAX_NOTE: Final = 300
_PLAUSIBLE_MS: Final = 1_735_689_600_000  # 2025: a box that says less has no clock yet


def commit(places: Places, booted: Release, now_ms: int) -> bool:
    """Make the version on trial the box's own; return whether it was on trial. Call it after the slot is marked good.

    In the other order a cut in between could start the old version on a state that counts as the new one's. Raises
    OSError.
    """
    trial = record.trial(places)
    if trial is None or trial.state is not TrialState.RUNNING or trial.target != booted:
        return False
    record.write_committed(places, Committed(booted, now_ms))
    record.close_trial(places)
    return True


def forget_old(places: Places, now_ms: int) -> bool:
    """Let go of the copy of before the last update when its time is over; return whether it went. Raises OSError.

    A commit that was noted by a box without a clock counts from now.
    """
    own, kept = record.committed(places), record.kept(places)
    if own is None or kept is None or record.trial(places) is not None or now_ms < _PLAUSIBLE_MS:
        return False
    if own.at_ms < _PLAUSIBLE_MS:
        record.write_committed(places, Committed(own.release, now_ms))
        return False
    if now_ms - own.at_ms < KEPT_MS:
        return False
    drop_copy(places)
    return True


def rollback_offer(places: Places, booted: Release, now_ms: int) -> Kept:
    """Return the copy to which the box can go back by hand. Raises UpdateError that says why it cannot.

    `origin` of the copy is the version to start, and its slot: a box that was flashed does not have it from RAUC.
    """
    trial, own, kept = record.trial(places), record.committed(places), record.kept(places)
    if trial is not None:
        raise UpdateError(f"Version {trial.target.version} is still being tested.", code="trial_running")
    if kept is None or own is None or kept.target != own.release or own.release != booted:
        raise UpdateError("There is no copy of the state of before an update.", code="no_other_slot")
    if own.at_ms >= _PLAUSIBLE_MS and now_ms - own.at_ms >= KEPT_MS:
        raise UpdateError(
            f"Version {kept.origin.version} was replaced over {KEPT_MS // 86_400_000} days ago.", code="no_other_slot"
        )
    if not whole(places, kept):
        raise UpdateError(f"The copy of the state of version {kept.origin.version} is damaged.", code="no_other_slot")
    return kept


def request_rollback(places: Places, booted: Release, now_ms: int, *, note: str = "") -> Kept:
    """Write down that somebody asked to go back, before anybody makes the other slot primary.

    In the other order a cut in between would start that version as one that nobody asked for. Raises UpdateError,
    OSError.
    """
    kept = rollback_offer(places, booted, now_ms)
    record.write_rollback(places, Rollback(kept.origin, kept.target, note[:_MAX_NOTE]))
    return kept
