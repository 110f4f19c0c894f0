"""The watch halts what goes round in circles or into noise, and lets lists, tables, poems, code and quotes be."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.monitor.judge import Reason, Signal, Verdict
from appliance.engine.monitor.repetition import Repetition, needed
from appliance.engine.monitor.watch import Watch
from tests.unit.engine.monitor.texts import GOOD, PARAGRAPH, STUCK, letters, words

_SURE = Signal(0.01, 0.99, math.log(0.99))
_TEXT = Signal(1.5, 0.6, math.log(0.6))
_NOISE = Signal(9.0, 0.01, math.log(0.001))
_TOKENS = pytest.mark.parametrize("tokens", [words, letters], ids=["words", "bytes"])


class _Given:
    """Stands for the numbers: the logits of a test are the signal itself."""

    def read(self, logits: Any, token: int) -> Signal:
        assert isinstance(logits, Signal)
        return logits


def _watched(answer: Iterable[int], signal: Signal = _SURE, watch: Watch | None = None) -> tuple[Verdict, int] | None:
    """Return the verdict and after how many tokens it came."""
    watch = watch or Watch(_Given())
    for count, token in enumerate(answer, 1):
        if (verdict := watch.step(signal, token)) is not None:
            return verdict, count
    return None


# ---- what is good


@_TOKENS
@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_raises_no_alarm(name: str, tokens: Callable[[str], list[int]]) -> None:
    assert _watched(tokens(GOOD[name])) is None


@_TOKENS
def test_all_good_answers_in_one_raise_no_alarm(tokens: Callable[[str], list[int]]) -> None:
    assert _watched(tokens("\n\n".join(GOOD.values()))) is None


@_TOKENS
@pytest.mark.parametrize("name", STUCK)
def test_repeated_tool_output_that_the_prompt_quotes_raises_no_alarm(
    name: str, tokens: Callable[[str], list[int]]
) -> None:
    output = STUCK[name] * 200
    prompt = tokens("What does the log say? " + output + " That is all.")
    quote = tokens(output)
    assert _watched(quote, watch=Watch(_Given(), prompt)) is None
    found = _watched(tokens(output * 5), watch=Watch(_Given(), prompt))
    assert found is not None, "but more of it than the prompt holds does"


def test_an_answer_bound_to_a_grammar_may_repeat_equal_rows_and_be_sure_or_flat() -> None:
    rows = words('{"on": true, "level": 100}, ' * 40)
    assert _watched(rows) is not None
    assert _watched(rows, watch=Watch(_Given(), bound=True)) is None
    noise = random.Random(1).choices(range(1000), k=900)
    assert _watched(noise, _NOISE, Watch(_Given(), bound=True)) is None


def test_an_endless_string_in_bound_json_still_ends() -> None:
    found = _watched(words('{"text": "' + "and so on " * 1000), watch=Watch(_Given(), bound=True))
    assert found is not None
    assert found[0].reason is Reason.REPETITION


def test_a_watch_that_does_not_judge_only_measures() -> None:
    watch = Watch(_Given(), judging=False)
    assert _watched([1] * 2000, _NOISE, watch) is None
    assert watch.confidence == pytest.approx(0.001)


# ---- what is stuck


@_TOKENS
@pytest.mark.parametrize("name", STUCK)
def test_a_loop_is_found_and_the_good_part_ends_behind_its_first_round(
    name: str, tokens: Callable[[str], list[int]]
) -> None:
    good, loop = tokens("Here is what I found out for you, in short: "), tokens(STUCK[name])
    found = _watched([*good, *loop * 1000])
    assert found is not None
    verdict, count = found
    assert verdict.reason is Reason.REPETITION
    assert len(good) < verdict.since_token <= len(good) + 2 * len(loop)
    assert count <= len(good) + 2 * len(loop) + needed(len(loop)) + 32


def test_a_paragraph_that_is_said_four_times_is_a_loop() -> None:
    paragraph = words(PARAGRAPH)
    assert 64 < len(paragraph) < 512
    assert _watched(paragraph * 3) is None
    found = _watched(paragraph * 8)
    assert found is not None
    assert found[0] == Verdict(Reason.REPETITION, len(paragraph))


@settings(max_examples=150, deadline=None)
@given(
    period=st.integers(1, 64),
    before=st.lists(st.integers(0, 50), max_size=200),
    seed=st.integers(0, 1 << 30),
)
def test_every_loop_of_1_to_64_tokens_is_found_in_time(period: int, before: list[int], seed: int) -> None:
    loop = random.Random(seed).sample(range(1000, 9000), period)
    repetition = Repetition()
    for token in before:
        repetition.take(token)
    for count in range(period * 2 + needed(period) + 64):
        since = repetition.take(loop[count % period])
        if since is not None:
            assert len(before) <= since <= len(before) + 2 * period + 16
            return
    raise AssertionError("nothing was found")


@pytest.mark.parametrize("period", [1, 2, 7, 8, 9, 16, 17, 32, 33, 64, 65])
def test_one_token_less_than_needed_is_no_loop(period: int) -> None:
    loop = list(range(100, 100 + period))
    answer = [loop[at % period] for at in range(period + needed(period))]
    assert _watched(answer[:-1]) is None
    assert _watched([*answer, *[loop[at % period] for at in range(len(answer), len(answer) + 16)]]) is not None


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1 << 30), alphabet=st.integers(3, 400))
def test_chance_alone_is_no_loop(seed: int, alphabet: int) -> None:
    chance = random.Random(seed)
    assert _watched((chance.randrange(alphabet) for _ in range(2000)), _TEXT) is None


# ---- flat and collapsed


def test_noise_is_flat_from_where_it_began() -> None:
    chance = random.Random(3)
    watch = Watch(_Given())
    assert _watched([chance.randrange(9999) for _ in range(100)], _TEXT, watch) is None
    found = _watched([chance.randrange(9999) for _ in range(300)], _NOISE, watch)
    assert found is not None
    verdict, count = found
    assert verdict.reason is Reason.FLAT
    assert 60 <= verdict.since_token <= 130
    assert count <= 150


def test_a_few_odd_words_are_not_flat_and_calm_ends_the_suspicion() -> None:
    chance = random.Random(4)
    watch = Watch(_Given())
    for _ in range(10):
        assert _watched([chance.randrange(9999) for _ in range(30)], _NOISE, watch) is None
        assert _watched([chance.randrange(9999) for _ in range(40)], _TEXT, watch) is None


def test_between_the_two_limits_a_suspicion_stays_as_it_is() -> None:
    chance = random.Random(4)
    tokens = [chance.randrange(9999) for _ in range(900)]
    between = Signal(5.8, 0.05, math.log(0.01))
    assert _watched(tokens, between) is None, "no suspicion, no verdict"
    watch = Watch(_Given())
    assert _watched(tokens[:40], _NOISE, watch) is None
    found = _watched(tokens[40:], between, watch)
    assert found is not None
    assert found[0].reason is Reason.FLAT


def test_a_model_stuck_between_a_few_tokens_has_collapsed() -> None:
    chance = random.Random(5)
    few = [chance.randrange(6) for _ in range(900)]
    found = _watched(few, _SURE)
    assert found is not None
    assert found[0] == Verdict(Reason.COLLAPSE, 0)
    assert _watched(few, _TEXT) is None, "one that is not sure of it is not stuck"
    assert _watched(few[:639], _SURE) is None
    assert _watched(few, _SURE, Watch(_Given(), few)) is None, "one that quotes it is not stuck"
    assert _watched([chance.randrange(7) for _ in range(900)], _SURE) is None


# ---- confidence


@settings(max_examples=100, deadline=None)
@given(chosen=st.lists(st.floats(-20, 0), min_size=1, max_size=60), data=st.data())
def test_confidence_is_the_geometric_mean_of_any_part(chosen: list[float], data: st.DataObject) -> None:
    watch = Watch(_Given(), judging=False)
    assert watch.confidence == 1.0
    for token, logarithm in enumerate(chosen):
        watch.step(Signal(1.0, 1.0, logarithm), token)
    start = data.draw(st.integers(0, len(chosen)))
    end = data.draw(st.integers(0, len(chosen) + 3))
    part = chosen[start:end]
    expected = math.exp(math.fsum(part) / len(part)) if part else 1.0
    assert watch.confidence_of(start, end) == pytest.approx(expected, rel=1e-6)
    assert watch.confidence == watch.confidence_of(0)
    assert watch.tokens == len(chosen)


def test_nothing_that_people_wrote_in_this_repository_is_a_loop() -> None:
    root = Path(__file__).parents[4]
    for path in [root / "README.md", root / "pyproject.toml", *sorted((root / "appliance/engine").rglob("*.py"))]:
        assert _watched(words(path.read_text("utf-8"))) is None, path
