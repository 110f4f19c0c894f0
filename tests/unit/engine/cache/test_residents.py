from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.cache.residents import Resident, SequenceCache, common_prefix


class RecordedCells:
    """Cells that remember for each sequence which positions they hold, as the native cache does."""

    def __init__(self, *, can_cut: bool = True) -> None:
        self.lengths: dict[int, int] = {}
        self.can_cut = can_cut
        self.shared: list[tuple[int, int, int]] = []

    def cut(self, sequence: int, start: int) -> bool:
        if not self.can_cut and start:
            return False
        self.lengths[sequence] = min(self.lengths.get(sequence, 0), start)
        return True

    def drop(self, sequence: int) -> None:
        self.lengths.pop(sequence, None)

    def share(self, source: int, target: int, end: int) -> None:
        assert end <= self.lengths.get(source, 0)
        self.lengths[target] = end
        self.shared.append((source, target, end))

    def clear(self) -> None:
        self.lengths.clear()


def _decode(cells: RecordedCells, entry: Resident, tokens: list[int]) -> None:
    entry.tokens[:] = tokens
    cells.lengths[entry.sequence] = len(tokens)


def test_the_second_turn_of_a_session_reads_only_what_is_new() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 4, can_rewind=True)
    first = cache.acquire([1, 2, 3], "a")
    assert first is not None
    _decode(cells, first, [1, 2, 3, 4, 5])
    cache.release(first)
    second = cache.acquire([1, 2, 3, 4, 9, 10], "a")
    assert second is first
    assert second.tokens == [1, 2, 3, 4]
    assert cells.lengths == {first.sequence: 4}


def test_the_last_token_of_a_prompt_is_always_decoded_again() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 2, can_rewind=True)
    entry = cache.acquire([1, 2, 3], "a")
    assert entry is not None
    _decode(cells, entry, [1, 2, 3])
    cache.release(entry)
    again = cache.acquire([1, 2, 3], "a")
    assert again is not None
    assert again.tokens == [1, 2]


def test_a_common_beginning_is_shared_with_another_session_which_keeps_its_own() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 3, can_rewind=True)
    mine = cache.acquire([1, 2, 3, 4], "mine")
    assert mine is not None
    _decode(cells, mine, [1, 2, 3, 4])
    theirs = cache.acquire([1, 2, 8, 9], "theirs")
    assert theirs is not None
    assert theirs is not mine
    assert theirs.tokens == [1, 2]
    assert mine.tokens == [1, 2, 3, 4]
    assert cells.shared == [(mine.sequence, theirs.sequence, 2)]


def test_the_conversation_that_was_not_used_for_longest_makes_room() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 2, can_rewind=True)
    for number, key in enumerate(("old", "new")):
        entry = cache.acquire([number, 5], key)
        assert entry is not None
        _decode(cells, entry, [number, 5])
        cache.release(entry)
    third = cache.acquire([7, 8], "third")
    assert third is not None
    cache.release(third)
    fourth = cache.acquire([1, 5, 6], "new")
    assert fourth is not None
    assert fourth.tokens == [1, 5], "the newer one was kept"
    assert not cache.evict() or cache.resident == 1


def test_when_all_sequences_are_busy_there_is_none() -> None:
    cache = SequenceCache(RecordedCells(), 2, can_rewind=True)
    assert cache.acquire([1], "a") is not None
    assert cache.acquire([1], "b") is not None
    assert cache.acquire([1], "c") is None
    assert not cache.evict(), "what is busy cannot be evicted"


def test_a_recurrent_state_is_reused_only_as_a_whole() -> None:
    cells = RecordedCells(can_cut=False)
    cache = SequenceCache(cells, 2, can_rewind=False)
    entry = cache.acquire([1, 2], "a")
    assert entry is not None
    _decode(cells, entry, [1, 2, 3])
    cache.release(entry)
    longer = cache.acquire([1, 2, 3, 4], "a")
    assert longer is not None
    assert longer.tokens == [1, 2, 3]
    cache.release(longer)
    other = cache.acquire([1, 2, 9], "a")
    assert other is not None
    assert other.tokens == []


def test_a_step_that_broke_off_is_taken_back() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 2, can_rewind=True)
    entry = cache.acquire([1, 2, 3], "a")
    assert entry is not None
    _decode(cells, entry, [1, 2])
    cells.lengths[entry.sequence] = 3  # a part of the batch got in
    cache.rewind(entry)
    assert cells.lengths[entry.sequence] == 2
    cells.can_cut = False
    cache.rewind(entry)
    assert entry.tokens == []
    assert entry.sequence not in cells.lengths


