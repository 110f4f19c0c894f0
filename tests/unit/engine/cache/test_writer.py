from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.engine.cache.files.disk import Disk
from appliance.engine.cache.files.writer import BackgroundWriter, Files
from appliance.engine.cache.fingerprint import Facts, Identity
from appliance.engine.cache.opened import open_store
from appliance.engine.cache.rewind import Rules
from appliance.engine.cache.store import PrefixStore
from tests.fakes.clock import FakeClock
from tests.unit.engine.cache.test_fingerprint import FACTS

_TEXT = list(range(100))
_DEADLINE_S = 20.0


class Place:
    """A state folder with a model, and the stores that are opened on it."""

    def __init__(self, path: Path) -> None:
        self.state = path
        self.model = path / "model.gguf"
        self.model.write_bytes(b"weights")
        self.clock = FakeClock()

    @property
    def files(self) -> list[Path]:
        return sorted((self.state / "prefixes").glob("*.state"))

    @contextmanager
    def store(
        self, *, facts: Facts = FACTS, ram: int = 1 << 20, disk: int = 1 << 20, per_hour: int = 1 << 30
    ) -> Iterator[PrefixStore]:
        files = Files(
            self.state, Identity(model=self.model, facts=facts), disk, lambda: os.urandom(32), per_hour, reserve_bytes=0
        )
        store = open_store(Rules(), ram_bytes=ram, files=files, ticks=self.clock)
        try:
            assert store.settle(_DEADLINE_S)
            yield store
        finally:
            store.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _restored(store: PrefixStore, tokens: list[int]) -> list[tuple[int, int, bytes]]:
    found = store.longest([*tokens, -1 % 7])
    return [] if found is None else [(piece.start, piece.end, bytes(blob)) for piece, blob in store.load(found)]


def test_what_was_saved_is_there_after_a_restart(place: Place) -> None:
    with place.store() as store:
        store.put(_TEXT[:40], 0, b"first")
        store.put(_TEXT, 40, b"second")
        assert store.settle(_DEADLINE_S)
        assert len(place.files) == 2
        first = store.fingerprint
    with place.store() as store:
        found = store.longest([*_TEXT, 7])
        assert found is not None
        assert found.tier == "disk"
        assert _restored(store, _TEXT) == [(0, 40, b"first"), (40, 100, b"second")]
        found = store.longest([*_TEXT, 7])
        assert found is not None
        assert found.tier == "ram", "once read it is in memory"
        assert store.missing(_TEXT) is None
        assert store.fingerprint == first != ""


def test_closing_writes_what_was_not_written_yet(place: Place) -> None:
    with place.store() as store:
        store.put(_TEXT, 0, b"x")
    assert len(place.files) == 1


def test_after_the_first_start_files_are_in_use_before_anything_is_asked(place: Place) -> None:
    with place.store() as store:
        store.put(_TEXT, 0, b"x")
    files = Files(place.state, Identity(model=place.model, facts=FACTS), 1 << 20, lambda: os.urandom(32))
    store = open_store(Rules(), ram_bytes=1000, files=files, ticks=place.clock)
    assert store.longest([*_TEXT, 7]) is not None
    store.close()


def test_until_the_model_is_hashed_the_store_works_in_memory(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = threading.Event()
    plain = BackgroundWriter._hash

    def slow(writer: BackgroundWriter) -> None:
        assert hold.wait(_DEADLINE_S)
        plain(writer)

    monkeypatch.setattr(BackgroundWriter, "_hash", slow)
    files = Files(
        place.state, Identity(model=place.model, facts=FACTS), 1 << 20, lambda: os.urandom(32), reserve_bytes=0
    )
    store = open_store(Rules(), ram_bytes=1000, files=files, ticks=place.clock)
    assert store.fingerprint == ""
    store.put(_TEXT, 0, b"x")
    assert _restored(store, _TEXT) == [(0, 100, b"x")]
    hold.set()
    assert store.settle(_DEADLINE_S)
    assert len(place.files) == 1
    store.close()


def test_the_state_of_another_model_or_setting_is_a_miss(place: Place) -> None:
    with place.store() as store:
        store.put(_TEXT, 0, b"x")
    from msgspec.structs import replace

    with place.store(facts=replace(FACTS, type_k=8)) as store:
        assert store.longest([*_TEXT, 7]) is None
    place.model.write_bytes(b"other weights")
    with place.store() as store:
        assert store.longest([*_TEXT, 7]) is None
        assert store.info().rejected == 0


@pytest.mark.parametrize("at", [13, 40, -40, -1])
def test_a_damaged_file_is_a_miss_that_is_counted(place: Place, at: int) -> None:
    with place.store() as store:
        store.put(_TEXT[:40], 0, bytes(100))
        store.put(_TEXT, 40, bytes(200))
    small, large = sorted(place.files, key=lambda path: path.stat().st_size)
    content = bytearray(large.read_bytes())
    content[at] ^= 1
    with place.store() as store:
        large.write_bytes(content)
        assert _restored(store, _TEXT) == [(0, 40, bytes(100))]
        assert store.info().rejected == 1
        assert place.files == [small]
        assert store.missing(_TEXT) == (40, 100)
        assert _restored(store, _TEXT) == [(0, 40, bytes(100))]
        assert store.info().rejected == 1


def test_a_file_under_the_name_of_another_is_a_miss(place: Place) -> None:
    with place.store() as store:
        store.put(_TEXT, 0, b"x" * 10)
        store.put(_TEXT[::-1], 0, b"y" * 10)
    one, other = place.files
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    with place.store() as store:
        assert _restored(store, _TEXT) == []
        assert _restored(store, _TEXT[::-1]) == []
    with place.store() as store:
        store.put(_TEXT, 0, b"x" * 10)
        store.put(_TEXT[::-1], 0, b"y" * 10)
        assert store.settle(_DEADLINE_S)
        one, other = place.files
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)
        store.set_ram_budget(0)
        assert _restored(store, _TEXT) == []
        assert _restored(store, _TEXT[::-1]) == []
        assert store.info().rejected == 2


