"""What a start of the box means for its state. Pure: from the records and the version that runs to the next step."""

from __future__ import annotations

import enum

from appliance.updates.trial.model import Committed, Kept, Release, Rollback, Trial, TrialState


class Step(enum.StrEnum):
    """What has to be done before the gateway may start. After one that is not FINAL the question is asked again."""

    NOTHING = "nothing"
    FIRST = "first"
    """Nothing is written down yet: the version of the first start is the box's own."""
    BEGIN = "begin"
    """Another version starts for the first time: copy the state before it may touch it."""
    RESUME = "resume"
    """The copy is there, the record of the trial is not: a cut between the two, or a damaged record."""
    CONTINUE = "continue"
    """It starts again, on what it worked on before."""
    LEAVE = "leave"
    """Its owner went back from this version, and power failed before the slot of the other one was marked: this one
    must not begin anew."""
    RETURN = "return"
    """The last version runs again: put the old state back and replay what came since."""
    FINISH_RETURN = "finish_return"
    """A return was cut off. Any version may finish it: only files are moved."""
    FINISH_COMMIT = "finish_commit"
    """The box already counts the new version as its own; only the record of its trial is left over."""
    CLOSE_REFUSED = "close_refused"
    """The last version runs again and its state was never touched."""
    STAY = "stay"
    """Its owner asked to go back from this version, and the other one does not start."""


FINAL = frozenset({Step.NOTHING, Step.FIRST, Step.BEGIN, Step.RESUME, Step.CONTINUE, Step.LEAVE})
MAX_LEAVES = 3  # as many tries as GRUB gives a version; then one that works is better than one that was asked for


def decide(
    booted: Release,
    committed: Committed | None,
    trial: Trial | None,
    kept: Kept | None,
    rollback: Rollback | None = None,
    *,
    damaged: bool = False,
) -> Step:
    """Return the next step. `damaged`: there is a record of a trial, but nobody can read it."""
    if trial is not None and trial.state is TrialState.RETURNING:
        return Step.FINISH_RETURN
    own = committed.release if committed is not None else trial.origin if trial is not None else None
    if own is None:
        return Step.FIRST
    if trial is not None:
        return _during(booted, own, trial)
    if rollback is not None and rollback.target == booted:
        left = rollback.origin == own
        if left or booted == own:
            return Step.LEAVE if left and rollback.tries < MAX_LEAVES else Step.STAY
    if booted == own:
        # The other version may have worked on this state: the copy of before it is the way back, not something to tidy.
        tried = damaged and kept is not None and kept.origin == own and kept.target != own
        return Step.RETURN if tried else Step.NOTHING
    if kept is not None and kept.origin == booted and kept.target == own:
        # Asked for by the owner, or by a bootloader that gave the newer version up.
        return Step.RETURN
    if kept is not None and kept.origin == own and kept.target == booted:
        return Step.RESUME
    return Step.BEGIN


def _during(booted: Release, own: Release, trial: Trial) -> Step:
    if own == trial.target:
        return Step.FINISH_COMMIT
    if trial.state is TrialState.REFUSED:
        return Step.CLOSE_REFUSED if booted == own else Step.BEGIN
    if booted == trial.target:
        return Step.CONTINUE
    # The last version; or a third one, which must not begin on what the second one left.
    return Step.RETURN
