"""Thresholds, the bend of the confidence and its error, on made-up votes."""

from __future__ import annotations

import pytest

from appliance.understanding.understander import Calibration
from appliance.understanding.vocabulary import CLASSES
from mini.calibrate import Guess, Trial, Votes, error, fitted, settled, threshold


def vote(gold: str, guess: str, share: float) -> Votes:
    rest = (1 - share) / (len(CLASSES) - 1)
    chances = {name: share if name == guess else rest for name in CLASSES}
    return Votes(gold, chances, chances)


def test_the_threshold_lies_above_what_must_not_be_called() -> None:
    wrong = [Trial("escalate", "note_add", 0.8)]
    fine = [Trial("note_add", "note_add", 0.9)] * 50
    assert threshold([*wrong, *fine], writing=True) > 0.8
    assert threshold(fine, writing=True) == pytest.approx(0.5)


def test_reading_tools_do_not_move_the_threshold_of_writing_ones() -> None:
    found = [Trial("escalate", "note_list", 0.9)]
    assert threshold(found, writing=True) == 0.5 < threshold(found, writing=False)


def test_a_threshold_leans_on_all_languages() -> None:
    shape = Calibration(0.5, 1.0, 0.0, 0.0, 0.0)
    found = settled({"en": shape, "de": shape}, {"en": [Trial("escalate", "note_add", 0.9)], "de": []})
    assert 0.5 < found["de"].writing < found["en"].writing
    assert all(one.reading <= one.writing for one in found.values())


def test_weather_and_news_are_right_for_what_is_to_be_handed_over() -> None:
    assert Guess("escalate", "weather", 0.9).right
    assert not Guess("timer_list", "weather", 0.9).right


def test_too_sure_votes_are_bent_down() -> None:
    votes = [vote("note_list", "note_list" if n % 4 else "timer_list", 0.99) for n in range(800)]
    shape = fitted(votes)
    assert shape.confidence(0.99) == pytest.approx(0.75, abs=0.08)


def test_the_error_is_the_gap_between_promise_and_truth() -> None:
    assert error([(True, 1.0)] * 20) == 0
    assert error([(False, 0.9)] * 20) == pytest.approx(0.9)
