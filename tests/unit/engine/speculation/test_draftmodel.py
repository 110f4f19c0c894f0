"""A draft model: the same vocabulary or none, catches up in pieces, and rests where it loses."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from appliance.engine.speculation.drafting import Drafting
from appliance.engine.speculation.draftmodel import DraftModel, Record, difference, unsuitable
from appliance.engine.speculation.length import VerifyCost


@dataclass
class _Vocabulary:
    pieces: list[bytes]
    ending: int = 0

    @property
    def size(self) -> int:
        return len(self.pieces)

    def piece(self, token: int) -> bytes:
        return self.pieces[token]

    def ends(self, token: int) -> bool:
        return token == self.ending


def _words(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@dataclass
class _Native:
    """Counts upward; holds what it was given and refuses a gap."""

    held: dict[int, list[int]] = field(default_factory=dict)
    decoded: int = 0
    top: float = 0.9
    broken: bool = False
    closed: bool = False
    last: list[tuple[int, int, int, bool]] = field(default_factory=list)

    def decode(self, entries: Sequence[tuple[int, int, int, bool]]) -> bool:
        if self.broken:
            return False
        for token, position, sequence, _ in entries:
            row = self.held.setdefault(sequence, [])
            assert position == len(row), "a token at the wrong place"
            row.append(token)
        self.decoded += len(entries)
        self.last = list(entries)
        return True

    def best(self, index: int) -> tuple[int, float]:
        assert self.last[index][3], "logits that were not asked for"
        return self.last[index][0] + 1, self.top

    def cut(self, sequence: int, start: int) -> bool:
        del self.held[sequence][start:]
        return True

    def drop(self, sequence: int) -> None:
        self.held.pop(sequence, None)

    def close(self) -> None:
        self.closed = True


class _Ticks:
    now = 0.0

    def monotonic(self) -> float:
        self.now += 0.001
        return self.now


def _model(native: _Native, size: int = 10_000, lanes: int = 2, cells: int = 1000) -> DraftModel:
    return DraftModel(native, lanes=lanes, cells=cells, size=size, ticks=_Ticks())


def test_two_vocabularies_are_compared_token_by_token() -> None:
    assert difference(_Vocabulary(_words(500)), _Vocabulary(_words(500))) == ""
    changed = _words(500)
    changed[77] = b"x"
    assert "token 77" in difference(_Vocabulary(_words(500)), _Vocabulary(changed))
    assert "token 9" in difference(_Vocabulary(_words(500), ending=9), _Vocabulary(_words(500), ending=10))


def test_spare_places_at_the_end_may_differ_by_128_and_no_more() -> None:
    target = _Vocabulary(_words(500))
    assert difference(target, _Vocabulary(_words(628))) == ""
    assert "629" in difference(target, _Vocabulary(_words(629)))


def test_a_target_below_3b_is_refused_unless_forced() -> None:
    assert "1.5B" in unsuitable(1_543_000_000, forced=False)
    assert unsuitable(1_543_000_000, forced=True) == ""
    assert unsuitable(3_085_000_000, forced=False) == ""


def test_it_guesses_behind_the_text_and_reads_only_what_is_new() -> None:
    native = _Native()
    model = _model(native)
    assert model.draft(1, [5, 6, 7], 3) == [8, 9, 10]
    assert native.decoded == 3 + 2
    assert model.draft(1, [5, 6, 7, 8, 9, 10, 11], 2) == [12, 13], "all of it was right"
    assert native.decoded == 5 + 2 + 1
    assert model.draft(1, [5, 6, 7, 8, 50], 1) == [51], "what was wrong is taken back"
    assert native.held[next(iter(native.held))] == [5, 6, 7, 8, 50]


def test_only_the_end_of_a_long_text_is_read_and_that_in_pieces() -> None:
    native = _Native()
    model = _model(native)
    text = list(range(3000))
    steps = [model.draft(1, text, 2) for _ in range(8)]
    assert steps == [[]] * 7 + [[3000, 3001]]
    assert native.decoded == 256 + 1
    assert model.seconds == 0.0, "reading is not what a token costs"
    assert model.draft(1, [*text, 3000, 3001, 3002], 1) == [3003]
    assert model.seconds > 0.0


def test_a_guess_outside_the_vocabulary_or_an_unsure_one_ends_the_draft() -> None:
    assert _model(_Native(), size=10).draft(1, [7], 5) == [8, 9]
    assert _model(_Native(top=0.39)).draft(1, [7], 5) == []


def test_answers_have_their_own_lane_and_one_too_many_goes_without() -> None:
    model = _model(_Native())
    assert model.draft(1, [1], 1)
    assert model.draft(2, [100], 1) == [101]
    assert model.draft(3, [1], 1) == []
    model.forget(1)
    assert model.draft(3, [1], 1) == [2]


def test_a_text_that_outgrows_the_context_goes_on_without() -> None:
    model = _model(_Native(), cells=20)
    assert model.draft(1, list(range(18)), 2) == [18, 19]
    assert model.draft(1, list(range(19)), 2) == []
    assert model.draft(2, [1], 1) == [], "19 cells are taken"
    model.forget(1)
    assert model.draft(2, [1], 1) == [2]


def test_a_decode_that_fails_is_no_guess_and_the_next_one_reads_again() -> None:
    native = _Native()
    model = _model(native)
    model.draft(1, [1, 2], 1)
    native.broken = True
    assert model.draft(1, [1, 2, 3], 2) == []
    native.broken = False
    assert model.draft(1, [1, 2, 3], 2) == [4, 5]


def test_a_model_that_guesses_wrong_is_switched_off_and_tried_again_later_and_later() -> None:
    native = _Native()
    model = _model(native)
    cost = VerifyCost()
    cost.report(1, 0.05)
    tries = []
    text = [1]
    drafting = Drafting(text, cost, drafter=model, key=1)
    for step in range(3000):
        if drafting.draft(text):
            tries.append(step)
        drafting.take([10 + step * 7919 % 100_003])  # never what it guesses, and nothing that look-up could find
    assert 0 < len(tries) < 60
    gaps = [after - before for before, after in itertools.pairwise(tries) if after - before > 50]
    assert gaps[:3] == sorted(gaps[:3])
    assert gaps[0] >= 256


def test_a_model_that_guesses_right_stays_on() -> None:
    cost = VerifyCost()
    cost.report(1, 0.05)
    model = _model(_Native(), cells=20_000)
    text = [1]
    drafting = Drafting(text, cost, drafter=model, key=1)
    for _ in range(100):
        drafted = drafting.draft(text)
        taken = [*drafted, text[-1] + len(drafted) + 1]
        drafting.take(taken)
        text += taken
    assert drafting.accepted == drafting.drafted > 250
    drafting.close()
    model.close()


def test_the_record_averages_what_a_token_costs() -> None:
    record = Record()
    record.took(0.03, 3)
    assert record.seconds == pytest.approx(0.01)
    record.took(0.04, 2)
    assert record.seconds == pytest.approx(0.011)
