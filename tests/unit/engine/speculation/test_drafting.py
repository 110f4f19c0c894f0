"""Guessing never changes an answer, learns where it pays and stops where it does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.speculation.drafting import Drafting
from appliance.engine.speculation.length import MAX_DRAFT, DraftLength, VerifyCost, assumed
from appliance.engine.speculation.lookup import PromptLookup
from appliance.engine.speculation.verify import verified

_END = 0


def _plain(prompt: list[int], script: Sequence[int], length: int) -> list[int]:
    text = list(prompt)
    while len(text) < len(prompt) + length:
        token = _model(text, script)
        text.append(token)
        if token == _END:
            break
    return text[len(prompt) :]


def _model(text: Sequence[int], script: Sequence[int]) -> int:
    """A model whose choice depends on the last two tokens and the length: now and then it repeats itself."""
    return script[(text[-1] * 5 + (text[-2] if len(text) > 1 else 0) * 3 + len(text) // 9) % len(script)]


class _FreeCost(VerifyCost):
    """Verifying costs nothing: everything that can be drafted is."""

    def of(self, rows: int) -> float:
        return 1.0 + rows / 1000


def _guessed(prompt: list[int], script: Sequence[int], length: int) -> tuple[list[int], Drafting]:
    drafting = Drafting(prompt, _FreeCost())
    text = list(prompt)
    while len(text) == len(prompt) or (len(text) < len(prompt) + length and text[-1] != _END):
        room = len(prompt) + length - len(text) - 1
        drafted = drafting.draft(text, min(MAX_DRAFT, room))
        behind = [*text, *drafted]
        ended: list[int] = []

        def choose(row: int, behind: list[int] = behind, base: int = len(text), ended: list[int] = ended) -> int | None:
            if ended:
                return None
            token = _model(behind[: base + row], script)
            if token == _END:
                ended.append(token)
            return token

        taken = verified(drafted, choose)
        drafting.take(taken)
        text += taken
    return text[len(prompt) :], drafting


@settings(max_examples=300, deadline=None)
@given(
    prompt=st.lists(st.integers(1, 6), min_size=1, max_size=60),
    script=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    length=st.integers(1, 120),
)
def test_a_drafted_and_verified_run_equals_the_plain_run_for_any_text(
    prompt: list[int], script: list[int], length: int
) -> None:
    answer, drafting = _guessed(prompt, script, length)
    assert answer == _plain(prompt, script, length)
    assert drafting.accepted <= drafting.drafted


@settings(max_examples=200, deadline=None)
@given(text=st.lists(st.integers(0, 4), max_size=80), limit=st.integers(0, 8))
def test_a_draft_is_what_followed_the_same_three_tokens_the_last_time(text: list[int], limit: int) -> None:
    lookup = PromptLookup(text)
    drafted = lookup.draft(limit)
    assert len(drafted) in (0, limit)
    if drafted:
        ends = [end for end in range(3, len(text)) if text[end - 3 : end] == text[-3:]]
        assert any(text[end] == drafted[0] for end in ends)


def test_a_short_loop_is_drafted_past_its_end() -> None:
    assert PromptLookup([1, 2, 3, 1, 2, 3, 1, 2, 3]).draft(5) == [1, 2, 3, 1, 2]


def test_a_copy_is_followed_even_where_a_later_place_reads_otherwise() -> None:
    lookup = PromptLookup([1, 2, 3, 4, 5, 6, 7, 8])
    for token in (1, 2, 3):
        lookup.extend(token)
    assert [lookup.extend(token) for token in (4, 5, 6)] == [True] * 3
    assert lookup.streak == 3
    assert lookup.draft(2) == [7, 8]
    assert lookup.extend(1) is False
    assert lookup.streak == 0


def test_memory_is_bounded_and_the_newer_half_is_still_found_after_forgetting() -> None:
    lookup = PromptLookup([])
    for token in range((1 << 17) + 5):
        lookup.extend(token)
    for token in range(1 << 17, (1 << 17) + 3):
        lookup.extend(token)
    assert lookup.draft(2) == [(1 << 17) + 3, (1 << 17) + 4]
    for token in (5, 6, 7):  # long forgotten
        lookup.extend(token)
    assert lookup.draft(1) == []


def test_nothing_is_drafted_before_look_up_was_right_and_up_to_three_tokens_after() -> None:
    prompt = list(range(100, 160))
    drafting = Drafting(prompt, VerifyCost())
    text = [*prompt, 7]
    drafting.take([7])
    lengths = []
    while (at := len(text) - len(prompt) - 1 + 5) < 50:  # it quotes the prompt from its sixth token on
        drafted = drafting.draft(text)
        taken = [*drafted, prompt[at + len(drafted)]]
        drafting.take(taken)
        text += taken
        lengths.append(len(drafted))
    assert lengths[:4] == [0, 0, 0, 0], "a first match alone is a rumour"
    assert lengths[-1] == MAX_DRAFT
    assert drafting.drafted == drafting.accepted == sum(lengths)


def test_wrong_guesses_end_the_drafting_by_themselves() -> None:
    drafting = Drafting([], VerifyCost())
    text: list[int] = []
    lengths = []
    for turn in range(400):  # the same beginning, each time with another end
        for token in (1, 2, 3, 1000 + turn):
            lengths.append(len(drafting.draft(text)))
            drafting.take([token])
            text.append(token)
    assert sum(lengths[-100:]) == 0


def test_the_length_follows_the_measured_cost() -> None:
    cost = VerifyCost()
    length = DraftLength(cost)
    assert length.next(0.9) == MAX_DRAFT
    assert length.next(0.1) == 0
    for _ in range(400):  # a box where each row costs as much as the first: nothing can be gained
        cost.report(1, 0.05)
        for rows in (2, 3, 4):
            cost.report(rows, 0.05 * rows)
    assert length.next(0.95) == 0
    for _ in range(800):  # and one where more rows are nearly free
        cost.report(1, 0.05)
        for rows in (2, 3, 4):
            cost.report(rows, 0.052)
    assert length.next(0.5) == MAX_DRAFT


def test_a_box_that_got_slower_does_not_look_like_dear_rows() -> None:
    cost = VerifyCost()
    for seconds in (0.05, 0.2):
        for _ in range(60):
            cost.report(1, seconds)
            cost.report(4, seconds * 1.9)
    for _ in range(20):  # faster again, and not one step of a single row
        cost.report(4, 0.05 * 1.9)
    assert cost.of(4) == pytest.approx(1.9, abs=0.15)
    assert cost.seconds == pytest.approx(0.05, rel=0.2)


def test_a_measurement_that_is_not_renewed_is_forgotten() -> None:
    cost = VerifyCost()
    cost.report(1, 0.05)
    for _ in range(200):
        cost.report(4, 0.5)
        cost.report(1, 0.05)
    dear = cost.of(4)
    for _ in range(4000):
        cost.report(1, 0.05)
    assert dear > cost.of(4)
    assert cost.of(4) == pytest.approx(assumed(4), rel=0.01)


def test_reports_that_are_no_measurements_change_nothing() -> None:
    cost = VerifyCost()
    for rows, seconds in ((0, 1.0), (33, 1.0), (1, 0.0), (2, -1.0)):
        cost.report(rows, seconds)
    assert cost.seconds == 0.0
    assert [cost.of(rows) for rows in (1, 2, 4)] == [1.0, 1.3, 1.85]
    assert cost.of(99) == cost.of(32)


def test_drafts_that_cost_time_to_make_must_gain_more() -> None:
    cost = VerifyCost()
    cost.report(1, 0.05)
    length = DraftLength(cost)
    assert length.next(0.7, making=0.0) > 0
    assert length.next(0.7, making=0.05) == 0


def test_with_many_answers_in_a_step_the_other_rows_count() -> None:
    cost = VerifyCost()
    length = DraftLength(cost)
    assert length.gain(3, 0.9, rows=8) < length.gain(3, 0.9, rows=1)
    assert 0 < length.gain(1, 0.0, rows=4) < 1
