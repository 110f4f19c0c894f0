"""One session floods an engine inside this process, always as full as it may be; then persons ask, one after another.

`python -m tests.integration.engine.proofs.fair_side MODEL` prints for each person how many steps the engine took
between question and end, and how many answers of the flood ended meanwhile; and how often the flood was refused.
"""

from __future__ import annotations

import datetime
import json
import sys
import threading
from pathlib import Path

from appliance.engine import api
from appliance.engine.build import Options, build
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import OverloadedError

FLOOD = 200
PERSONS = 10
ACTIVE = 2
TOKENS = 12
_WAITING = 40
_EVERY = 8  # answers of the flood between two persons


def _frame(text: str, key: str) -> api.Generate:
    raw = api.Raw([text], grammar="root ::= [a-z ] root")
    return api.Generate(raw, TOKENS, 0, session_key=key, watch=False, keep=False, speculate=False)


class Crowd:
    """Everything is asked in the engine thread, so that only what the engine does can make somebody wait."""

    def __init__(self, model: Path) -> None:
        options = Options(model, cells=4096, threads=1, active=ACTIVE, waiting=_WAITING)
        today = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
        self.engine = build(options, clock=SystemClock(), today=lambda: today)
        self.asked = self.ended = self.refused = 0
        self.waits: list[tuple[int, int]] = []
        self._persons = 0
        self._last = True

    def fill(self) -> None:
        """Ask as often as the engine lets us, and once more; the last place is left to somebody else."""
        while self.asked < FLOOD:
            counts = self.engine.scheduler.counts
            if counts.active + counts.waiting >= ACTIVE + _WAITING - 1 and self._last:
                return
            try:
                self.engine.scheduler.submit(_frame(f"{self.asked} again", "flood"), self._hear)
                self.asked += 1
            except OverloadedError:
                self.refused += 1
                return

    def overfill(self) -> None:
        """Ask until refused."""
        self._last = False
        self.fill()
        self._last = True

    def _hear(self, frame: api.Answer) -> None:
        if not isinstance(frame, api.Done | api.Failed):
            return
        assert isinstance(frame, api.Done), frame
        self.ended += 1
        if self.ended % _EVERY == 0 and self._persons < PERSONS:
            self._persons += 1
            self._ask()
        self.fill()
        self._rest()

    def _ask(self) -> None:
        stepper = self.engine.scheduler._serving.stepper  # type: ignore[union-attr]  # there is one
        steps, ended = stepper._steps, self.ended

        def hear(frame: api.Answer) -> None:
            if isinstance(frame, api.Done | api.Failed):
                assert isinstance(frame, api.Done), frame
                self.waits.append((stepper._steps - steps, self.ended - ended))
                self._rest()

        self.engine.scheduler.submit(_frame(f"person {self._persons}", f"person{self._persons}"), hear)

    def _rest(self) -> None:
        if self.ended == FLOOD and len(self.waits) == PERSONS:
            self.engine.scheduler.stop()


def main(model: Path) -> None:
    crowd = Crowd(model)
    crowd.overfill()
    timer = threading.Timer(60, crowd.engine.scheduler.stop)
    timer.daemon = True
    timer.start()
    crowd.engine.scheduler.run()
    crowd.engine.close()
    print(json.dumps({"waits": crowd.waits, "ended": crowd.ended, "refused": crowd.refused}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
