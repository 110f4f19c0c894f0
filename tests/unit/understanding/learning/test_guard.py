"""What keeps a re-fitted n-gram part out, and the files that it is judged and kept with."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from appliance.understanding.features import BUCKETS
from appliance.understanding.learning import replay
from appliance.understanding.learning.guard import ALONE, JOINT, Judged, judged, worse
from appliance.understanding.learning.replay import Sentence
from appliance.understanding.learning.weights import Origin, encode, origin_of
from appliance.understanding.ngram import NgramModel, WeightsError, load
from appliance.understanding.understander import weights_folder
from appliance.understanding.vocabulary import CLASSES, ESCALATE
from appliance.understanding.voting.calibration import Calibration

_EVEN = Calibration(weight=0.5, slope=1.0, offset=0.0, reading=0.5, writing=0.9)


def one(gold: str, called: str, guess: str = "", lang: str = "en") -> Judged:
    return Judged(lang, gold, guess or called, called)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (one("timer_set", "timer_set"), one("timer_set", ESCALATE), "requests that are no longer understood"),
        (one("timer_set", ESCALATE), one("timer_set", "alarm_set"), "requests that become another tool"),
        (one(ESCALATE, ESCALATE), one(ESCALATE, "timer_set"), "hand-overs that reach a writing tool"),
        (one(ESCALATE, ESCALATE), one(ESCALATE, "timer_list"), "hand-overs that reach a reading tool"),
        (one("weather", ESCALATE), one("weather", "clock_now"), "hand-overs that reach a reading tool"),
    ],
)
def test_every_figure_that_gets_worse_is_found(before: Judged, after: Judged, what: str) -> None:
    found = worse({JOINT: [before]}, {JOINT: [after]})
    assert [(fault.what, fault.before, fault.after, fault.places) for fault in found] == [(what, 0, 1, (0,))]
    assert found[0].tools == {after.guess}


def test_what_is_better_or_as_good_is_no_fault() -> None:
    before = [one("timer_set", ESCALATE), one("timer_set", "timer_set"), one(ESCALATE, "timer_set")]
    after = [one("timer_set", "timer_set"), one("timer_set", ESCALATE), one(ESCALATE, ESCALATE)]
    assert not worse({JOINT: before}, {JOINT: after})


def test_one_language_does_not_pay_for_another() -> None:
    before = [one("timer_set", ESCALATE, lang="en"), one("timer_set", "timer_set", lang="de")]
    after = [one("timer_set", "timer_set", lang="en"), one("timer_set", ESCALATE, lang="de")]
    (fault,) = worse({JOINT: before}, {JOINT: after})
    assert fault.lang == "de"
    assert "(de, both votes): 1 instead of 0" in str(fault)


def test_by_the_n_grams_alone_only_understanding_and_writing_count() -> None:
    before, after = [one(ESCALATE, ESCALATE)] * 2, [one(ESCALATE, "timer_list"), one(ESCALATE, "timer_set")]
    assert [fault.what for fault in worse({ALONE: before}, {ALONE: after})] == ["hand-overs that reach a writing tool"]


def blank(bias: dict[str, float]) -> NgramModel:
    """Return a model that says the same of every sentence."""
    width = len(CLASSES) + 1
    values = tuple(bias.get(name, 0.0) for name in CLASSES)
    return NgramModel(CLASSES, ("en",), 0.01, (*values, 0.0), bytes([128]) * (width * BUCKETS))


def test_both_ways_of_judging_use_the_thresholds_of_the_language() -> None:
    read = {name: (0.0 if name == "timer_set" else -12.0) for name in CLASSES}
    check = Sentence("set a timer", "en", "timer_set", read)
    found = judged(blank({"timer_set": 4.0}), [check], {"en": _EVEN}, joint=True)
    # alone 65 % sure, which is too little to write; together with the other vote it is enough
    assert [(way, rows[0].called) for way, rows in found.items()] == [(JOINT, "timer_set"), (ALONE, ESCALATE)]
    assert list(judged(blank({}), [check], {"en": _EVEN}, joint=False)) == [ALONE]


def test_a_packed_replay_set_reads_back(tmp_path: Path) -> None:
    scores = {name: -1.25 if name == "note_add" else -30.0 for name in CLASSES}
    rows = [Sentence("merk dir das", "de", "note_add", scores), Sentence("salut", "fr", ESCALATE, {})]
    path = tmp_path / replay.NAME
    path.write_bytes(replay.pack(rows, "ab" * 32))
    found = replay.load(path)
    assert (found.model, found.anchors) == ("ab" * 32, [rows[1]])
    assert (found.checks[0].text, found.checks[0].read["note_add"]) == ("merk dir das", -1.25)
    assert set(found.checks[0].read) == set(CLASSES)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        lzma.compress(b""),
        lzma.compress(b'{"format": 9, "classes": [], "model": ""}'),
        lzma.compress(b"[]\n[]"),
        lzma.compress(b" " * 8_000_001),
    ],
    ids=["empty", "not xz", "nothing inside", "other format", "no object", "a bomb"],
)
def test_a_damaged_replay_set_is_an_error_that_names_the_fix(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / replay.NAME
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="install the package again"):
        replay.load(path)


def test_the_shipped_replay_set_is_small_and_belongs_to_the_shipped_model() -> None:
    path = weights_folder() / replay.NAME
    assert path.stat().st_size <= 200_000
    found = replay.load(path)
    assert found.model == replay.sha256(weights_folder() / "homarus-mini.gguf"), "run `python -m mini.replay`"
    for tag in ("en", "de", "fr"):
        for part in (found.checks, found.anchors):
            assert sum(sentence.lang == tag for sentence in part) >= 500
    assert not {one.text for one in found.checks} & {one.text for one in found.anchors}


def test_learned_weights_say_what_they_were_fitted_from_and_load_like_shipped_ones(tmp_path: Path) -> None:
    path, model, origin = tmp_path / "learned.bin", blank({"news": 1.0}), Origin("aa", 3, "bb")
    path.write_bytes(encode(model, origin))
    assert (load(path), origin_of(path)) == (model, origin)


def test_shipped_damaged_and_absent_weights_have_no_origin(tmp_path: Path) -> None:
    path = tmp_path / "learned.bin"
    assert origin_of(path) is None
    path.write_bytes(b"HMNG2\n\x05\x00\x00\x00[1, 2")
    assert origin_of(path) is None
    assert origin_of(weights_folder() / "ngram.bin") is None
