"""How the local engine was tuned to this box: ask for it, see where it stands and what was measured."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, Params, Result, Unset


class TuneParams(Params, frozen=True):
    """`seconds`: how long to measure, 60 by default; loading the model comes on top."""

    seconds: Annotated[float, msgspec.Meta(ge=5, le=900)] | None = None


class MeasuredRow(Result, frozen=True):
    """One option. Rates in tokens a second and milliseconds where they were measured.

    `ratio` is its time over that of what held before it, the median of `pairs` pairs; below 1 it is faster.
    """

    axis: str
    option: str
    chosen: bool
    read_rate: float | Unset = UNSET
    write_rate: float | Unset = UNSET
    step_ms: float | Unset = UNSET
    ratio: float | Unset = UNSET
    pairs: int | Unset = UNSET
    note: str | Unset = UNSET


class ProfileRow(Result, frozen=True):
    """What the engine runs with. Threads 0: all cores but one. Chunks and batch in tokens."""

    threads: int
    threads_batch: int
    flash_attention: bool
    type_k: str
    type_v: str
    chunk_alone: int
    chunk_shared: int
    batch: int


class TuningRow(Result, frozen=True):
    """A finished tuning. `busy`: others used the box too much to judge, the profile is the defaults.

    `unsure` names what could not be judged and kept its default. Gains are times as fast as with the defaults, absent
    where they are unknown.
    """

    name: str
    profile: ProfileRow
    at_ms: int
    seconds: float
    busy: bool
    unsure: list[str]
    cpu: str
    cores: int
    memory_mb: int
    measured: list[MeasuredRow]
    gain_read: float | Unset = UNSET
    gain_write: float | Unset = UNSET
    advice: str | Unset = UNSET


class TuneResult(Result, frozen=True):
    """Where a tuning stands. `waiting`: somebody talks. `stops` counts how often it made way for that.

    `tuning` is what holds for the file that answers; absent where it was not tuned on this box with this build.
    """

    state: Literal["none", "waiting", "measuring", "done", "failed"]
    file: str | Unset = UNSET
    doing: str | Unset = UNSET
    done: int = 0
    of: int = 0
    stops: int = 0
    states_kept: bool = True
    error: str | Unset = UNSET
    tuning: TuningRow | Unset = UNSET
