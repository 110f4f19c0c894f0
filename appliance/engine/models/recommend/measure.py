"""Measure this box with the engine's own kernels: `python -m appliance.engine.models.recommend.measure`.

One transformer layer of 2048 columns per quantisation, random weights, made on the spot: about 25 and 45 MB, two to
three seconds in all. Prints the measurement as one line of JSON. Needs numpy, gguf and llama.cpp (.venv-engine).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from appliance.engine.models.recommend.box import Measurement, Speed
from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.model import Model
from appliance.engine.profile import EngineProfile, ProfileError, read_profile
from appliance.engine.tuning.layer import LayerShape, matrix_facts, write_layer
from appliance.foundation.clock import SystemClock

_CLOCK = SystemClock()
_SHAPE = LayerShape(2048, 8192)
_PROMPT = 128  # tokens of a chunk, as the engine reads a prompt when nobody else asks
_PHASE_S = 0.35  # per quantisation, once for reading and once for writing
_LEAST_ROUNDS = 2
_KINDS = ("Q4_K_M", "Q8_0")  # names of the catalogue


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    cores = os.cpu_count() or 1
    parser.add_argument("--threads", type=int, default=0, help="threads of the engine; by default as it chooses them")
    parser.add_argument("--profile", type=Path, help="JSON file of the tuner")
    options = parser.parse_args(arguments)
    profile = _profile(options.profile)
    threads = options.threads or profile.threads or max(1, cores - 1)
    began = _CLOCK.monotonic()
    with tempfile.TemporaryDirectory(prefix="homarus-measure-") as folder:
        speeds = {name: _speed(Path(folder) / f"{name}.gguf", name, threads, profile) for name in _KINDS}
    took = _CLOCK.monotonic() - began
    print(msgspec.json.encode(Measurement(cores, threads, speeds, round(took, 2))).decode())
    return 0


def _profile(path: Path | None) -> EngineProfile:
    """Return what the engine would run with; it starts without a profile that it cannot read, and so does this."""
    if path is not None:
        with contextlib.suppress(ProfileError):
            return read_profile(path)
    return EngineProfile()


def _speed(path: Path, kind: str, threads: int, profile: EngineProfile) -> Speed:
    parameters, size = matrix_facts(kind, _SHAPE)
    model = Model(write_layer(path, kind, _SHAPE))
    context = Context(model, cells=512, batch=_PROMPT, sequences=1, threads=threads, outputs=_PROMPT, profile=profile)
    try:
        _step(context, 0, _PROMPT)  # the first pass maps the pages
        reading = _best(lambda: _step(context, 0, _PROMPT))
        writing = _best(lambda: _step(context, _PROMPT, 1))
    finally:
        context.close()
        model.close()
        path.unlink()
    return Speed(prefill=parameters * _PROMPT / reading, decode=size / writing)


def _step(context: Context, start: int, count: int) -> None:
    context.cut(0, start)
    # every token wants logits: of the others the last layer, here the only one, computes next to nothing
    entries = [Entry(1 + index % 200, start + index, 0, True) for index in range(count)]
    if context.decode(entries) is not Outcome.OK:
        raise RuntimeError("the engine cannot decode the model that was made for the measurement")


def _best(work: Callable[[], None]) -> float:
    """Return the shortest time of one round, seconds: neighbours only ever make it longer."""
    ends = _CLOCK.monotonic() + _PHASE_S
    best, rounds = float("inf"), 0
    while rounds < _LEAST_ROUNDS or _CLOCK.monotonic() < ends:
        began = _CLOCK.monotonic()
        work()
        best, rounds = min(best, _CLOCK.monotonic() - began), rounds + 1
    return best


if __name__ == "__main__":
    sys.exit(main())
