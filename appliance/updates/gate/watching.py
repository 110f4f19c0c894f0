"""From the first look to the mark: a version on trial has to work, the box's own version has to be there.

Why the box's own version is judged so mildly: the boot loader gives a slot three starts and then takes the other one. A
configuration that keeps the gateway from starting, a full disk, a model that is gone would all be the same with the
other slot, and going there would take back software and state behind the owner's back. So a slot that is not on trial
is marked good as soon as the gateway answers, and when it does not answer, as soon as the slot has shown that its own
program can still be read and loaded. Only a slot whose files are damaged is left to the count.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.foundation.errors import ApplianceError
from appliance.host.slots import SlotMarks, mark_good
from appliance.updates.gate.model import Look, passed
from appliance.updates.trial import record
from appliance.updates.trial.commit import commit
from appliance.updates.trial.model import Answered, Release, Trial, TrialState
from appliance.updates.trial.places import Places

_log = logging.getLogger(__name__)
_EVERY_S: Final = 5.0
_OWN_PATIENCE_S: Final = 300.0
_PAUSES_S: Final = (5.0, 10.0, 20.0, 40.0, 60.0)  # models come up after the gateway, some of them minutes later


class Looks(Protocol):
    """What looks at the gateway (`looking.Looker`)."""

    def look(self) -> Look: ...


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate works with. `loads` tells whether this slot's program can be read; `tell` keeps what was seen;
    `looker` is told which models answered before, and whether a version is tried."""

    places: Places
    slots: SlotMarks
    now_ms: Callable[[], int]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    answers: Callable[[], bool]
    looker: Callable[[Answered, bool], Looks]
    loads: Callable[[], bool]
    tell: Callable[[tuple[str, ...]], None]
    patience_s: float

    def pass_through(self, booted: Release) -> bool:
        """Mark the slot good when it earns it; return whether it did. Raises RaucError, OSError."""
        trial = record.trial(self.places)
        if trial is not None and trial.state is TrialState.RUNNING and trial.target == booted:
            return self._on_trial(booted, trial)
        own = record.committed(self.places)
        if own is not None and own.release != booted:
            # Its state was never prepared, so nothing of it may be taken over.
            _log.error("version %s is neither the box's own nor on trial; its slot is not marked good", booted.version)
            return False
        return self._own(booted)

    def _on_trial(self, booted: Release, trial: Trial) -> bool:
        looker = self.looker(record.answered(self.places), True)
        looks: list[Look] = []
        end = self.monotonic() + self.patience_s
        while not passed(looks):
            if looks and not looks[-1].good and self.monotonic() >= end:
                _log.error("version %s does not work: %s", booted.version, "; ".join(looks[-1].lines()))
                return False
            if looks:
                self.sleep(_EVERY_S)
            looks.append(looker.look())
            self.tell(looks[-1].lines())
        with self.places.exclusive():
            # In this order: see `commit`.
            try:
                mark_good(self.slots)
            except ApplianceError as error:
                self.tell((*looks[-1].lines(), f"slot: does not work (it cannot be marked good: {error})"))
                raise
            commit(self.places, booted, self.now_ms())
        record.write_answered(self.places, looks[-1].answered)
        _log.info("version %s works (%s); start %d of it", booted.version, "; ".join(looks[-1].lines()), trial.tries)
        return True

    def _own(self, booted: Release) -> bool:
        end = self.monotonic() + min(self.patience_s, _OWN_PATIENCE_S)
        while not (up := self.answers()) and self.monotonic() < end:
            self.sleep(_EVERY_S)
        if not up and not self.loads():
            _log.error("the program of this slot cannot be loaded; it is not marked good")
            return False
        mark_good(self.slots)
        self._end_rollback(booted)
        if not up:
            _log.warning("the gateway does not answer, and another version would not change that: `homarus doctor`")
            return True
        try:
            self._note_what_answers()
        except (ApplianceError, OSError) as error:
            _log.warning("what answers here could not be noted: %s", error)
        return True

    def _end_rollback(self, booted: Release) -> None:
        """The way back that brought this version is over: from here on it starts again after a power cut.

        One that was asked for while the gate waited leads away from this version, and has only begun.
        """
        try:
            rollback = record.rollback(self.places)
            if rollback is not None and rollback.origin == booted:
                record.close_rollback(self.places)
        except OSError as error:
            _log.error("that somebody asked to go back could not be forgotten: %s", error)

    def _note_what_answers(self) -> None:
        """Look until every model answers that is set up here or did before, and write down which do."""
        before = record.answered(self.places)
        looker = self.looker(before, False)
        for pause_s in (0.0, *_PAUSES_S):
            self.sleep(pause_s)
            look = looker.look()
            self.tell(look.lines())
            if all(one.ok or not one.expected for one in look.findings):
                break
        if look.told:
            record.write_answered(self.places, look.answered)
