"""The end of a start that did not work: keep the reason where it survives, then restart the box."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.foundation.errors import ApplianceError
from appliance.host.running.systemctl import GATEWAY
from appliance.host.slots import OTHER, SlotMarks, mark_bad, set_primary
from appliance.updates.trial import record
from appliance.updates.trial.model import Failure, Release, Trial, TrialState
from appliance.updates.trial.places import Places

_log = logging.getLogger(__name__)
MAX_LINES: Final = 80
MAX_LINE_CHARS: Final = 400
MAX_FAILURES: Final = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be found out about a start: units that failed, lines of the journal, and what the gate saw."""

    failed_units: Callable[[], Sequence[str]]
    journal: Callable[[Sequence[str]], Sequence[str]]
    seen: Callable[[], Sequence[str]]
    redact: Callable[[str], str]


def give_up(
    places: Places,
    booted: Release,
    evidence: Evidence,
    slots: SlotMarks,
    reboot: Callable[[], None],
    now_ms: int,
) -> bool:
    """Write down why a version that is not the box's own did not work, and restart; False where the box's own runs.

    A version that never got a copy of the state is forbidden at once: trying it again would change nothing. Any other
    one keeps the tries that the boot loader gives it, since a power cut or a slow disk looks the same. One that its
    owner has left leaves. Raises OSError when the reason could not be kept; the box has been told to restart then too.
    """
    with places.exclusive():
        trial, own = record.trial(places), record.committed(places)
        origin = own.release if own is not None else trial.origin if trial is not None else booted
        if booted == origin or _comes_back(trial, booted):
            return False
        try:
            if trial is None and _left(places, origin, booted):
                _leave(slots)
            elif trial is None or trial.target != booted:
                _keep_unprepared(places, trial, origin, booted, evidence, now_ms)
            elif trial.state is TrialState.REFUSED:
                _forbid(slots)
            elif trial.state is TrialState.RUNNING:
                _keep(places, trial, evidence, now_ms)
        finally:
            reboot()
    return True


def _comes_back(trial: Trial | None, booted: Release) -> bool:
    """The version before runs and has not got its state yet: a restart makes no room on a disk, its owner may."""
    return trial is not None and trial.state is TrialState.RETURNING and booted == trial.origin


def _left(places: Places, own: Release, booted: Release) -> bool:
    rollback = record.rollback(places)
    return rollback is not None and rollback.origin == own and rollback.target == booted


def _leave(slots: SlotMarks) -> None:
    try:
        set_primary(slots, OTHER)
    except ApplianceError as error:
        _log.error("the other slot cannot be started: %s", error)  # after three starts this version stays


def _forbid(slots: SlotMarks) -> None:
    try:
        mark_bad(slots)
    except ApplianceError as error:
        _log.error("the slot could not be marked bad: %s", error)  # its tries end by themselves


def _keep_unprepared(
    places: Places, trial: Trial | None, origin: Release, booted: Release, evidence: Evidence, now_ms: int
) -> None:
    """It did not even come to its trial: its gateway never started, so the state is as the version before left it."""
    if trial is not None:
        return  # of another version: its return comes first, and has a reason of its own
    why = "The state could not be prepared for it, so its gateway was not started."
    tail = _tail(evidence.redact(line) for line in evidence.journal(tuple(evidence.failed_units())))
    refused = Trial(
        record.next_id(places),
        TrialState.REFUSED,
        origin,
        booted,
        now_ms,
        refusal=" ".join((why, *tail[-1:])),
    )
    record.write_trial(places, refused)


def _keep(places: Places, trial: Trial, evidence: Evidence, now_ms: int) -> None:
    units = _tail(evidence.failed_units())
    seen = _tail(evidence.redact(line) for line in evidence.seen())
    lines = _tail(evidence.redact(line) for line in evidence.journal(units))
    failure = Failure(reason(units, seen), units, seen, lines, now_ms)
    _log.error("version %s is given up: %s", trial.target.version, failure.reason)
    failures = (*trial.failures, failure)[-MAX_FAILURES:]
    record.write_trial(places, msgspec.structs.replace(trial, failures=failures))


def reason(units: Sequence[str], seen: Sequence[str]) -> str:
    """Return one sentence for the owner, as short as a line of the journal."""
    return _reason(units, seen)[:MAX_LINE_CHARS]


def _reason(units: Sequence[str], seen: Sequence[str]) -> str:
    if GATEWAY in units:
        return "The gateway did not start."
    if seen:
        wrong = [line for line in seen if "does not work" in line and "need not" not in line]
        return f"It did not pass its tests: {'; '.join(wrong or seen)}."
    if units:
        return f"Parts of it did not start: {', '.join(units)}."
    return "It did not come up in time."


def _tail(lines: Iterable[str]) -> tuple[str, ...]:
    """Bound what a version in doubt said: a record too long to be read would be none, and the copy be dropped."""
    cut = [line[:MAX_LINE_CHARS] for line in lines if line.strip()]
    return tuple(cut[-MAX_LINES:])
