"""The grammar of one answer and how the answer is read."""

from __future__ import annotations

import pytest

from appliance.understanding.grammar import literal, read_spans, spans_grammar
from appliance.understanding.text import clean, lowered

ITEMS, LIST = "<|k_items|>", "<|k_list|>"


def test_a_span_is_made_of_neighbouring_words_only() -> None:
    assert spans_grammar(["add", "oat", "milk"], [ITEMS]) == (
        "root ::= s0?\n"
        "s0 ::= <|k_items|> span\n"
        "span ::= w0 | w1 | w2\n"
        'w0 ::= " add" w1?\n'
        'w1 ::= " oat" w2?\n'
        'w2 ::= " milk"\n'
    )


def test_keys_come_at_most_once_and_in_order() -> None:
    assert spans_grammar(["a"], [ITEMS, LIST]).startswith("root ::= s0? s1?\n")


@pytest.mark.parametrize(
    ("word", "written"), [('say"hi"', '"say\\"hi\\""'), ("a\\b", '"a\\\\b"'), ("naïve", '"naïve"')]
)
def test_words_cannot_end_a_literal(word: str, written: str) -> None:
    assert literal(word) == written


def test_an_answer_is_split_at_its_keys() -> None:
    answer = "<|k_items|> oat milk, eggs<|k_list|> shopping"
    assert read_spans(answer, [ITEMS, LIST]) == {ITEMS: "oat milk, eggs", LIST: "shopping"}


def test_an_answer_without_keys_has_no_spans() -> None:
    assert read_spans("", [ITEMS]) == {}
    assert read_spans("<|k_items|>", [ITEMS]) == {}


def test_control_characters_and_odd_spaces_are_gone_before_a_grammar_is_made() -> None:
    assert clean(" a\x00b\n\u201chi\u201d\u00a0c\u200bd ") == 'a b "hi" c d'


def test_lower_case_keeps_one_word_one_word() -> None:
    assert lowered(["İstanbul", "SS"])[1] == "ss"
    assert len(lowered(["İ", "ẞ"])) == 2
