"""The phrase files of every language: complete, and only with spans under known keys."""

from __future__ import annotations

import pytest

from appliance.understanding.vocabulary import CLASSES, ESCALATE, KEYS
from mini.generator.corpus import WEIGHTS, Corpus, Generator
from mini.generator.tongues import TAGS, tongues


def test_every_class_has_a_share_of_the_corpus() -> None:
    assert set(WEIGHTS) == set(CLASSES)


@pytest.mark.parametrize("tag", TAGS)
def test_every_class_of_a_language_has_phrases(tag: str) -> None:
    generator = Generator(tongues([tag])[0], 1)
    assert [tool for tool in WEIGHTS if not generator.knows(tool)] == []


@pytest.mark.parametrize("tag", TAGS)
def test_spans_are_words_of_the_sentence_under_known_keys(tag: str) -> None:
    for example in Generator(tongues([tag])[0], 2).examples(2000):
        assert example.spans is not None
        assert {key for key, _ in example.spans} <= set(KEYS)
        for _, words in example.spans:
            assert f" {words.lower()} " in f" {example.text} "


def test_the_same_seed_gives_the_same_corpus() -> None:
    known = tongues()
    assert Corpus(known, 5).examples(60) == Corpus(known, 5).examples(60)


def test_a_corpus_has_as_many_sentences_of_every_language() -> None:
    found = Corpus(tongues(), 6).examples(90)
    assert {tag: sum(one.lang == tag for one in found) for tag in TAGS} == dict.fromkeys(TAGS, 30)


def test_a_wish_with_a_condition_or_a_second_wish_is_handed_over() -> None:
    english = Generator(tongues(["en"])[0], 3)
    texts = [one.text for one in english.examples(4000, {ESCALATE: 1.0})]
    assert any(text.endswith("if it rains") for text in texts)
    assert any(" and then " in text for text in texts)
