"""The file that the tuner leaves: a profile that the engine reads, with what it holds for and what was measured."""

from __future__ import annotations

from pathlib import Path

import msgspec

from appliance.engine.profile import EngineProfile, ProfileError, checked
from appliance.engine.tuning.hardware import Hardware, ModelShape
from appliance.foundation.atomicfile import write_atomic

FORMAT = 1
_MAX_BYTES = 64 * 1024  # as much as the engine reads of a profile
_FIELDS = EngineProfile.__struct_fields__


class Row(msgspec.Struct, frozen=True):
    """One option that was measured. Rates in tokens a second and `step_ms` where they were measured, else 0.

    `ratio`: its time over that of what it was compared with, the median of `pairs` pairs; 0 without a comparison.
    """

    axis: str
    option: str
    read: float = 0.0
    write: float = 0.0
    step_ms: float = 0.0
    ratio: float = 0.0
    pairs: int = 0
    chosen: bool = False
    note: str = ""


class Gain(msgspec.Struct, frozen=True):
    """How many times as fast as with the defaults prompts are read and answers written; 1 is no gain, 0 unknown."""

    read: float = 0.0
    write: float = 0.0


class Tuning(EngineProfile, frozen=True, kw_only=True):
    """A profile and its origin. Not `complete`: the tuner was interrupted after the axes in `settled`.

    `busy`: others used the box so much that nothing could be judged; the profile is then the defaults.
    """

    hardware: Hardware
    model: ModelShape
    at_ms: int = 0
    seconds: float = 0.0
    complete: bool = False
    busy: bool = False
    settled: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    gain: Gain = Gain()
    advice: str = ""
    format: int = FORMAT

    @property
    def profile(self) -> EngineProfile:
        """The part that the engine reads."""
        return EngineProfile(**{name: getattr(self, name) for name in _FIELDS})

    def holds_for(self, hardware: Hardware, model: ModelShape) -> bool:
        """Tell whether it was measured on such a box, with this build and such a file, whatever its name."""
        same = (self.model.size_bytes, self.model.head) == (model.size_bytes, model.head)
        return self.format == FORMAT and same and self.hardware == hardware


def read_tuning(path: Path) -> Tuning | None:
    """Return what a file holds; None where there is none or it cannot be used."""
    try:
        with path.open("rb") as file:
            tuning = msgspec.json.decode(file.read(_MAX_BYTES + 1), type=Tuning)
        checked(tuning.profile)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, ProfileError):
        return None
    return tuning


def write_tuning(path: Path, tuning: Tuning) -> None:
    """Replace the file. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, msgspec.json.format(msgspec.json.encode(tuning)) + b"\n")


def partial_of(path: Path) -> Path:
    """Return where the state of an interrupted tuning is kept, beside its result."""
    return path.with_name(f"{path.name}.partial")
