"""Cells and stored states follow memory: fast down, slow up, never into swap, never below one conversation."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.memory.follower import MemoryFollower
from appliance.engine.memory.levels import LevelTrack
from appliance.engine.memory.plan import (
    DEFAULT_WINDOW,
    FLOOR_CELLS,
    Level,
    Shape,
    Usage,
    cell_bytes,
    first_target,
    fitting,
    headroom,
    reserve,
    wanted,
)
from appliance.engine.memory.policy import MemoryPolicy
from appliance.host.pressure import MemoryReader, Reading

_MIB = 1 << 20
_GIB = 1 << 30
_CELL = 32 * 1024  # a 1B model
_SHAPE = Shape(cell_bytes=_CELL, weights=800 * _MIB, window=8192, cells=16384, blobs=256 * _MIB)
_TOTAL = 4 * _GIB
_RESERVE = reserve(_TOTAL)


def _reading(free: int, **signs: float) -> Reading:
    """A box with `free` bytes beside weights and reserve."""
    return dataclasses.replace(Reading(_TOTAL, free + _SHAPE.weights + _RESERVE), **signs)


# ---- what fits


def test_defaults_are_bounded_by_the_model_and_by_what_was_asked_for() -> None:
    assert wanted(trained=131_072) == (DEFAULT_WINDOW, 2 * DEFAULT_WINDOW)
    assert wanted(trained=2048) == (2048, 4096)
    assert wanted(trained=131_072, window=512) == (512, 512)
    assert wanted(trained=131_072, window=512, cells=4096) == (512, 4096)
    assert wanted(trained=0, cells=100) == (DEFAULT_WINDOW, DEFAULT_WINDOW)


def test_a_token_costs_what_was_measured_of_published_shapes() -> None:
    assert cell_bytes(24, 128, 128) == 12_288  # Qwen2.5-0.5B: 12.3 kB a token
    assert cell_bytes(28, 1024, 1024) == 114_688  # Qwen3-0.6B
    assert cell_bytes(16, 512, 512) == 32_768  # Llama-3.2-1B
    assert cell_bytes(24, 128, 128, "q8_0", "q8_0") == 6528
    assert cell_bytes(0, 0, 0) == 1


def test_a_large_box_starts_with_all_that_is_wanted() -> None:
    target = first_target(20 * _GIB, 24 * _GIB, _SHAPE)
    assert (target.level, target.window, target.cells, target.blobs) == (Level.AMPLE, 8192, 16384, 256 * _MIB)


def test_a_small_box_starts_with_a_third_of_what_is_free() -> None:
    target = first_target(2 * _GIB, _TOTAL, _SHAPE)
    free = 2 * _GIB - 800 * _MIB - _RESERVE
    assert FLOOR_CELLS < target.cells < 16384
    assert target.cells * _CELL <= free / 3
    assert target.cells % 256 == 0
    assert target.window == min(8192, target.cells)
    assert target.blobs <= free / 4


def test_a_box_that_is_too_small_still_gets_the_floor_and_is_called_critical() -> None:
    target = first_target(600 * _MIB, _GIB, _SHAPE)
    assert (target.level, target.window, target.cells, target.blobs) == (Level.CRITICAL, 2048, 2048, 0)


def test_where_memory_cannot_be_read_what_is_wanted_is_taken() -> None:
    assert first_target(0, 0, _SHAPE).cells == _SHAPE.cells


_shapes = st.builds(
    Shape,
    cell_bytes=st.integers(1, 1 << 18),
    weights=st.integers(0, 8 * _GIB),
    window=st.integers(1, 1 << 16),
    cells=st.integers(1, 1 << 17),
    blobs=st.integers(0, _GIB),
)
_usages = st.builds(Usage, cells=st.integers(256, 1 << 17), busy=st.integers(0, 4096), blobs=st.integers(0, 2 * _GIB))


@settings(max_examples=500, deadline=None)
@given(shape=_shapes, available=st.integers(0, 64 * _GIB), spare=st.integers(0, 64 * _GIB))
def test_the_first_target_never_takes_more_than_there_is(shape: Shape, available: int, spare: int) -> None:
    total = available + spare
    target = first_target(available, total, shape)
    assert min(shape.cells, FLOOR_CELLS) <= target.cells <= shape.cells
    assert 0 < target.window <= target.cells
    assert 0 <= target.blobs <= shape.blobs
    if total and target.cells > shape.floor:
        assert target.cells * shape.cell_bytes + target.blobs <= headroom(available, total, shape)


@settings(max_examples=800, deadline=None)
@given(
    level=st.sampled_from(Level),
    shape=_shapes,
    usage=_usages,
    free=st.integers(-16 * _GIB, 64 * _GIB),
)
def test_no_target_makes_the_box_swap_and_none_is_below_one_conversation(
    level: Level, shape: Shape, usage: Usage, free: int
) -> None:
    target = fitting(level, free, usage, shape)
    held = usage.cells * shape.cell_bytes + usage.blobs
    assert target.cells >= shape.floor
    assert target.cells >= min(usage.busy, usage.cells), "running requests keep what they hold"
    assert 0 < target.window <= target.cells
    assert 0 <= target.blobs <= shape.blobs
    least = max(shape.floor, usage.busy + 512 + 256)
    if target.cells > least or target.blobs:
        assert target.cells * shape.cell_bytes + target.blobs <= max(0, free + held)
    if level is not Level.AMPLE:
        assert target.cells <= max(usage.cells, least), "nothing grows while memory is short"


# ---- levels


def _levels(*signs: Reading, period: float = 5.0) -> list[str]:
    track = LevelTrack(_SHAPE)
    return [track.take(reading, index * period).value for index, reading in enumerate(signs)]


@pytest.mark.parametrize(
    ("signs", "level"),
    [
        ({}, "ample"),
        ({"psi_some10": 9.9}, "ample"),
        ({"psi_some10": 10.0}, "tight"),
        ({"psi_full10": 2.0}, "tight"),
        ({"psi_full10": 9.9}, "tight"),
        ({"psi_full10": 10.0}, "critical"),
    ],
)
def test_waiting_for_memory_makes_the_level(signs: dict[str, float], level: str) -> None:
    assert _levels(_reading(_GIB, **signs)) == [level]


def test_room_makes_the_level() -> None:
    assert _levels(_reading(0)) == ["ample"]
    assert _levels(_reading(-1)) == ["tight"]
    assert _levels(_reading(-_RESERVE // 2)) == ["tight"]
    assert _levels(_reading(-_RESERVE // 2 - 1)) == ["critical"]


def test_swapping_makes_the_level_by_its_rate() -> None:
    rates = [0, 200 * 1024, 256 * 1024, 5 * _MIB]
    swapped, readings = 0, []
    for rate in rates:
        swapped += rate * 5
        readings.append(_reading(_GIB, swapped_out=swapped))
    assert _levels(*readings) == ["ample", "ample", "tight", "critical"]
    assert _levels(_reading(_GIB, swapped_out=_GIB)) == ["ample"], "what was swapped before is history"


def test_a_level_is_left_slowly_and_one_at_a_time() -> None:
    calm, bad = _reading(_GIB), _reading(_GIB, psi_full10=50.0)
    levels = _levels(bad, *[calm] * 30)
    assert levels[:5] == ["critical"] * 5
    assert levels[5:7] == ["tight"] * 2
    assert levels.index("ample") == 1 + 4 + 1 + 12
    assert "critical" not in levels[6:]


def test_readings_around_a_limit_do_not_make_the_level_flap() -> None:
    readings = [_reading(_GIB, psi_some10=10.5 if index % 2 else 9.5) for index in range(200)]
    levels = _levels(*readings)
    assert levels[1:] == ["tight"] * 199


# ---- what is done about it


def test_cells_shrink_at_once_and_grow_again_after_a_pause() -> None:
    policy = MemoryPolicy(_SHAPE)
    usage = Usage(16384)
    now, history = 0.0, []
    for free in [_GIB, *[-300 * _MIB] * 4, *[_GIB] * 60]:
        target = policy.take(_reading(free), usage, now)
        history.append((now, target.cells))
        usage = Usage(target.cells)
        now += 5.0
    shrunk = [at for at, cells in history if cells < 16384]
    assert shrunk[0] == 5.0
    assert min(cells for _, cells in history) == 2048
    grown = next(at for at, cells in history if at > 25.0 and cells > 2048)
    assert grown >= 25.0 + 60.0
    assert history[-1][1] == 16384


def test_a_change_that_is_hardly_worth_it_is_not_made() -> None:
    spend = 4096 * _CELL
    for share in (-0.05, 0.0, 0.1, 0.24):
        policy = MemoryPolicy(dataclasses.replace(_SHAPE, blobs=0))
        for step in range(100):
            assert policy.take(_reading(int(spend * share)), Usage(4096), step * 5.0).cells == 4096


def test_a_running_request_gets_room_even_while_memory_is_tight_as_long_as_it_fits() -> None:
    policy = MemoryPolicy(_SHAPE)
    tight = _reading(200 * _MIB, psi_some10=50.0)
    assert policy.take(tight, Usage(2048, 1700), 0.0).cells == 2048, "there is room yet"
    assert policy.take(tight, Usage(2048, 1900), 5.0).cells == 2560
    none = _reading(-10 * _MIB)
    assert MemoryPolicy(_SHAPE).take(none, Usage(2048, 1900), 0.0).cells == 2048, "not into swap"


def test_growing_that_did_not_work_is_not_tried_again_for_a_quarter_of_an_hour() -> None:
    policy = MemoryPolicy(_SHAPE)
    tries = [step * 5.0 for step in range(400) if policy.take(_reading(_GIB), Usage(4096), step * 5.0).cells != 4096]
    assert tries[0] == 0.0
    assert tries[1] >= 900.0
    assert len(tries) == 2 or tries[2] - tries[1] >= 900.0


def test_nothing_is_changed_where_nothing_can_be_read() -> None:
    policy = MemoryPolicy(_SHAPE)
    target = policy.take(Reading(0, 0), Usage(4096), 0.0)
    assert (target.level, target.cells, target.blobs) == (Level.AMPLE, 4096, 256 * _MIB)


@settings(max_examples=100, deadline=None)
@given(
    frees=st.lists(st.integers(-2 * _GIB, 2 * _GIB), min_size=1, max_size=80),
    busy=st.integers(0, 3000),
)
def test_whatever_memory_does_changes_are_rare_and_within_bounds(frees: list[int], busy: int) -> None:
    policy, usage, changed = MemoryPolicy(_SHAPE), Usage(8192, busy), []
    for step, free in enumerate(frees):
        target = policy.take(_reading(free), usage, step * 5.0)
        assert FLOOR_CELLS <= target.cells <= _SHAPE.cells
        if target.cells != usage.cells:
            changed.append((step * 5.0, target.cells > usage.cells))
        usage = Usage(target.cells, busy)
    for (before, _), (after, grows) in itertools.pairwise(changed):
        assert after - before >= (120.0 if grows and busy < 1500 else 10.0)


# ---- the follower


@dataclass
class _Engine:
    cells: int = 8192
    busy: int = 0
    budget: int = 0
    resized: list[int] = field(default_factory=list)

    def usage(self) -> Usage:
        return Usage(self.cells, self.busy)

    def resize(self, cells: int) -> None:
        self.resized.append(cells)
        self.cells = cells

    def set_ram_budget(self, size: int) -> None:
        self.budget = size


def test_the_follower_obeys_a_group_whose_limit_is_lowered_and_raised(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup"
    for path, text in (
        (tmp_path / "proc/meminfo", f"MemTotal: {8 * _MIB} kB\nMemAvailable: {6 * _MIB} kB\n"),
        (tmp_path / "proc/self/cgroup", "0::/\n"),
        (group / "memory.max", "max\n"),
        (group / "memory.current", f"{900 * _MIB}\n"),
        (group / "memory.stat", f"active_file {800 * _MIB}\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    engine = _Engine(busy=3000)
    follower = MemoryFollower(MemoryReader(tmp_path).read, _SHAPE, engine)
    now, levels = 0.0, set()

    def poll(seconds: float) -> None:
        nonlocal now
        end = now + seconds
        while now < end:
            levels.add(follower.poll(now).level)
            (group / "memory.current").write_text(f"{(900 * _MIB) + (engine.cells - 8192) * _CELL}\n")
            now += 5.0

    poll(10)
    assert (follower.level, engine.resized, engine.budget) == ("ample", [16384], 256 * _MIB)
    (group / "memory.max").write_text(f"{1000 * _MIB}\n")
    poll(10)
    assert follower.level == "critical"
    assert engine.cells == 5376, "what fits beside weights and reserve"
    assert engine.budget <= 3000 * _CELL
    (group / "memory.max").write_text(f"{800 * _MIB}\n")
    poll(60)
    assert engine.cells == 3584, "what is running is kept"
    engine.busy = 0
    poll(60)
    assert engine.cells == 2048
    (group / "memory.max").write_text(f"{4000 * _MIB}\n")
    poll(300)
    assert follower.level == "ample"
    assert engine.cells == 16384
    assert engine.resized == [16384, 5376, 3584, 2048, 16384]
    assert levels == set(Level)
