"""What the probes found, one file per model, for whoever asks: the gateway, the advice, the command line."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from appliance.engine.models.probe.scoring import Judged, least_confidence, tools_per_turn
from appliance.engine.models.recommend.box import Rates
from appliance.foundation.atomicfile import write_atomic

_FORMAT = 1
_MAX_BYTES = 256 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ProbeResult(msgspec.Struct, frozen=True, rename="camel"):
    """Of one file by its SHA-256. `tools_per_turn` (3 to 6) and `least_confidence` (0 to 0.9) follow from `judged`.

    `probes` is the version of the questions; `rates` are what the engine measured meanwhile.
    """

    sha256: str
    file: str
    probes: int
    tools_per_turn: int
    least_confidence: float
    judged: tuple[Judged, ...]
    rates: Rates = Rates()
    seconds: float = 0.0
    at_ms: int = 0
    format: int = _FORMAT

    @property
    def calls(self) -> tuple[int, int]:
        """Right ones and all of the probes with tools."""
        return _count([one for one in self.judged if one.tools])

    @property
    def answers(self) -> tuple[int, int]:
        """Right ones and all of the probes without tools."""
        return _count([one for one in self.judged if not one.tools])


def result_of(
    judged: Sequence[Judged], *, sha256: str, file: str, probes: int, rates: Rates, seconds: float, at_ms: int
) -> ProbeResult:
    """Draw the conclusions and return the result."""
    return ProbeResult(
        sha256, file, probes, tools_per_turn(judged), least_confidence(judged), tuple(judged), rates, seconds, at_ms
    )


class ProbeRecords:
    """The results in one folder. Reading never fails: a damaged file is a model that was not probed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, sha256: str) -> ProbeResult | None:
        """Return the result for a file, None without one."""
        if not _SHA256.fullmatch(sha256):
            return None
        return _read(self._folder / f"{sha256}.json", sha256)

    def all(self) -> tuple[ProbeResult, ...]:
        """Return every result."""
        found = [_read(path, path.stem) for path in sorted(self._folder.glob("*.json"))]
        return tuple(one for one in found if one is not None)

    def keep(self, result: ProbeResult) -> None:
        """Store a result in place of the one before. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(self._folder / f"{result.sha256}.json", msgspec.json.encode(result))

    def forget(self, sha256: str) -> None:
        """Delete a result, if there is one."""
        if _SHA256.fullmatch(sha256):
            (self._folder / f"{sha256}.json").unlink(missing_ok=True)


def _read(path: Path, sha256: str) -> ProbeResult | None:
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError), path.open("rb") as file:
        result = msgspec.json.decode(file.read(_MAX_BYTES), type=ProbeResult)
        if result.format == _FORMAT and result.sha256 == sha256:
            return result
    return None


def _count(judged: Sequence[Judged]) -> tuple[int, int]:
    return sum(one.right for one in judged), len(judged)