@given(st.integers(0, 2**32))
def test_bookkeeping_and_cells_agree_in_any_order_of_events(seed: int) -> None:
    chance, cells = random.Random(seed), RecordedCells()
    cache = SequenceCache(cells, 3, can_rewind=True)
    busy: list[Resident] = []
    for _ in range(40):
        if busy and chance.random() < 0.5:
            cache.release(busy.pop(chance.randrange(len(busy))))
        elif chance.random() < 0.1:
            cache.evict()
        else:
            prompt = [chance.randrange(2) for _ in range(chance.randrange(1, 6))]
            entry = cache.acquire(prompt, chance.choice(["", "a", "b"]))
            if entry is None:
                assert len(busy) == 3
                continue
            assert entry not in busy
            assert entry.tokens == prompt[: len(entry.tokens)]
            assert len(entry.tokens) < len(prompt)
            assert cells.lengths.get(entry.sequence, 0) == len(entry.tokens)
            _decode(cells, entry, prompt)
            busy.append(entry)


def test_the_common_prefix_is_the_longest() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 4]) == 2
    assert common_prefix([], [1]) == 0
    assert common_prefix([1], [1, 2]) == 1


def test_a_restored_sliding_window_is_not_cut_below_its_end() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 3, can_rewind=True)
    entry = cache.acquire([1, 2, 3, 4], "a")
    assert entry is not None
    _decode(cells, entry, [1, 2, 3, 4, 5, 6])
    entry.floor = 4
    cache.release(entry)
    again = cache.acquire([1, 2, 3, 4, 9], "a")
    assert again is entry
    assert again.tokens == [1, 2, 3, 4], "at its end it goes on"
    cache.release(again)
    other = cache.acquire([1, 2, 3, 9, 9], "b")
    assert other is not None
    assert other.tokens == []
    assert cells.lengths == {entry.sequence: 4}, "and what was restored stays, for whoever needs it"


def test_who_shares_a_restored_window_has_its_floor_too() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 3, can_rewind=True)
    entry = cache.acquire([1, 2, 3, 4], "a")
    assert entry is not None
    _decode(cells, entry, [1, 2, 3, 4, 5])
    entry.floor = 3
    sharer = cache.acquire([1, 2, 3, 4, 8], "b")
    assert sharer is not None
    assert (sharer.tokens, sharer.floor) == ([1, 2, 3, 4], 3)
    cache.forget(sharer)
    assert sharer.floor == 0


def test_a_pinned_beginning_is_shared_never_taken_over_and_goes_last() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 3, can_rewind=True)
    static = cache.acquire([1, 2, 3], "")
    assert static is not None
    _decode(cells, static, [1, 2, 3])
    static.pinned = True
    cache.release(static)
    first = cache.acquire([1, 2, 3, 4], "a")
    assert first is not None
    assert first is not static
    assert first.tokens == [1, 2, 3]
    _decode(cells, first, [1, 2, 3, 4])
    cache.release(first)
    assert cache.evict()
    assert first.tokens == []
    assert static.tokens == [1, 2, 3]
    assert cache.evict()
    assert static.tokens == []
    assert not static.pinned


def test_a_whole_recurrent_state_is_shared_with_another_session_while_its_owner_is_busy() -> None:
    cells = RecordedCells(can_cut=False)
    cache = SequenceCache(cells, 3, can_rewind=False)
    owner = cache.acquire([1, 2, 3], "a")
    assert owner is not None
    _decode(cells, owner, [1, 2, 3])
    sharer = cache.acquire([1, 2, 3, 4], "b")
    assert sharer is not None
    assert sharer.tokens == [1, 2, 3]
    assert cells.shared == [(owner.sequence, sharer.sequence, 3)]
    assert cache.acquire([1, 2, 9, 4], "c") is not None
    assert len(cells.shared) == 1, "part of it cannot be shared"


def test_idle_are_those_that_hold_something_and_are_not_in_use() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 3, can_rewind=True)
    assert (cache.idle(), cache.serving) == ([], False)
    first, second = cache.acquire([1, 2], "a"), cache.acquire([3, 4], "b")
    assert first is not None
    assert second is not None
    _decode(cells, first, [1, 2])
    _decode(cells, second, [3, 4])
    cache.release(first)
    assert (cache.idle(), cache.serving) == ([first], True)
    cache.release(second)
    assert (cache.idle(), cache.serving) == ([first, second], False)


def test_after_an_error_who_is_busy_keeps_the_sequence_as_its_own() -> None:
    cells = RecordedCells()
    cache = SequenceCache(cells, 2, can_rewind=True)
    guest = cache.acquire([1, 2, 3], "s", "box")
    assert guest is not None
    _decode(cells, guest, [1, 2, 3])
    cache.reset()
    assert not guest.tokens
    _decode(cells, guest, [1, 2, 3, 4])
    cache.release(guest)
    assert (cache.known([1, 2, 3, 4, 5], "box"), cache.known([1, 2, 3, 4, 5])) == (4, 0)
