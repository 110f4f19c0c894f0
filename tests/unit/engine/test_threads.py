"""Threads follow what the others on the box need."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.threads import LoadReader, Sample, ThreadChooser, Threads

_STAT = """cpu  400 0 40 4000 10 0 0 0 0 0
cpu0 100 10 20 1000 5 1 2 3 0 0
cpu1 200 0 10 2000 5 0 0 0 0 0
cpu10 900 0 0 0 0 0 0 0 0 0
intr 1 2 3
"""
_SELF = "42 (a name) with ) S 1 42 42 0 -1 0 0 0 0 0 70 30 0 0 39 19 1 0 5 0 0"


def _box(root: Path, stat: str = _STAT, own: str = _SELF) -> Path:
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/stat").write_text(stat)
    (root / "proc/self/stat").write_text(own)
    return root


def test_only_our_cores_count(tmp_path: Path) -> None:
    reader = LoadReader(frozenset({0}), _box(tmp_path))
    assert reader.read() == Sample(total=1141, busy=136, own=100)
    both = LoadReader(frozenset({0, 1}), tmp_path).read()
    assert both == Sample(total=1141 + 2215, busy=136 + 210, own=100)


@pytest.mark.parametrize(("stat", "own"), [("", _SELF), ("cpu0 x\n", _SELF), (_STAT, ""), (_STAT, "1 (a) S 1")])
def test_files_that_say_nothing_are_no_sample(tmp_path: Path, stat: str, own: str) -> None:
    sample = LoadReader(frozenset({0}), _box(tmp_path, stat, own)).read()
    assert sample is None or sample.total == 0


def test_a_box_without_these_files_is_no_sample(tmp_path: Path) -> None:
    assert LoadReader(frozenset({0}), tmp_path).read() is None


class _Box:
    """Four cores; each look is half a second (50 ticks a core) of what others and we use, in cores."""

    def __init__(self, cores: int, most: int) -> None:
        self.cores = cores
        self.chooser = ThreadChooser(cores, most)
        self.now = Sample(0, 0, 0)
        self.chooser.choose(self.now)

    def look(self, others: float, own: float = 0.0, seconds: float = 0.5) -> int:
        ticks = seconds * 100
        self.now = Sample(
            self.now.total + int(ticks * self.cores),
            self.now.busy + int(ticks * (others + own)),
            self.now.own + int(ticks * own),
        )
        return self.chooser.choose(self.now)


def test_all_that_may_be_are_used_on_a_quiet_box() -> None:
    box = _Box(4, 3)
    assert [box.look(0.2, own=3) for _ in range(5)] == [3] * 5


@pytest.mark.parametrize(("others", "threads"), [(0.4, 4), (0.5, 3), (1.4, 3), (1.5, 2), (2.5, 1), (4.0, 1)])
def test_a_busy_neighbour_costs_a_thread_at_once(others: float, threads: int) -> None:
    assert _Box(4, 4).look(others, own=4 - others) == threads


def test_two_busy_cores_leave_one_thread() -> None:
    assert _Box(2, 2).look(2.0) == 1


def test_threads_come_back_one_by_one_after_a_calm_while() -> None:
    box = _Box(4, 4)
    assert box.look(3.0) == 1
    assert [box.look(0.0, own=1) for _ in range(12)] == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4]


def test_a_short_calm_brings_nothing_back() -> None:
    box = _Box(2, 2)
    assert [box.look(others) for others in (2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0)] == [1] * 8


def test_a_step_that_takes_seconds_because_others_compute_still_says_so() -> None:
    box = _Box(2, 2)
    assert box.look(1.0, seconds=3.5) == 1


def test_the_load_before_a_long_pause_says_nothing() -> None:
    box = _Box(2, 2)
    assert box.look(2.0, seconds=35.0) == 2
    assert box.look(2.0, seconds=3.0) == 1


def test_it_is_looked_at_twice_a_second_and_a_change_is_said(tmp_path: Path) -> None:
    reader = LoadReader(frozenset({0, 1}), _box(tmp_path, "cpu0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0\n"))
    threads = Threads(2, 1, reader=reader, cores=2)
    assert not threads.look(10.0)
    _box(tmp_path, "cpu0 50 0 0 0 0 0 0 0\ncpu1 50 0 0 0 0 0 0 0\n")
    assert not threads.look(10.4)
    assert threads.look(10.5)
    assert (threads.single, threads.batch) == (1, 1)


def test_without_a_reader_the_numbers_stay() -> None:
    threads = Threads(3, 4, reader=None, cores=4)
    assert not threads.look(100.0)
    assert (threads.single, threads.batch) == (3, 4)
