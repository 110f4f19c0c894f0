"""Saving and restoring over a double of the native side that keeps positions as llama.cpp does."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from appliance.engine.cache.envelope import Blob
from appliance.engine.cache.files.writer import Files
from appliance.engine.cache.fingerprint import Identity
from appliance.engine.cache.opened import open_store
from appliance.engine.cache.rewind import Memory, Rules
from appliance.engine.cache.store import PrefixStore
from appliance.engine.cache.transfer import Restored, Transfer
from tests.fakes.clock import FakeClock
from tests.unit.engine.cache.test_fingerprint import FACTS

_SCRATCH = 9
_TEXT = list(range(100))


class Positions:
    """Sequences as dictionaries of position and token; a blob is their JSON. `room` cells, each for one position."""

    def __init__(self, memory: Memory = Memory.FULL, room: int = 10_000) -> None:
        self.memory = memory
        self.room = room
        self.sequences: dict[int, dict[int, int]] = {}
        self.inserted = 0

    def read(self, sequence: int, tokens: list[int], start: int = 0) -> None:
        self.sequences.setdefault(sequence, {}).update(dict(enumerate(tokens, start)))

    def size(self, sequence: int) -> int:
        return len(self.export(sequence))

    def export(self, sequence: int) -> bytes:
        return json.dumps(list(self.sequences[sequence].items())).encode()

    def insert(self, sequence: int, blob: Blob, start: int, end: int, *, exact: bool) -> bool:
        self.inserted += 1
        assert not self.sequences.get(sequence), "llama.cpp would empty it"
        positions = {int(at): int(token) for at, token in json.loads(bytes(blob))}
        assert (min(positions), max(positions)) == (start, end - 1)
        if len(positions) > self.room - len(set().union(*map(_cells, self.sequences.items()), set())):
            return False
        self.sequences[sequence] = positions
        return True

    def share_range(self, source: int, target: int, start: int, end: int) -> None:
        assert self.memory is not Memory.WHOLE
        part = {at: token for at, token in self.sequences[source].items() if start <= at < end}
        self.sequences.setdefault(target, {}).update(part)

    def drop(self, sequence: int) -> None:
        self.sequences.pop(sequence, None)

    def tokens(self, sequence: int) -> list[int]:
        held = self.sequences.get(sequence, {})
        assert sorted(held) == list(range(len(held)))
        return [held[at] for at in range(len(held))]


def _cells(item: tuple[int, dict[int, int]]) -> set[tuple[int, int]]:
    return {(item[0], at) for at in item[1]}


def _store(memory: Memory = Memory.FULL, ram_bytes: int = 1 << 20) -> PrefixStore:
    return open_store(Rules(memory, 8), ram_bytes=ram_bytes, files=None, ticks=FakeClock())


def _restored(store: PrefixStore, states: Positions, tokens: list[int], *, have: int = 0) -> Restored:
    found = store.longest(tokens)
    assert found is not None
    return Transfer(store, states, _SCRATCH).restore(1, found, have=have)


@pytest.mark.parametrize("memory", [Memory.FULL, Memory.WHOLE])
def test_what_was_saved_turn_by_turn_comes_back(memory: Memory) -> None:
    store, states = _store(memory), Positions(memory)
    transfer = Transfer(store, states, _SCRATCH)
    states.read(0, _TEXT[:40])
    assert transfer.save(0, _TEXT[:40])
    states.read(0, _TEXT[40:], 40)
    assert transfer.save(0, _TEXT)
    assert not transfer.save(0, _TEXT)
    assert states.tokens(0) == _TEXT
    fresh = Positions(memory)
    assert _restored(store, fresh, [*_TEXT, 7]) == Restored(100, "ram", 0 if memory is Memory.FULL else 100)
    assert fresh.tokens(1) == _TEXT
    assert list(fresh.sequences) == [1], "the scratch sequence is empty again"


def test_only_what_is_missing_is_saved() -> None:
    store, states = _store(), Positions()
    states.read(0, _TEXT)
    transfer = Transfer(store, states, _SCRATCH)
    transfer.save(0, _TEXT[:60])
    before = store.info().ram_bytes
    transfer.save(0, _TEXT)
    assert store.info().ram_bytes - before < before


def test_pieces_join_what_is_resident() -> None:
    store, states = _store(), Positions()
    states.read(0, _TEXT)
    transfer = Transfer(store, states, _SCRATCH)
    assert transfer.joins
    assert not Transfer(_store(Memory.SLIDING), states, _SCRATCH).joins
    transfer.save(0, _TEXT[:40])
    transfer.save(0, _TEXT)
    fresh = Positions()
    fresh.read(1, _TEXT[:50])
    assert _restored(store, fresh, [*_TEXT, 7], have=50) == Restored(100, "ram", 0)
    assert fresh.tokens(1) == _TEXT
    assert fresh.inserted == 1


def test_what_does_not_fit_in_memory_is_not_even_copied() -> None:
    store, states = _store(ram_bytes=10), Positions()
    states.read(0, _TEXT)
    states.export = None  # must not be called
    states.size = lambda sequence: 11
    assert not Transfer(store, states, _SCRATCH).save(0, _TEXT)
    assert states.tokens(0) == _TEXT


def test_with_too_few_cells_as_much_as_fits_comes_back_and_nothing_is_forgotten() -> None:
    store, states = _store(), Positions()
    states.read(0, _TEXT)
    for end in (40, 100):
        Transfer(store, states, _SCRATCH).save(0, _TEXT[:end])
    tight = Positions(room=70)
    assert _restored(store, tight, [*_TEXT, 7]) == Restored(40, "ram", 0)
    assert tight.tokens(1) == _TEXT[:40]
    assert _restored(store, Positions(), [*_TEXT, 7]).length == 100


def test_a_piece_refused_twice_in_a_row_is_forgotten() -> None:
    store, states = _store(), Positions()
    states.read(0, _TEXT)
    Transfer(store, states, _SCRATCH).save(0, _TEXT)
    transfer = Transfer(store, Positions(room=0), _SCRATCH)
    for _ in range(2):
        found = store.longest([*_TEXT, 7])
        assert found is not None
        assert transfer.restore(1, found) == Restored()
    assert store.longest([*_TEXT, 7]) is None
    assert store.info().rejected == 1


@pytest.mark.parametrize("memory", [Memory.SLIDING, Memory.WHOLE])
def test_half_a_restore_is_none_where_it_cannot_be_used(memory: Memory) -> None:
    store, states = _store(memory), Positions(memory)
    states.read(0, _TEXT)
    transfer = Transfer(store, states, _SCRATCH)
    for end in (40, 100):
        transfer.save(0, _TEXT[:end]) if memory is Memory.SLIDING else None
    if memory is Memory.WHOLE:
        transfer.save(0, _TEXT)
    tight = Positions(memory, room=70)
    assert _restored(store, tight, [*_TEXT, 7]) == Restored()
    assert tight.sequences == {}


def _hostile(path: Path, others: list[bytes], chance: random.Random) -> bytes:
    """Return what a bad disk or a bad neighbour may have made of a file."""
    content = bytearray(path.read_bytes())
    way = chance.randrange(6)
    if way == 0:
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] ^= chance.randint(1, 255)
    elif way == 1:
        del content[chance.randrange(len(content)) :]
    elif way == 2:
        content += chance.randbytes(chance.randint(1, 99))
    elif way == 3:
        content = bytearray(chance.choice(others))
    elif way == 4:
        content = bytearray(chance.randbytes(chance.randrange(600)))
    else:
        at = chance.randrange(12, len(content))
        content[at:] = chance.randbytes(len(content) - at)
    return bytes(content)


def _a_store_that_meets_hostile_files(folder: Path, rounds: int) -> None:
    (folder / "model.gguf").write_bytes(b"weights")
    files = Files(
        folder, Identity(model=folder / "model.gguf", facts=FACTS), 1 << 24, lambda: os.urandom(32), reserve_bytes=0
    )
    clock, chance = FakeClock(), random.Random(7)
    texts = [[number, *range(40)] for number in range(25)]

    def opened() -> PrefixStore:
        store = open_store(Rules(), ram_bytes=1 << 24, files=files, ticks=clock)
        assert store.settle(20)
        return store

    states = Positions()
    for number, text in enumerate(texts):
        states.read(number + 20, text)
    for _ in range(rounds):
        store = opened()
        for number, text in enumerate(texts):
            Transfer(store, states, _SCRATCH).save(number + 20, text)
            clock.advance(3600)
        assert store.settle(20)
        paths = sorted((folder / "prefixes").glob("*.state"))
        assert len(paths) == len(texts)
        store.close()
        whole = [path.read_bytes() for path in paths]
        early = chance.random() < 0.5  # damaged before the start, or behind the back of a running engine
        store = None if early else opened()
        for index, path in enumerate(paths):
            path.write_bytes(_hostile(path, whole[:index] + whole[index + 1 :], chance))
        store = store or opened()
        fresh = Positions()
        for text in texts:
            found = store.longest([*text, 7])
            if found is not None:
                assert Transfer(store, fresh, _SCRATCH).restore(1, found) == Restored()
            assert store.longest([*text, 7]) is None
        assert fresh.inserted == 0, "native code saw some of it"
        store.close()


def test_damaged_and_forged_files_never_reach_native_code(tmp_path: Path) -> None:
    _a_store_that_meets_hostile_files(tmp_path, rounds=2)


@pytest.mark.long
def test_a_thousand_damaged_and_forged_files_never_reach_native_code(tmp_path: Path) -> None:
    _a_store_that_meets_hostile_files(tmp_path, rounds=40)
