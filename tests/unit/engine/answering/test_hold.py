"""Answers are held back until they were sure enough."""

from __future__ import annotations

import math

from appliance.engine.answering.hold import Hold
from appliance.engine.api import Call, Reasoning, StreamAnswer, Token

_SURE, _UNSURE = math.log(0.9), math.log(0.1)
_CALL = Call("call_1", "timer_set", {})


def test_text_waits_for_enough_tokens_and_then_comes_whole() -> None:
    hold = Hold(0.5, 3)
    texts: list[StreamAnswer] = [Token("a"), Token("b"), Token("c"), Token("d")]
    shown = [hold.take(_SURE, [frame]) for frame in texts]
    assert shown == [[], [], texts[:3], texts[3:]]
    assert not hold.unsure


def test_an_unsure_beginning_shows_nothing_at_all() -> None:
    hold = Hold(0.5, 2)
    assert hold.take(_UNSURE, [Token("a")]) == []
    assert hold.take(_SURE, [Token("b")]) == []
    assert hold.unsure, "the geometric mean of 0.1 and 0.9 is 0.3"
    assert hold.finish([Token("c")]) == []


def test_the_geometric_mean_itself_is_sure_enough() -> None:
    hold = Hold(0.5, 2)
    hold.take(math.log(0.25), [Token("a")])
    assert hold.take(0.0, [Token("b")]) == [Token("a"), Token("b")]


def test_later_text_is_not_judged_any_more() -> None:
    hold = Hold(0.5, 1)
    hold.take(_SURE, [Token("a")])
    assert hold.take(-50.0, [Token("b")]) == [Token("b")]
    assert hold.finish([]) == []
    assert not hold.unsure


def test_a_short_answer_is_judged_at_its_end() -> None:
    sure, unsure = Hold(0.5, 16), Hold(0.5, 16)
    sure.take(_SURE, [Token("yes")])
    unsure.take(_UNSURE, [Token("yes")])
    assert sure.finish([Token(".")]) == [Token("yes"), Token(".")]
    assert unsure.finish([Token(".")]) == []
    assert unsure.unsure


def test_thinking_is_held_back_but_does_not_count() -> None:
    hold = Hold(0.5, 2)
    assert hold.take(_UNSURE, [Reasoning("hm")]) == []
    hold.take(_SURE, [Token("a")])
    assert hold.take(_SURE, [Token("b")]) == [Reasoning("hm"), Token("a"), Token("b")]


def test_a_call_is_judged_over_its_own_tokens_only() -> None:
    hold = Hold(0.5, 1)
    assert hold.take(_SURE, [Token("I will.")]) == [Token("I will.")]
    for _ in range(5):
        assert hold.take(_UNSURE, []) == []
    assert hold.take(_SURE, [_CALL]) == []
    assert hold.unsure


def test_a_sure_call_is_shown_at_once_however_few_tokens_it_has() -> None:
    hold = Hold(0.5, 16)
    assert hold.take(_SURE, []) == []
    assert hold.take(_SURE, [_CALL]) == [_CALL]


def test_a_long_call_is_not_judged_by_its_beginning() -> None:
    hold = Hold(0.5, 2)
    for _ in range(10):
        hold.take(_UNSURE, [])
        assert not hold.unsure
    for _ in range(100):
        hold.take(_SURE, [])
    assert hold.take(_SURE, [_CALL]) == [_CALL]


def test_unsure_text_in_front_of_a_sure_call_takes_the_call_with_it() -> None:
    hold = Hold(0.5, 16)
    hold.take(_UNSURE, [Token("well")])
    assert hold.take(_SURE, [_CALL]) == []
    assert hold.unsure


def test_an_answer_without_a_word_hands_over() -> None:
    silent, thinking = Hold(0.5, 16), Hold(0.5, 16)
    assert silent.finish([]) == []
    assert silent.unsure
    assert thinking.take(_SURE, [Reasoning("hm")]) == []
    assert thinking.finish([]) == []
    assert thinking.unsure


def test_a_call_alone_is_an_answer() -> None:
    hold = Hold(0.5, 16)
    assert hold.take(_SURE, [_CALL]) == [_CALL]
    assert hold.finish([]) == []
    assert not hold.unsure


def test_an_answer_that_others_ended_ends_quietly() -> None:
    hold = Hold(0.5, 16)
    assert hold.finish([], ended=False) == []
    assert not hold.unsure
