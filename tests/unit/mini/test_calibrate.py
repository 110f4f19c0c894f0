"""Thresholds, the bend of the confidence and its error, on made-up votes."""

from __future__ import annotations

import pytest

from appliance.understanding.vocabulary import CLASSES
from appliance.understanding.voting.calibration import Calibration
from mini.calibrate import Trial, Votes, bent, error, settled, threshold, weighed


def trial(gold: str, guess: str, sure: float) -> Trial:
    return Trial(gold, guess, guess, sure)


def test_the_threshold_lies_above_what_must_not_be_called() -> None:
    wrong = [trial("escalate", "note_add", 0.8)]
    fine = [trial("note_add", "note_add", 0.9)] * 50
    assert threshold([*wrong, *fine], writing=True) > 0.8
    assert threshold(fine, writing=True) == pytest.approx(0.5)


def test_reading_tools_do_not_move_the_threshold_of_writing_ones() -> None:
    found = [trial("escalate", "note_list", 0.9)]
    assert threshold(found, writing=True) == 0.5 < threshold(found, writing=False)


def test_a_guess_that_no_call_came_of_moves_nothing() -> None:
    refused = Trial("escalate", "timer_set", "escalate", 0.99)
    assert refused.refused
    assert threshold([refused], writing=True) == 0.5
    assert bent({"en": [refused]}).classes == {}


def test_a_threshold_leans_on_all_languages() -> None:
    shape = Calibration(0.5, 1.0, 0.0, 0.0, 0.0)
    found = settled(
        {"en": shape, "de": shape},
        {"en": [trial("escalate", "note_add", 0.99), *([trial("note_add", "note_add", 0.99)] * 9)], "de": []},
    )
    assert 0.5 < found["de"].writing < found["en"].writing
    assert all(one.reading <= one.writing for one in found.values())


def test_weather_and_news_are_right_for_what_is_to_be_handed_over() -> None:
    assert trial("escalate", "weather", 0.9).right
    assert not trial("timer_list", "weather", 0.9).right


def test_too_sure_votes_are_bent_down_and_most_for_the_class_that_errs() -> None:
    good = [trial("note_list", "note_list", 0.95)] * 60
    bad = [trial("note_list" if n % 2 else "timer_list", "timer_list", 0.95) for n in range(60)]
    bend = bent({"en": good + bad})
    assert bend.classes["timer_list"] < bend.classes["note_list"]
    shape = Calibration(0.5, bend.slope["en"], bend.offset["en"], 0.0, 0.0, bend.classes)
    assert shape.confidence(0.95, "timer_list") == pytest.approx(0.5, abs=0.1)


def test_the_weight_goes_to_the_model_that_knows() -> None:
    sure = {name: 0.9 if name == "note_list" else 0.1 / (len(CLASSES) - 1) for name in CLASSES}
    flat = dict.fromkeys(CLASSES, 1 / len(CLASSES))
    assert weighed([Votes("note_list", sure, flat)]).weight > 0.5
    assert weighed([Votes("note_list", flat, sure)]).weight < 0.5


def test_the_error_is_the_gap_between_promise_and_truth() -> None:
    assert error([(True, 1.0)] * 20) == 0
    assert error([(False, 0.9)] * 20) == pytest.approx(0.9)
