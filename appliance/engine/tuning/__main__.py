"""Tune one model: `python -m appliance.engine.tuning --model GGUF --out FILE --seconds 60`.

Runs in the engine's environment. Prints one line of JSON per axis that is settled. SIGTERM ends it at once; what was
settled is kept beside FILE and the next call goes on from there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.engine.models.gguf import read_header
from appliance.engine.profile import EngineProfile
from appliance.engine.threads import LoadReader, allowed_cores
from appliance.engine.tuning.decide import STEP_BOUND_S, memory_is_short
from appliance.engine.tuning.hardware import Hardware, ModelShape, read_hardware, read_shape
from appliance.engine.tuning.record import Tuning, partial_of, read_tuning, write_tuning
from appliance.engine.tuning.search import AXES, Facts, Findings, Search, beginning
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.host.pressure import MemoryReader

if TYPE_CHECKING:
    from appliance.engine.native.context import AbortFlag
    from appliance.engine.native.model import Model

EXIT_STOPPED = 75  # EX_TEMPFAIL of sysexits.h: the next call goes on
EXIT_CANNOT_LOAD = 66
_NICENESS = 10
_OOM_SCORE = "800"  # before the engine and long before the gateway
_CONVERSATION = 4096  # tokens
_QUANTS = {2: "Q4_0", 7: "Q8_0", 14: "Q4_K_S", 15: "Q4_K_M"}  # general.file_type of the usual files


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is tuned, for what, until when."""

    out: Path
    hardware: Hardware
    shape: ModelShape
    clock: SystemClock
    began: float
    before: float  # seconds that earlier calls used

    def write(self, found: Findings, *, complete: bool) -> None:
        """Keep what was found; of a box too busy to judge only the defaults."""
        busy = complete and found.busy
        chosen = EngineProfile() if busy else found.profile
        at_ms = self.clock.now_ms()
        seconds = round(self.before + self.clock.monotonic() - self.began, 1)
        name = "defaults: the box was too busy to be tuned" if busy else f"tuned {_day(at_ms)}"
        tuning = Tuning(
            **msgspec.structs.asdict(msgspec.structs.replace(chosen, name=name)),
            hardware=self.hardware, model=self.shape, at_ms=at_ms, seconds=seconds, complete=complete, busy=busy,
            settled=tuple(found.settled), unsure=tuple(found.unsure), rows=tuple(found.rows), gain=found.gain,
            advice=found.advice,
        )  # fmt: skip
        write_tuning(self.out if complete else partial_of(self.out), tuning)


class _Stop:
    """Passes a signal on to native code, also one that came before that was loaded."""

    def __init__(self) -> None:
        self._abort: AbortFlag | None = None
        self._asked = False

    def tell(self, abort: AbortFlag) -> None:
        self._abort = abort
        if self._asked:
            abort.set()

    def set(self, _number: int, _frame: object) -> None:
        self._asked = True
        if self._abort is not None:
            self._abort.set()


def main(arguments: list[str] | None = None) -> int:
    """Tune and write the result; return the exit status."""
    options = _options().parse_args(arguments)
    _be_humble()
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop.set)
    ended: list[int] = []
    # a thread: signals are handled in the main one, and only while it is not inside native code
    thread = threading.Thread(target=lambda: ended.append(_ended(options, stop)), name="tuner")
    thread.start()
    thread.join()
    return ended[0] if ended else EXIT_CANNOT_LOAD


def _ended(options: argparse.Namespace, stop: _Stop) -> int:
    try:
        return _tune(options, stop)
    except (ApplianceError, ImportError, OSError) as error:
        print(f"tuner: {error}", file=sys.stderr)
        return EXIT_STOPPED if getattr(error, "code", "") == "tuning_stopped" else EXIT_CANNOT_LOAD


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="appliance.engine.tuning", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--out", type=Path, required=True, help="profile to write")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long, beside loading the model")
    parser.add_argument("--step-ms", type=float, default=STEP_BOUND_S * 1000, help="longest step beside answers")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where /proc is")
    return parser


def _be_humble() -> None:
    with contextlib.suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, 0) < _NICENESS:
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def _tune(options: argparse.Namespace, stop: _Stop) -> int:
    from appliance.engine.native.context import AbortFlag
    from appliance.engine.native.library import NativeError
    from appliance.engine.native.model import Model

    abort = AbortFlag()
    stop.tell(abort)
    clock = SystemClock()
    libraries = os.environ.get("LLAMA_CPP_LIB_PATH")
    hardware = read_hardware(Path(libraries) if libraries else None, root=options.root)
    shape = read_shape(options.model)
    header = read_header(options.model)
    memory = MemoryReader(options.root).read()
    model = Model(options.model)
    if not model.generates:
        raise NativeError(f"{options.model.name} only makes vectors: there is nothing to tune")
    found, before = _resumed(options.out, hardware, shape)
    subject = _Subject(options.out, hardware, shape, clock, clock.monotonic(), before)
    facts = Facts(
        cores=hardware.cores,
        memory_short=memory_is_short(memory.available, _state_bytes(model)),
        quantisation=_QUANTS.get(header.file_type or -1, ""),
        step_bound_s=options.step_ms / 1000,
    )
    _say(found, 0)
    return _search(model, facts, subject, found, abort, options)


def _search(
    model: Model, facts: Facts, subject: _Subject, found: Findings, abort: AbortFlag, options: argparse.Namespace
) -> int:
    from appliance.engine.tuning.bench import NativeBench

    bench = NativeBench(model, subject.clock, abort, LoadReader(allowed_cores(), options.root), facts.cores)

    def settled(found: Findings) -> None:
        subject.write(found, complete=False)
        _say(found, len(found.settled))

    try:
        Search(bench, facts, subject.clock, found, settled).run(subject.began + options.seconds)
    finally:
        bench.close()
        model.close()
    subject.write(found, complete=True)
    with contextlib.suppress(FileNotFoundError):
        partial_of(subject.out).unlink()
    return 0


def _resumed(out: Path, hardware: Hardware, shape: ModelShape) -> tuple[Findings, float]:
    """Return what an interrupted call found on this box, else the beginning."""
    partial = read_tuning(partial_of(out))
    if partial is None or not partial.holds_for(hardware, shape):
        return Findings(beginning(hardware.cores)), 0.0
    found = Findings(
        msgspec.structs.replace(partial.profile, name=""),
        list(partial.rows),
        list(partial.settled),
        list(partial.unsure),
    )
    found.advice = partial.advice
    return found, partial.seconds


def _state_bytes(model: Model) -> int:
    from appliance.engine.native.facts import facts_of

    facts = facts_of(model, EngineProfile())
    return _CONVERSATION * facts.layers * (facts.width_k + facts.width_v) * 2


def _say(found: Findings, done: int) -> None:
    doing = next((axis for axis in AXES if axis not in found.settled), "")
    print(msgspec.json.encode({"done": done, "of": len(AXES), "doing": doing}).decode(), flush=True)


def _day(at_ms: int) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).date().isoformat()


if __name__ == "__main__":
    sys.exit(main())
