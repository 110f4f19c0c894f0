"""Estimates against speeds that were recorded on a box, and the order of advice for boxes of several sizes."""

from __future__ import annotations

import math

import msgspec
import pytest

from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.catalogue.shelf import catalogue
from appliance.engine.models.recommend.advice import Advice, advise
from appliance.engine.models.recommend.box import Box, Measurement, Rates, Speed
from appliance.engine.models.recommend.estimate import Correction, Estimate, correction, estimate

# Two AVX2 cores, two threads, random weights in the published shape of Llama-3.2-1B: 101 tokens/s read and 17.4
# written as Q4_K_M (808 MB), 71 and 11.4 as Q8_0 (1321 MB). Everything below was recorded on the same box.
_BODY, _STATES = catalogue()["llama3.2-1b"].body_parameters, catalogue()["llama3.2-1b"].shape.kv_bytes(640)
RECORDED = Measurement(
    cores=2,
    threads=2,
    speeds={
        "Q4_K_M": Speed(101 * _BODY, 17.4 * (808e6 + _STATES)),
        "Q8_0": Speed(71 * _BODY, 11.4 * (1321e6 + _STATES)),
    },
)
GB = 10**9


def box(memory: float, disk: float = 100.0, measurement: Measurement = RECORDED) -> Box:
    return Box(measurement, int(memory * GB), int(memory * GB), int(disk * GB))


def named(advice: tuple[Advice, ...]) -> dict[str, Advice]:
    return {one.entry.name: one for one in advice}


@pytest.mark.parametrize(
    ("name", "size_mb", "prefill", "decode"),
    [("qwen2.5-0.5b", 398, 150, 21.5), ("llama3.2-1b", 808, 101, 17.4), ("qwen3-0.6b", 639, 122, 17.8)],
)
def test_an_estimate_is_within_a_third_of_what_was_recorded(
    name: str, size_mb: int, prefill: float, decode: float
) -> None:
    guess = estimate(catalogue()[name], RECORDED, size_bytes=size_mb * 10**6)
    assert math.isclose(guess.prefill, prefill, rel_tol=0.34)
    assert math.isclose(guess.decode, decode, rel_tol=0.34)
    assert not guess.measured


def test_an_answer_is_six_hundred_tokens_read_and_eighty_written() -> None:
    guess = Estimate(prefill=100, decode=20)
    assert guess.first_answer_s == 10
    assert guess.next_answer_s == pytest.approx(4.6)


def test_what_a_model_really_did_replaces_its_estimate() -> None:
    entry = catalogue()["qwen2.5-0.5b"]
    assert estimate(entry, RECORDED, rates=Rates(50, 9)) == Estimate(50, 9, measured=True)
    half = estimate(entry, RECORDED, rates=Rates(50))
    assert (half.prefill, half.measured) == (50, False)
    assert half.decode == estimate(entry, RECORDED).decode


def test_real_models_correct_the_estimates_of_the_others() -> None:
    entries = list(catalogue().values())
    plain = named(advise(entries, box(16)))
    guess = plain["qwen2.5-0.5b"].speed
    slow = {"qwen2.5-0.5b": Rates(guess.prefill / 2, guess.decode / 2)}
    corrected = named(advise(entries, box(16), measured=slow))
    assert corrected["llama3.2-3b"].speed.prefill == pytest.approx(plain["llama3.2-3b"].speed.prefill / 2)
    assert corrected["llama3.2-3b"].speed.decode == pytest.approx(plain["llama3.2-3b"].speed.decode / 2)
    assert corrected["qwen2.5-0.5b"].speed.measured


def test_a_correction_is_bounded_and_one_without_measurements_changes_nothing() -> None:
    assert correction([]) == Correction(1, 1)
    assert correction([(Estimate(100, 10), Rates(100_000, 0.001))]) == Correction(3, pytest.approx(1 / 3))
    both = correction([(Estimate(100, 10), Rates(200, 0)), (Estimate(100, 10), Rates(50, 5))])
    assert both == Correction(pytest.approx(1), pytest.approx(0.5))


