"""The decisions of the tuner, on recorded times."""

from __future__ import annotations

import pytest

from appliance.engine.profile import EngineProfile, checked
from appliance.engine.tuning.decide import (
    ALONE_CHUNKS,
    CLEARLY_FASTER,
    EQUAL,
    FASTER,
    LEAST_PAIRS,
    MOST_TRIES,
    SHARED_CHUNKS,
    Pair,
    State,
    alone_chunk,
    batch_for,
    enough,
    judge,
    ladder,
    memory_is_short,
    quant_advice,
    quiet_median,
    shared_chunk,
)


def _pairs(*ratios: float) -> list[Pair]:
    return [Pair(2.0, 2.0 * ratio) for ratio in ratios]


def test_a_faster_option_wins_from_three_pairs_on() -> None:
    assert judge(_pairs(0.9, 0.9), FASTER).state is State.SHORT
    verdict = judge(_pairs(0.9, 0.91, 0.9), FASTER)
    assert (verdict.state, verdict.wins, verdict.ratio, verdict.final) == (State.CLEAR, True, 0.9, True)


def test_the_margin_itself_wins_and_a_hair_more_does_not() -> None:
    assert judge(_pairs(*[FASTER] * LEAST_PAIRS), FASTER).wins
    assert not judge(_pairs(*[FASTER + 0.001] * LEAST_PAIRS), FASTER).wins


def test_one_round_that_a_neighbour_spoiled_does_not_decide() -> None:
    assert judge(_pairs(0.9, 4.0, 0.91), FASTER).wins
    assert not judge(_pairs(1.1, 0.2, 1.12), FASTER).wins


def test_pairs_that_contradict_each_other_change_nothing() -> None:
    verdict = judge(_pairs(0.5, 1.5, 0.6, 1.4, 0.9, 1.2), FASTER)
    assert (verdict.state, verdict.wins) == (State.UNCLEAR, False)


def test_disturbed_pairs_do_not_count() -> None:
    disturbed = [Pair(1.0, 0.1, quiet=False)] * 5
    assert judge(disturbed, FASTER).state is State.BUSY
    assert judge([*disturbed, *_pairs(1.2, 1.2, 1.2)], FASTER).ratio == pytest.approx(1.2)


def test_a_comparison_ends_when_it_is_clear_or_was_tried_often_enough() -> None:
    clear = _pairs(0.9, 0.9, 0.9)
    assert enough(clear, judge(clear, FASTER))
    busy = [Pair(1.0, 1.0, quiet=False)] * (MOST_TRIES - 1)
    assert not enough(busy, judge(busy, FASTER))
    busy.append(busy[0])
    assert enough(busy, judge(busy, FASTER))


@pytest.mark.parametrize(
    ("cores", "counts"),
    [(1, (1,)), (2, (1, 2)), (4, (1, 2, 3, 4)), (16, (1, 2, 3, 4, 6, 8, 12, 15, 16))],
)
def test_threads_worth_a_look(cores: int, counts: tuple[int, ...]) -> None:
    assert ladder(cores) == counts


def test_the_largest_chunk_within_the_bound_is_read_beside_answers() -> None:
    steps = {16: 0.168, 32: 0.272, 64: 0.496}
    assert shared_chunk(steps, 0.3) == 32
    assert shared_chunk(steps, 0.496) == 64
    assert shared_chunk(steps, 0.1) == 16, "none fits: the smallest"


def test_the_smallest_of_the_fast_chunks_is_read_alone() -> None:
    assert alone_chunk({64: 64 / 143, 128: 128 / 148, 256: 256 / 148}) == 128
    assert alone_chunk({64: 64 / 148, 128: 128 / 148, 256: 256 / 148}) == 64
    assert alone_chunk({64: 1.0, 128: 1.6, 256: 2.4}) == 256


def test_every_combination_of_chunks_fits_the_batch() -> None:
    for shared in SHARED_CHUNKS:
        for alone in (chunk for chunk in ALONE_CHUNKS if chunk >= shared):
            batch = batch_for(alone, shared)
            checked(EngineProfile(chunk_alone=alone, chunk_shared=shared, batch=batch))
            assert batch >= shared + 16, "four answers and three drafts each"
    assert batch_for(128, 32) == 128


def test_memory_is_short_when_one_conversation_takes_more_than_a_quarter_of_it() -> None:
    assert not memory_is_short(4000, 1000)
    assert memory_is_short(3999, 1000)
    assert not memory_is_short(0, 1000), "unknown"


def test_only_quiet_samples_make_a_median() -> None:
    assert quiet_median([(1.0, True), (9.0, False), (3.0, True), (2.0, True)]) == 2.0
    assert quiet_median([(1.0, False)]) is None


def test_another_quantisation_is_advised_only_where_it_is_clearly_faster() -> None:
    text = quant_advice({"Q4_0": 2.0, "Q4_K_M": 1.6}, "Q4_0")
    assert "Q4_K_M is the fastest here; Q4_0 takes 1.25 times as long" in text
    assert "A Q4_K_M file of this model would answer faster than Q4_0" in text
    assert "would answer faster" not in quant_advice({"Q4_0": 1.7, "Q4_K_M": 1.6}, "Q4_0")
    assert quant_advice({}, "Q4_0") == ""
    assert CLEARLY_FASTER < FASTER < EQUAL
