"""One engine inside this process, for what no request can ask for: another size in mid-answer, a state of another box.

`python -m tests.integration.engine.proofs.same_side MODEL COUNT [ENVELOPE]` reads a JSON list of prompts (token ids)
from stdin, answers them all at once with COUNT tokens each and prints `answers` (token ids) and `restored`. The cache
changes its size again and again; with ENVELOPE (a file: 32 bytes of key, then what was handed over) it takes that in
first instead.
"""

from __future__ import annotations

import datetime
import json
import sys
import threading
from pathlib import Path

from appliance.engine import api
from appliance.engine.build import Engine, Options, build
from appliance.engine.cache.handover import KEY_BYTES
from appliance.engine.profile import EngineProfile
from appliance.foundation.clock import SystemClock
from tests.unit.engine.cache.carried import accept

_PROFILE = EngineProfile(type_k="f32", type_v="f32", adaptive=False)
_SIZES = (2048, 3072, 1536, 4096)
_SECONDS = 60.0


class Run:
    """Asks everything at once and stops the engine when all is answered."""

    def __init__(self, engine: Engine, prompts: list[list[int]], *, sizes: list[int]) -> None:
        self._engine = engine
        self._sizes = sizes
        self._left = len(prompts)
        self._tokens = 0
        self.answers: list[list[int]] = [[] for _ in prompts]
        self.restored: list[str] = ["" for _ in prompts]

    def hear(self, number: int, frame: api.Answer) -> None:
        if isinstance(frame, api.Token):
            self.answers[number] += frame.tokens
            self._tokens += 1
            if self._sizes and self._tokens % 15 == 0:
                self._engine.scheduler.resize(self._sizes.pop(0))
        elif isinstance(frame, api.Done | api.Failed):
            self.restored[number] = frame.restored if isinstance(frame, api.Done) else frame.message
            self._left -= 1
            if not self._left:
                self._engine.scheduler.stop()


def main(model: Path, count: int, envelope: Path | None) -> None:
    """Answer what stdin asks."""
    prompts: list[list[int]] = json.load(sys.stdin)
    state = model.with_name(f"side-{model.stem}-{'taken' if envelope else 'sized'}")
    options = Options(
        model,
        window=4096,
        cells=4096,
        threads=1,
        active=8,
        waiting=len(prompts),
        profile=_PROFILE,
        ram_bytes=1 << 28,
        state=state,
    )
    engine = build(options, clock=SystemClock(), today=lambda: datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC))
    sizes = [] if envelope else list(_SIZES)
    run = Run(engine, prompts, sizes=sizes)
    if envelope is not None:
        _take_in(engine, envelope.read_bytes())
    for number, prompt in enumerate(prompts):
        frame = api.Generate(api.Raw([*prompt], add_bos=False), count, 0, logprobs=True, watch=False)
        engine.scheduler.submit(frame, lambda answer, number=number: run.hear(number, answer))  # type: ignore[misc]
    timer = threading.Timer(_SECONDS, engine.scheduler.stop)
    timer.daemon = True
    timer.start()
    engine.scheduler.run()
    timer.cancel()
    engine.close()
    print(json.dumps({"answers": run.answers, "restored": run.restored, "sizes": sizes}))


def _take_in(engine: Engine, data: bytes) -> None:
    serving = engine.scheduler._serving  # what comes over the wire is proved elsewhere; here only the text counts
    assert serving is not None
    store = serving.keeper.store
    assert store is not None
    assert store.settle(_SECONDS)
    taken = accept(store, data[KEY_BYTES:], data[:KEY_BYTES])
    assert isinstance(taken, int), taken


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
