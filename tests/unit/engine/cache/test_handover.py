from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.engine.cache.envelope import Header, Refusal, pack_tokens, seal
from appliance.engine.cache.files.writer import Files
from appliance.engine.cache.fingerprint import Facts, Identity
from appliance.engine.cache.handover import worth
from appliance.engine.cache.opened import open_store
from appliance.engine.cache.rewind import Rules
from appliance.engine.cache.store import PrefixStore
from appliance.engine.cache.transfer import Restored, Transfer
from tests.fakes.clock import FakeClock
from tests.unit.engine.cache.carried import accept, pack
from tests.unit.engine.cache.test_fingerprint import FACTS
from tests.unit.engine.cache.test_transfer import Positions

_KEY, _OTHER = b"k" * 32, b"o" * 32
_TEXT = list(range(100))


def _box(folder: Path, facts: Facts = FACTS, ram_bytes: int = 1 << 20) -> PrefixStore:
    folder.mkdir()
    (folder / "model.gguf").write_bytes(b"weights")
    identity = Identity(model=folder / "model.gguf", facts=facts)
    files = Files(folder, identity, 1 << 20, lambda: os.urandom(32), reserve_bytes=0)
    store = open_store(Rules(), ram_bytes=ram_bytes, files=files, ticks=FakeClock())
    assert store.settle(20)
    return store


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[tuple[PrefixStore, PrefixStore]]:
    here, there = _box(tmp_path / "here"), _box(tmp_path / "there")
    yield here, there
    here.close()
    there.close()


def _packed(store: PrefixStore, tokens: list[int] = _TEXT, key: bytes = _KEY) -> bytearray:
    states = Positions()
    states.read(3, tokens)
    parts = pack(store, states, 3, tokens, key)
    assert parts is not None
    return bytearray(b"".join(parts))


def test_a_sequence_goes_on_in_the_other_box(boxes: tuple[PrefixStore, PrefixStore]) -> None:
    here, there = boxes
    assert accept(there, _packed(here), _KEY) == 100
    found = there.longest([*_TEXT, 7])
    assert found is not None
    states = Positions()
    assert Transfer(there, states, 9).restore(1, found) == Restored(100, "peer", 0)
    assert states.tokens(1) == _TEXT


def test_what_is_not_whole_signed_and_of_this_model_is_refused(
    boxes: tuple[PrefixStore, PrefixStore], tmp_path: Path
) -> None:
    here, there = boxes
    data = _packed(here)
    for at in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[at] ^= 1
        assert isinstance(accept(there, damaged, _KEY), Refusal)
    assert accept(there, data[:-1], _KEY) is Refusal.LENGTH
    assert accept(there, b"", _KEY) is Refusal.SHORT
    assert accept(there, data, _OTHER) is Refusal.SUM
    other = _box(tmp_path / "other", facts=replace(FACTS, build="another"))
    assert accept(other, data, _KEY) is Refusal.FINGERPRINT
    other.close()
    assert there.longest([*_TEXT, 7]) is None


def test_a_piece_without_its_beginning_is_refused(boxes: tuple[PrefixStore, PrefixStore]) -> None:
    here, there = boxes
    header = Header(bytes.fromhex(here.fingerprint), pack_tokens(_TEXT), 50, 100, 3)
    assert accept(there, b"".join(map(bytes, seal(header, b"abc", _KEY))), _KEY) is Refusal.BOUNDS


def test_a_box_without_room_says_so(boxes: tuple[PrefixStore, PrefixStore]) -> None:
    here, there = boxes
    there.set_ram_budget(100)
    assert accept(there, _packed(here), _KEY) is Refusal.ROOM


def test_without_a_fingerprint_nothing_is_sent_or_taken(boxes: tuple[PrefixStore, PrefixStore]) -> None:
    here, _ = boxes
    store = open_store(Rules(), ram_bytes=1000, files=None, ticks=FakeClock())
    states = Positions()
    states.read(3, _TEXT)
    assert pack(store, states, 3, _TEXT, _KEY) is None
    assert accept(store, _packed(here), _KEY) is Refusal.FINGERPRINT
    assert pack(here, states, 3, [], _KEY) is None


def test_a_key_of_another_length_is_a_mistake_of_ours(boxes: tuple[PrefixStore, PrefixStore]) -> None:
    here, _ = boxes
    for key in (b"", b"k" * 31, b"k" * 33):
        with pytest.raises(ValueError, match="32 bytes"):
            _packed(here, key=key)
        with pytest.raises(ValueError, match="32 bytes"):
            accept(here, b"", key)


def test_a_state_travels_where_that_is_faster_than_reading_the_text_again() -> None:
    megabyte = 1 << 20
    assert worth(state_bytes=64 * megabyte, link_bytes_s=110e6, tokens=2048, prefill_tokens_s=100)
    assert not worth(state_bytes=224 * megabyte, link_bytes_s=16e6, tokens=2048, prefill_tokens_s=150)
    assert not worth(state_bytes=100, link_bytes_s=10, tokens=100, prefill_tokens_s=10), "no faster is not faster"
    assert not worth(state_bytes=1, link_bytes_s=0, tokens=100, prefill_tokens_s=10)
    assert not worth(state_bytes=1, link_bytes_s=10, tokens=100, prefill_tokens_s=0)
