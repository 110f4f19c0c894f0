from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.cache.opened import open_store
from appliance.engine.cache.rewind import Memory, Rules
from appliance.engine.cache.store import MIN_TOKENS, PrefixStore
from tests.fakes.clock import FakeClock


def _store(ram_bytes: int = 1000, rules: Rules | None = None) -> PrefixStore:
    return open_store(rules or Rules(), ram_bytes=ram_bytes, files=None, ticks=FakeClock())


def _blobs(store: PrefixStore, tokens: list[int]) -> list[tuple[int, int, bytes]]:
    found = store.longest(tokens)
    return [] if found is None else [(piece.start, piece.end, bytes(blob)) for piece, blob in store.load(found)]


_TEXT = list(range(100))


def test_two_turns_are_two_pieces_and_come_back_in_order() -> None:
    store = _store()
    assert store.missing(_TEXT[:40]) == (0, 40)
    assert store.put(_TEXT[:40], 0, b"first")
    assert store.missing(_TEXT) == (40, 100)
    assert store.put(_TEXT, 40, b"second")
    assert store.missing(_TEXT) is None
    assert _blobs(store, [*_TEXT, 7]) == [(0, 40, b"first"), (40, 100, b"second")]


def test_the_last_token_of_a_text_is_never_restored() -> None:
    store = _store()
    store.put(_TEXT, 0, b"x")
    found = store.longest(_TEXT)
    assert found is not None
    assert (found.length, found.tier) == (99, "ram")


def test_another_session_takes_what_it_shares() -> None:
    store = _store()
    store.put(_TEXT, 0, b"x")
    assert _blobs(store, [*_TEXT[:70], *[5] * 30]) == [(0, 70, b"x")]


def test_so_few_tokens_are_neither_saved_nor_looked_up() -> None:
    store = _store()
    text = _TEXT[:MIN_TOKENS]
    assert store.missing(text[:-1]) is None
    assert store.missing(text) == (0, MIN_TOKENS)
    store.put(text, 0, b"x")
    assert store.longest(text) is None
    assert store.longest([*text, 1]) is not None
    assert store.missing([*text, *text[:-1]]) is None


def test_pieces_up_to_what_is_resident_are_not_loaded() -> None:
    store = _store()
    store.put(_TEXT[:40], 0, b"first")
    store.put(_TEXT, 40, b"second")
    found = store.longest([*_TEXT, 7])
    assert found is not None
    assert [piece.start for piece, _ in store.load(found, after=40)] == [40]
    assert [piece.start for piece, _ in store.load(found, after=39)] == [0, 40]


def test_the_beginning_of_a_chain_outlives_its_end() -> None:
    store = _store(ram_bytes=30)
    store.put(_TEXT[:40], 0, bytes(10))
    store.put(_TEXT[:80], 40, bytes(10))
    store.put(_TEXT, 80, bytes(10))
    found = store.longest([*_TEXT, 7])
    assert found is not None
    list(store.load(found))
    store.put([9] * 20, 0, bytes(10))
    found = store.longest([*_TEXT, 7])
    assert found is not None
    assert found.length == 80
    assert store.missing(_TEXT) == (80, 100)


def test_what_does_not_fit_is_not_kept_and_nothing_goes_for_it() -> None:
    store = _store(ram_bytes=10)
    assert store.put(_TEXT[:40], 0, bytes(10))
    assert not store.takes(11)
    assert not store.put(_TEXT, 40, bytes(11))
    assert store.longest(_TEXT) is not None
    assert store.info().ram_bytes == 10


def test_a_smaller_budget_takes_effect_at_once() -> None:
    store = _store()
    store.put(_TEXT, 0, bytes(10))
    store.set_ram_budget(9)
    assert store.longest(_TEXT) is None
    assert (store.info().ram_bytes, store.info().ram_budget) == (0, 9)


def test_pinned_pieces_are_evicted_last() -> None:
    store = _store(ram_bytes=30)
    store.put(_TEXT, 0, bytes(10), pinned=True)
    for number in range(5):
        store.put([number] * 20, 0, bytes(10))
    assert store.longest(_TEXT) is not None


def test_a_whole_state_is_kept_from_its_beginning_or_not_at_all() -> None:
    store = _store(rules=Rules(Memory.WHOLE))
    assert store.missing(_TEXT) == (0, 100)
    with pytest.raises(ValueError, match="cannot be kept"):
        store.put(_TEXT, 40, b"x")
    for start in (-1, 100, 101):
        with pytest.raises(ValueError, match="cannot be kept"):
            _store().put(_TEXT, start, b"x")


def test_a_rejected_piece_is_forgotten_and_counted() -> None:
    store = _store()
    store.put(_TEXT, 0, b"x")
    found = store.longest(_TEXT)
    assert found is not None
    store.reject(found.pieces[0])
    assert store.longest(_TEXT) is None
    assert list(store.load(found)) == []
    assert store.info().rejected == 1


def test_where_beginnings_came_from_is_counted() -> None:
    store = _store()
    for restored in ("resident", "resident", "ram", "disk", "", ""):
        store.count(restored)
    info = store.info()
    assert (info.hits_resident, info.hits_ram, info.hits_disk, info.misses) == (2, 1, 1, 2)


def test_a_store_without_files_closes_and_has_no_fingerprint() -> None:
    store = _store()
    assert store.fingerprint == ""
    assert store.problem == ""
    store.close()


_TEXTS = st.lists(st.integers(0, 1), min_size=MIN_TOKENS, max_size=40).map(lambda tail: [2] * MIN_TOKENS + tail)


@pytest.mark.parametrize("memory", list(Memory), ids=lambda memory: memory.value)
@given(st.lists(_TEXTS, max_size=12), st.integers(0, 800))
def test_whatever_is_kept_the_pieces_join_and_the_budget_holds(
    memory: Memory, texts: list[list[int]], budget: int
) -> None:
    store = _store(budget, Rules(memory, 8))
    for text in texts:
        found = store.longest(text)
        if found is not None:
            position = 0
            for piece, blob in store.load(found):
                kept, start = json.loads(bytes(blob))
                assert piece.start == position >= start
                assert kept[: piece.end] == text[: piece.end]
                position = piece.end
            assert position == found.length < len(text)
        if (lacking := store.missing(text)) is not None:
            store.put(text, lacking[0], json.dumps([text, lacking[0]]).encode())
        assert store.info().ram_bytes <= budget
    assert len(store._shelf.tree) == len(store._shelf.entries) == len(store._shelf.ram.names())
