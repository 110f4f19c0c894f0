"""The rules are checked against a model of the memory itself, not against themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.cache.cover import Piece, Stored, longest, missing
from appliance.engine.cache.rewind import Memory, Part, Rules, continues, shortest

_WINDOW = 4
_RULES = [Rules(), Rules(Memory.SLIDING, _WINDOW), Rules(Memory.WHOLE)]
_TEXTS = st.lists(st.integers(0, 1), min_size=1, max_size=24).map(tuple)


class Library:
    """States of texts as llama.cpp keeps them: what a saved range holds for full and for sliding layers."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.saved: dict[str, tuple[tuple[int, ...], int]] = {}

    def found(self, text: tuple[int, ...]) -> list[tuple[int, Stored]]:
        found = []
        for name, (tokens, start) in self.saved.items():
            shared = 0
            while shared < min(len(text), len(tokens)) and text[shared] == tokens[shared]:
                shared += 1
            if shared:
                found.append((shared, Stored(name, start, len(tokens), near=True)))
        return found

    def save(self, text: tuple[int, ...]) -> None:
        lacking = missing(self.rules, self.found(text), len(text))
        if lacking is not None:
            assert lacking[1] == len(text)
            self.saved[f"{len(self.saved)}"] = (text, lacking[0])

    def check(self, text: tuple[int, ...], pieces: list[Piece]) -> None:
        """Join the pieces position by position and ask whether the next token would see what it needs."""
        full: dict[int, tuple[int, ...]] = {}
        sliding: dict[int, tuple[int, ...]] = {}
        whole: tuple[int, ...] = ()
        for piece in pieces:
            tokens, start = self.saved[piece.stored.name]
            for at in range(piece.start, piece.end):
                assert start <= at < len(tokens)
                full[at] = tokens[: at + 1]
                if at >= len(tokens) - _WINDOW:
                    sliding[at] = tokens[: at + 1]
            whole = tokens
        length = pieces[-1].end
        if self.rules.memory is Memory.WHOLE:
            assert whole == text[:length]
            return
        assert [full[at] for at in range(length)] == [text[: at + 1] for at in range(length)]
        if self.rules.memory is Memory.SLIDING:
            needed = range(max(length - _WINDOW, 0), length)
            assert [sliding.get(at) for at in needed] == [text[: at + 1] for at in needed]


@pytest.mark.parametrize("rules", _RULES, ids=lambda rules: rules.memory.value)
@given(st.lists(_TEXTS, max_size=8), _TEXTS)
def test_what_is_restored_is_what_reading_the_text_would_have_left(
    rules: Rules, texts: list[tuple[int, ...]], asked: tuple[int, ...]
) -> None:
    library = Library(rules)
    for text in texts:
        library.save(text)
        again = longest(rules, library.found(text), len(text))
        assert again, "what was saved can be restored"
        assert again[-1].end == len(text)
        assert missing(rules, library.found(text), len(text)) is None
    pieces = longest(rules, library.found(asked), len(asked) - 1)
    if pieces:
        assert pieces[-1].end < len(asked)
        library.check(asked, pieces)


@given(st.lists(_TEXTS, min_size=1, max_size=8), st.data())
def test_a_full_memory_gives_back_all_that_was_ever_saved_of_a_text(
    texts: list[tuple[int, ...]], data: st.DataObject
) -> None:
    library = Library(Rules())
    for text in texts:
        library.save(text)
    text = data.draw(st.sampled_from(texts))
    length = data.draw(st.integers(1, len(text)))
    pieces = longest(Rules(), library.found(text[:length]), length)
    assert pieces[-1].end == length, "also where it ends in the middle of a saved range"


def test_a_turn_saves_only_what_is_new_and_a_shared_beginning_once() -> None:
    rules = Rules()
    first = Stored("first", 0, 100, near=True)
    assert missing(rules, [], 100) == (0, 100)
    assert missing(rules, [(100, first)], 130) == (100, 130)
    assert missing(rules, [(80, first)], 130) == (80, 130), "another session shares 80 tokens"
    assert missing(rules, [(100, first)], 100) is None
    assert missing(Rules(Memory.WHOLE), [(100, first)], 130) == (0, 130)


def test_a_sliding_window_is_resumed_only_where_a_saved_range_ends() -> None:
    rules = Rules(Memory.SLIDING, 32)
    stored = Stored("a", 0, 100, near=True)
    assert longest(rules, [(60, stored)], 200) == []
    assert longest(rules, [(100, stored)], 200) == [Piece(stored, 0, 100)]
    assert longest(rules, [(100, stored)], 99) == []
    assert missing(rules, [(60, stored)], 92) == (60, 92), "far enough behind, what is cut short is enough"
    assert missing(rules, [(60, stored)], 91) == (0, 91)


def test_of_equal_pieces_the_one_in_memory_is_taken() -> None:
    near, far = Stored("near", 0, 10, near=True), Stored("far", 0, 10, near=False)
    for memory in Memory:
        assert longest(Rules(memory, 4), [(10, far), (10, near)], 20) == [Piece(near, 0, 10)]


@pytest.mark.parametrize(
    ("parts", "holds"),
    [
        ([Part(0, 10, 0, 10)], True),
        ([], False),
        ([Part(0, 9, 0, 10)], False),
        ([Part(0, 5, 0, 5), Part(5, 10, 5, 10)], True),
        ([Part(0, 5, 0, 5), Part(6, 10, 6, 10)], False),
        ([Part(0, 5, 0, 7), Part(5, 10, 5, 10)], True),
        ([Part(0, 5, 0, 4), Part(5, 10, 5, 10)], False),
        ([Part(0, 5, 0, 5), Part(5, 10, 6, 10)], False),
    ],
)
def test_a_full_memory_needs_every_position_once(parts: list[Part], holds: bool) -> None:
    assert continues(Rules(), parts, 10) is holds


@pytest.mark.parametrize(("cut", "holds"), [(6, True), (7, False)])
def test_a_sliding_window_needs_its_last_positions_out_of_the_end_of_a_saved_range(cut: int, holds: bool) -> None:
    parts = [Part(0, cut, 0, 9 + 4), Part(cut, 10, 6, 10)]
    assert continues(Rules(Memory.SLIDING, 4), parts, 10) is holds


def test_how_far_a_sequence_may_be_cut_depends_on_what_was_restored() -> None:
    assert shortest(Memory.FULL, 0, 50) == 1
    assert shortest(Memory.SLIDING, 0, 50) == 1
    assert shortest(Memory.SLIDING, 40, 50) == 40
    assert shortest(Memory.WHOLE, 0, 50) == 50


def test_rules_follow_what_the_model_says() -> None:
    assert Rules.of(recurrent=False, window=0) == Rules()
    assert Rules.of(recurrent=False, window=512) == Rules(Memory.SLIDING, 512)
    assert Rules.of(recurrent=True, window=512) == Rules(Memory.WHOLE)