def test_writing_keeps_to_the_bytes_of_an_hour(place: Place) -> None:
    with place.store(per_hour=2000) as store:
        store.put(_TEXT, 0, bytes(1000))
        assert store.settle(_DEADLINE_S)
        store.put(_TEXT[::-1], 0, bytes(1500))
        assert not store.settle(0.01)
        assert len(place.files) == 1
        place.clock.advance(3600)
        assert store._writer is not None
        store._writer.wake()
        assert store.settle(_DEADLINE_S)
        assert len(place.files) == 2
        assert store.info().written_bytes == sum(path.stat().st_size for path in place.files)


def test_nothing_is_written_where_nothing_may_be(place: Place) -> None:
    with place.store(per_hour=0) as store:
        store.put(_TEXT, 0, bytes(10))
    assert place.files == []


def test_pinned_states_are_written_first(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[bool] = []
    plain = Disk.write
    monkeypatch.setattr(Disk, "write", lambda disk, name, head, blob: order.append(head.pinned)
                        or plain(disk, name, head, blob))  # fmt: skip
    with place.store(per_hour=400) as store:
        store.put(_TEXT, 0, bytes(400))
        assert store.settle(_DEADLINE_S)
        store.put(_TEXT[::-1], 0, bytes(10))
        store.put([5] * 20, 0, bytes(10), pinned=True)
        store.put([6] * 20, 0, bytes(10))
        place.clock.advance(36000)
    assert order == [False, True, False, False]


def test_a_full_disk_is_told_once_and_the_store_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_descriptor: int, _data: object) -> int:
        raise OSError(28, "No space left on device")

    with place.store() as store, caplog.at_level(logging.WARNING):
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            for number in range(3):
                store.put([number] * 20, 0, b"x")
                place.clock.advance(700)
                store.settle(0.05)
        assert [record.getMessage() for record in caplog.records] == [
            "a conversation could not be kept on disk: No space left on device"
        ]
        assert len(_restored(store, [1] * 20)) == 1
        place.clock.advance(700)
        store.put(_TEXT, 0, b"x")
        assert store.settle(_DEADLINE_S)
        assert len(place.files) == 4, "and everything is written as soon as there is room again"


def test_a_second_engine_runs_without_files_and_says_so(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.store() as store:
        store.put(_TEXT, 0, b"x")
        assert store.settle(_DEADLINE_S)
        with caplog.at_level(logging.WARNING), place.store() as second:
            assert "in use by another engine" in second.problem
            assert "in use by another engine" in caplog.text
            assert second.longest([*_TEXT, 7]) is None
            second.put(_TEXT, 0, b"y")
            assert _restored(second, _TEXT) == [(0, 100, b"y")]
        assert _restored(store, _TEXT) == [(0, 100, b"x")]
    assert len(place.files) == 1
    with place.store() as store:
        assert _restored(store, _TEXT) == [(0, 100, b"x")]


def test_a_model_file_that_went_away_leaves_memory_only(place: Place) -> None:
    place.model.unlink()
    with place.store() as store:
        assert "cannot be read" in store.problem
        store.put(_TEXT, 0, b"x")
        assert _restored(store, _TEXT) == [(0, 100, b"x")]


def test_evicted_from_memory_it_is_still_in_its_file(place: Place) -> None:
    with place.store(ram=1000) as store:
        for number in range(5):
            store.put([number] * 20, 0, bytes(300))
            assert store.settle(_DEADLINE_S)
        assert store.info().ram_bytes <= 1000
        for number in range(5):
            assert len(_restored(store, [number] * 20)) == 1
            assert store.info().ram_bytes <= 1000
        assert store.info().disk_bytes == sum(path.stat().st_size for path in place.files)


def test_evicted_from_the_disk_it_is_a_miss_once_memory_lost_it_too(place: Place) -> None:
    with place.store(disk=1000) as store:
        for number in range(5):
            store.put([number] * 20, 0, bytes(300))
            assert store.settle(_DEADLINE_S)
        assert len(place.files) == 2
        assert len(_restored(store, [0] * 20)) == 1
        store.set_ram_budget(0)
        assert [len(_restored(store, [number] * 20)) for number in range(5)] == [0, 0, 0, 1, 1]
        assert store.info().rejected == 0


def test_something_too_large_for_the_files_is_told_once_and_stays_in_memory(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), place.store(disk=100) as store:
        for number in range(3):
            store.put([number] * 20, 0, bytes(300))
            assert store.settle(_DEADLINE_S)
            assert len(_restored(store, [number] * 20)) == 1
    assert len(caplog.records) == 1


def test_a_file_that_is_evicted_while_it_is_read_leaves_nothing_without_an_entry(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.store() as store:
        store.put(_TEXT, 0, b"state")
        assert store.settle(_DEADLINE_S)
    with place.store() as store:
        shelf, plain = store._shelf, Disk.read

        def read(disk: Disk, name: str) -> object:
            opened = plain(disk, name)
            with shelf.lock:  # as the writer does when it needs the room
                shelf.entries[name].on_disk = False
                shelf.settle([name])
            return opened

        monkeypatch.setattr(Disk, "read", read)
        assert _restored(store, _TEXT) == [(0, 100, b"state")]
        assert set(shelf.ram.names()) <= set(shelf.entries)
        store.put([9] * 20, 0, b"other")
        assert store.settle(_DEADLINE_S), "the writer lives"