def test_an_unknown_quantisation_is_taken_for_the_slowest_that_was_measured() -> None:
    only = Measurement(2, 2, {"Q8_0": RECORDED.speeds["Q8_0"]})
    assert estimate(catalogue()["llama3.2-1b"], only).decode > 0


def test_the_largest_model_that_answers_in_time_comes_first() -> None:
    found = advise(catalogue().values(), box(16))
    assert found[0].comfortable
    assert found[0].entry.parameters == max(one.entry.parameters for one in found if one.comfortable)
    states = [(one.comfortable, one.fits) for one in found]
    assert states == sorted(states, reverse=True), "comfortable, then slow, then what does not fit"
    slow = [one.speed.first_answer_s for one in found if one.fits and not one.comfortable]
    assert slow == sorted(slow)


def test_a_small_box_is_told_what_does_not_fit_and_why() -> None:
    found = advise(catalogue().values(), box(2.0))
    fitting = {one.entry.name for one in found if one.fits}
    assert {"qwen2.5-0.5b", "smollm2-360m"} <= fitting
    large = named(found)["qwen2.5-7b"]
    assert not large.fits
    assert large.reason == "needs 5.0 GB of memory, 1.6 GB can be used here"
    nothing = advise(catalogue().values(), box(0.3))
    assert not any(one.fits for one in nothing)
    assert "0.0 GB can be used" in nothing[0].reason


def test_memory_is_weights_states_and_buffers_and_the_window_gives_way_first() -> None:
    entry = catalogue()["qwen3-0.6b"]
    need = {window: entry.approximate_bytes + window * 114_688 + 200_000_000 for window in (4096, 2048)}
    exact = (need[4096] + 350_000_000) / GB
    (whole,) = advise([entry], box(exact))
    assert (whole.window, whole.memory_bytes, whole.fits) == (4096, need[4096], True)
    (less,) = advise([entry], box(exact - 1e-9))
    assert (less.window, less.memory_bytes, less.fits) == (2048, need[2048], True)
    assert "2048 tokens" in less.reason or not less.comfortable
    (none,) = advise([entry], box((need[2048] + 350_000_000) / GB - 1e-9))
    assert (none.window, none.fits) == (0, False)


def test_a_full_disk_hinders_only_what_is_not_there_yet() -> None:
    entry = catalogue()["qwen2.5-0.5b"]
    (away,) = advise([entry], box(8, disk=0.6))
    assert away.reason == "needs 1.0 GB of disk, 0.6 GB are free"
    (here,) = advise([entry], box(8, disk=0.0), sizes={"qwen2.5-0.5b": 491_400_032})
    assert here.fits
    assert here.size_bytes == 491_400_032


def test_a_language_leaves_only_models_that_speak_it() -> None:
    german = advise(catalogue().values(), box(16), language="de")
    assert german
    assert all("de" in one.entry.languages for one in german)
    assert advise(catalogue().values(), box(16), language="xx") == ()


def test_full_attention_is_preferred_at_about_the_same_size() -> None:
    plain = catalogue()["llama3.2-1b"]
    found = advise([_sliding(plain), plain], box(16))
    assert [one.entry.full_attention for one in found] == [True, False]


def _sliding(entry: Entry) -> Entry:
    shape = msgspec.structs.replace(entry.shape, sliding_layers=entry.shape.layers - 1, sliding_window=512)
    return msgspec.structs.replace(entry, name="sliding", shape=shape, parameters=entry.parameters + 1_000_000)


def test_a_patient_owner_gets_larger_models() -> None:
    def best(patience: float) -> int:
        return advise(catalogue().values(), box(16), patience_s=patience)[0].entry.parameters

    assert best(1000) > best(10)
