"""The search of the tuner on recorded boxes."""

from __future__ import annotations

import pytest

from appliance.engine.profile import EngineProfile, checked
from appliance.engine.tuning.search import ALONE, ATTENTION, AXES, READING, SHARED, WRITING, Facts, Findings, Search
from appliance.engine.tuning.search import beginning as start_of
from tests.unit.engine.tuning.boxes import BOARD, RecordedBox


def _tuned(box: RecordedBox, *, cores: int = 4, seconds: float = 120.0, **facts: bool) -> Findings:
    found = Findings(start_of(cores))
    result = Search(box, Facts(cores, **facts), box, found, lambda _: None).run(box.now + seconds)
    checked(result.profile)
    return result


def test_the_fastest_threads_are_found_for_reading_and_for_writing() -> None:
    found = _tuned(RecordedBox())
    assert found.profile.threads == 4, "3 percent faster than three"
    assert found.profile.threads_batch == 4
    memory_bound = {1: 0.7, 2: 1.0, 3: 1.0, 4: 0.9}
    found = _tuned(RecordedBox(speedup=memory_bound))
    assert (found.profile.threads, found.profile.threads_batch) == (2, 4), "two do as much as three"


def test_flash_attention_that_costs_more_writing_than_it_gains_in_reading_is_left_off() -> None:
    assert not _tuned(RecordedBox()).profile.flash_attention


def test_flash_attention_that_helps_is_switched_on_and_a_coarse_cache_must_win_clearly() -> None:
    profile = _tuned(RecordedBox(attention=BOARD)).profile
    assert (profile.flash_attention, profile.type_k, profile.type_v) == (True, "f16", "f16")


def test_where_memory_is_short_a_coarse_cache_may_be_a_little_slower() -> None:
    profile = _tuned(RecordedBox(attention=BOARD), memory_short=True).profile
    assert (profile.flash_attention, profile.type_k, profile.type_v) == (True, "q8_0", "q8_0")


def test_what_the_model_cannot_do_is_noted_and_passed_over() -> None:
    found = _tuned(RecordedBox(attention=BOARD, refuses=frozenset({(True, "q8_0")})))
    assert found.profile.flash_attention
    (row,) = [row for row in found.rows if row.option == "flash, cache q8_0"]
    assert "does not fit" in row.note


def test_the_chunks_follow_from_their_times() -> None:
    found = _tuned(RecordedBox())
    assert (found.profile.chunk_shared, found.profile.chunk_alone, found.profile.batch) == (32, 128, 128)


def test_the_gain_is_measured_against_the_defaults() -> None:
    found = _tuned(RecordedBox(attention=BOARD))
    assert found.gain.read == pytest.approx(26 / 20 / 0.77, rel=0.02)
    assert found.gain.write == pytest.approx(5.4 / 5 / 0.97, rel=0.02)
    assert [row.option for row in found.rows if row.axis == ATTENTION and row.chosen] == ["flash, cache f16"]
    assert found.settled == list(AXES)


def test_a_box_that_others_use_all_the_time_keeps_the_defaults_and_says_so() -> None:
    found = _tuned(RecordedBox(attention=BOARD, load=lambda now: 1.0))
    assert found.busy
    assert {WRITING, READING, ATTENTION, SHARED, ALONE} <= set(found.unsure)
    assert found.profile.threads == 3
    assert not found.profile.flash_attention


def test_a_neighbour_that_comes_and_goes_does_not_decide() -> None:
    def busy(now: float) -> bool:
        return now % 7 < 2

    box = RecordedBox(
        attention=BOARD, load=lambda now: 1.0 if busy(now) else 0.0, noise=lambda now: 2.5 if busy(now) else 1.0
    )
    found = _tuned(box, seconds=600)
    assert not found.busy
    assert found.profile.flash_attention
    assert found.profile.threads == 4


def test_unseen_noise_does_not_decide_either() -> None:
    """A neighbour that the kernel does not show: every fifth round takes twice as long."""
    rounds = iter(range(100_000))
    found = _tuned(RecordedBox(noise=lambda _: 2.0 if next(rounds) % 5 == 0 else 1.0), seconds=600)
    assert not found.profile.flash_attention
    assert found.profile.threads_batch == 4


def test_the_time_is_kept_as_far_as_single_rounds_allow() -> None:
    box = RecordedBox(attention=BOARD)
    started = box.now
    _tuned(box, seconds=60)
    assert box.now - started < 90
    assert max(profile.threads for profile in box.asked) <= 4


def test_a_search_goes_on_where_another_one_stopped() -> None:
    kept: list[Findings] = []
    box, found = RecordedBox(attention=BOARD), Findings(start_of(4))
    Search(box, Facts(4), box, found, kept.append).run(box.now + 60)
    assert len(kept) == len(AXES)
    again = Findings(EngineProfile(threads=2, threads_batch=4), settled=[WRITING, READING])
    box.asked.clear()
    result = Search(box, Facts(4), box, again, lambda _: None).run(box.now + 60)
    assert result.profile.threads == 2, "settled before"
    assert result.profile.flash_attention
    assert [row.axis for row in result.rows if row.axis in (WRITING, READING)] == []


def test_a_result_that_is_slower_than_the_defaults_is_not_taken() -> None:
    box = RecordedBox()
    found = Findings(
        EngineProfile(threads=1, threads_batch=1), settled=[axis for axis in AXES if axis != "against the defaults"]
    )
    result = Search(box, Facts(4), box, found, lambda _: None).run(box.now + 60)
    assert result.profile == start_of(4)
    assert (result.gain.read, result.gain.write) == (1.0, 1.0)


def test_one_core_has_nothing_to_choose_among_threads() -> None:
    box = RecordedBox(speedup={1: 1.0}, read_speedup={1: 1.0})
    assert _tuned(box, cores=1).profile.threads == 1


def test_another_quantisation_is_advised_only_on_a_quiet_box() -> None:
    quant = {"Q4_0": (0.002, 0.05), "Q4_K_M": (0.001, 0.03)}
    assert "Q4_K_M is the fastest here" in _tuned(RecordedBox(quant=quant)).advice
    found = _tuned(RecordedBox(quant=quant, load=lambda now: 1.0))
    assert found.advice == ""
    assert {row.note for row in found.rows if row.axis == "quantisation"} == {"others used the cores"}
