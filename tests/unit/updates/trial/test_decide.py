from __future__ import annotations

import itertools

import pytest

from appliance.updates.trial.decide import FINAL, MAX_LEAVES, Step, decide
from appliance.updates.trial.model import Committed, Kept, Release, Rollback, Trial, TrialState
from tests.unit.updates.trial.box import NEW, OLD, THIRD

OWN = Committed(OLD, 0)
COPY = Kept("0001", OLD, NEW, 0, True)


def trial(state: TrialState = TrialState.RUNNING) -> Trial:
    return Trial("0001", state, OLD, NEW, 0)


@pytest.mark.parametrize(
    ("booted", "committed", "open_trial", "kept", "step"),
    [
        (OLD, None, None, None, Step.FIRST),
        (OLD, OWN, None, None, Step.NOTHING),
        (NEW, OWN, None, None, Step.BEGIN),
        (NEW, OWN, None, COPY, Step.RESUME),
        (THIRD, OWN, None, COPY, Step.BEGIN),
        (NEW, OWN, trial(), COPY, Step.CONTINUE),
        (OLD, OWN, trial(), COPY, Step.RETURN),
        (THIRD, OWN, trial(), COPY, Step.RETURN),
        (OLD, OWN, trial(TrialState.REFUSED), None, Step.CLOSE_REFUSED),
        (NEW, OWN, trial(TrialState.REFUSED), None, Step.BEGIN),
        (THIRD, OWN, trial(TrialState.REFUSED), None, Step.BEGIN),
        (NEW, Committed(NEW, 0), trial(), COPY, Step.FINISH_COMMIT),
        (OLD, Committed(NEW, 0), trial(), COPY, Step.FINISH_COMMIT),
        (NEW, Committed(NEW, 0), None, COPY, Step.NOTHING),
        (OLD, Committed(NEW, 0), None, COPY, Step.RETURN),
        (THIRD, Committed(NEW, 0), None, COPY, Step.BEGIN),
        (OLD, Committed(NEW, 0), None, None, Step.BEGIN),
        (OLD, None, trial(), COPY, Step.RETURN),
        (NEW, None, trial(), COPY, Step.CONTINUE),
    ],
)
def test_a_start_leads_to_one_step(
    booted: object, committed: object, open_trial: object, kept: object, step: Step
) -> None:
    assert decide(booted, committed, open_trial, kept) is step  # type: ignore[arg-type]  # from a table


@pytest.mark.parametrize(
    ("booted", "own", "tries", "step"),
    [
        (NEW, OLD, 0, Step.LEAVE),
        (NEW, OLD, MAX_LEAVES - 1, Step.LEAVE),
        (NEW, OLD, MAX_LEAVES, Step.STAY),
        (NEW, NEW, 0, Step.STAY),
        (OLD, OLD, 0, Step.NOTHING),
        (THIRD, OLD, 0, Step.BEGIN),
        (THIRD, THIRD, 0, Step.NOTHING),
        (NEW, THIRD, 0, Step.BEGIN),
    ],
)
def test_a_version_that_was_left_by_hand_does_not_begin_anew(
    booted: Release, own: Release, tries: int, step: Step
) -> None:
    assert decide(booted, Committed(own, 0), None, None, Rollback(OLD, NEW, tries=tries)) is step


def test_a_return_that_was_cut_off_is_finished_by_any_version() -> None:
    for booted, committed in itertools.product((OLD, NEW, THIRD), (None, OWN, Committed(NEW, 0))):
        assert decide(booted, committed, trial(TrialState.RETURNING), COPY) is Step.FINISH_RETURN


def test_the_gateway_starts_only_after_a_step_that_ends_the_question() -> None:
    assert {Step.RETURN, Step.FINISH_RETURN, Step.FINISH_COMMIT, Step.CLOSE_REFUSED, Step.STAY}.isdisjoint(FINAL)
