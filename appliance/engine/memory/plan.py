"""What fits: how many cells and how many bytes of stored states a box can carry without swapping."""

from __future__ import annotations

import enum
from dataclasses import dataclass

_MIB = 1 << 20

FLOOR_CELLS = 2048  # one conversation of this length always fits, whatever the box says
STEP_CELLS = 256  # llama.cpp rounds up to it
DEFAULT_WINDOW = 8192  # a prompt has about a thousand tokens; twice this is kept for conversations side by side
_MIN_RESERVE = 128 * _MIB  # left to everything else
_MAX_RESERVE = 1024 * _MIB
_RESERVE_SHARE = 1 / 16
_OVERHEAD_BYTES = 160 * _MIB  # buffers of the computation and the process itself: 120 MiB measured at 2,048 cells
_FIRST_SHARE = 1 / 3  # of what is free at the start, for cells: the rest is for states, pages of files, other programs
_ANSWER_CELLS = 512  # beside what running requests hold, so that they can be finished
_BLOB_SHARE = 1 / 4  # of what cells and stored states may take together


# Bytes of one number: blocks of 32 with a scale (and a minimum) of 16 bits each.
_TYPE_BYTES = {
    "f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q5_1": 24 / 32, "q5_0": 22 / 32, "q4_1": 20 / 32,
    "q4_0": 18 / 32, "iq4_nl": 18 / 32,
}  # fmt: skip


class Level(enum.StrEnum):
    """How much memory is left; the text goes over the wire."""

    AMPLE = "ample"
    TIGHT = "tight"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model needs. `cell_bytes`: keys and values of one token; `weights`: bytes of the mapped file.

    `window` and `cells` are the most that is wanted, `blobs` the most bytes of stored states in memory.
    """

    cell_bytes: int
    weights: int
    window: int
    cells: int
    blobs: int

    @property
    def floor(self) -> int:
        """The cells below which nothing goes."""
        return min(FLOOR_CELLS, self.cells)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the engine holds: `cells`, `busy` of them by running requests, and `blobs` bytes of stored states."""

    cells: int
    busy: int = 0
    blobs: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """What the engine should hold. The window of one request is never longer than `cells`."""

    level: Level
    window: int
    cells: int
    blobs: int


def cell_bytes(layers: int, width_k: int, width_v: int, type_k: str = "f16", type_v: str = "f16") -> int:
    """Return the bytes of keys and values of one token. Widths: numbers per layer; types: names of ggml."""
    per_layer = width_k * _TYPE_BYTES.get(type_k, 2.0) + width_v * _TYPE_BYTES.get(type_v, 2.0)
    return max(1, round(layers * per_layer))


def wanted(*, trained: int, window: int = 0, cells: int = 0) -> tuple[int, int]:
    """Return the most tokens of one request and of all; 0 stands for a default, `trained` bounds the window."""
    longest = min(window or DEFAULT_WINDOW, trained or DEFAULT_WINDOW)
    return longest, max(cells or (longest if window else 2 * longest), longest)


def reserve(total: int) -> int:
    """Return the bytes that stay untouched on a box with `total`."""
    return int(min(max(total * _RESERVE_SHARE, _MIN_RESERVE), _MAX_RESERVE))


def headroom(available: int, total: int, shape: Shape) -> int:
    """Return what could still be taken with the weights kept in memory and the reserve kept free; below 0: too much."""
    return available - shape.weights - reserve(total)


def first_target(available: int, total: int, shape: Shape) -> Target:
    """Return the target of an engine that has not loaded its model yet; unknown memory (0) gives what is wanted."""
    if not total:
        return Target(Level.AMPLE, min(shape.window, shape.cells), shape.cells, shape.blobs)
    free = max(0, headroom(available, total, shape) - _OVERHEAD_BYTES)
    cells = min(shape.cells, _rounded(int(free * _FIRST_SHARE) // max(shape.cell_bytes, 1)))
    # a box that holds the floor only by giving up more of its free memory than a third may do so
    cells = max(cells, shape.floor)
    left = max(0, free - cells * shape.cell_bytes)
    level = Level.AMPLE if cells * shape.cell_bytes <= free else Level.CRITICAL
    return Target(level, min(shape.window, cells), cells, min(shape.blobs, int(free * _BLOB_SHARE), left))


def fitting(level: Level, free: int, usage: Usage, shape: Shape) -> Target:
    """Return what fits at a level with `free` bytes of headroom: never more than that beside what is held already.

    Two things are above that: the floor, and what running requests hold (they would be lost).
    """
    spendable = max(0, free + usage.cells * shape.cell_bytes + usage.blobs)
    share = spendable * _BLOB_SHARE
    if level is Level.TIGHT:
        share /= 2
    elif level is Level.CRITICAL:  # what it takes to carry the running requests over to a smaller context
        share = min(share, usage.busy * shape.cell_bytes)
    blobs = min(int(share), shape.blobs)
    most = (spendable - blobs) // max(shape.cell_bytes, 1)
    if level is not Level.AMPLE:
        most = min(most, usage.cells)
    if level is Level.CRITICAL:
        most = min(most, usage.cells // 2)
    elif free >= 0:  # stored states do not push out cells that fit
        most = max(most, usage.cells)
    cells = max(shape.floor, _kept(spendable, usage, shape), min(shape.cells, _rounded(most)))
    left = max(0, spendable - cells * shape.cell_bytes)
    return Target(level, min(shape.window, cells), cells, min(blobs, left))


def _kept(spendable: int, usage: Usage, shape: Shape) -> int:
    """Return the cells that running requests need to go on: what they hold in any case, room to grow where it fits."""
    if not usage.busy:
        return 0
    needed = -(-(usage.busy + _ANSWER_CELLS) // STEP_CELLS) * STEP_CELLS
    if needed > usage.cells and needed * shape.cell_bytes > spendable:
        return usage.cells
    return min(needed, max(shape.cells, usage.cells))


def _rounded(cells: int) -> int:
    return cells // STEP_CELLS * STEP_CELLS
