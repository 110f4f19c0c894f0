"""What this box learned: its examples, the weights that were fitted to them, and which of the two models is heard.

The files stand in one folder of the state: `ngram-learned.bin` (replaced by rename: a crash leaves the old one) and
`learning.json`, the outcome of the last fit.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.engine.locate import EngineAbsent, EngineHome
from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.supervisor.spawning.base import Order, Place
from appliance.supervisor.spawning.box import BoxSpawner
from appliance.supervisor.spawning.collect import collect
from appliance.understanding import ngram
from appliance.understanding.learning import weights
from appliance.understanding.learning.examples import Example, Examples
from appliance.understanding.learning.fit_job import Job, Outcome, digest
from appliance.understanding.learning.replay import sha256

RECORD = "learning.json"
_PROGRAM = "appliance.understanding.learning"
_TIMEOUT_S = 300.0  # two thousand examples take half a minute on a small board
# threads that wait for one another in small matrices would take the cores from whoever speaks
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_log = logging.getLogger(__name__)


class FitFailedError(ApplianceError):
    """A re-fit could not be made; what was heard before is heard on."""

    code = "learning_failed"


@dataclass(frozen=True, slots=True)
class State:
    """What there is to say about learning. `heard` counts the examples in the weights that are in use, 0: shipped ones.

    `last` is the outcome of the last fit, `last_ms` when it ended; `unable` says why this box cannot fit at all.
    """

    examples: Mapping[str, int]
    heard: int
    last: Outcome | None
    last_ms: int
    unable: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many examples went, by tool; `problem` says why the rest could not be fitted again."""

    removed: Mapping[str, int]
    problem: str = ""


class Learner:
    """Fits, judges and swaps. `take` is told which n-gram model is heard from now on, None: the shipped one."""

    def __init__(
        self,
        examples: Examples,
        *,
        folder: Path,
        shipped: Path,
        home: EngineHome | EngineAbsent,
        environ: Mapping[str, str],
        clock: Clock,
        take: Callable[[ngram.NgramModel | None], None],
    ) -> None:
        self.examples = examples
        self._folder = folder
        self._shipped = shipped
        self._home = home
        self._environ = environ
        self._clock = clock
        self._take = take
        self._lock = asyncio.Lock()  # one fit at a time
        self._forgotten = 0  # counts deletions: a fit that began before one must not bring its examples back
        self._heard = 0
        self._resting = False

    async def resume(self) -> None:
        """Let what was learned before be heard again; fit anew where it belongs to other weights or examples."""
        self._resting = False
        async with self._lock:
            pairs = _pairs(await self.examples.all())
            fits, model, examples = await asyncio.to_thread(self._found, pairs)
            if fits:
                self._hear(model, examples)
                return
            await self.withdraw()
        if pairs and not isinstance(self._home, EngineAbsent):
            await self.fit()

    def rest(self) -> None:
        """Let the shipped weights be heard until `resume`, whatever a fit finds; files and examples stay."""
        self._resting = True
        self._hear(None, 0)

    async def withdraw(self) -> None:
        """Let the shipped weights be heard and delete what was fitted."""
        self._forgotten += 1
        self._hear(None, 0)
        await asyncio.to_thread(self._delete)

    async def forget(self, wanted: Callable[[Example], bool]) -> Forgotten:
        """Delete examples and, at once, what was fitted to them; fit again to the rest."""
        gone = await self.examples.forget(wanted)
        if not gone:
            return Forgotten(gone)
        await self.withdraw()
        if not await self.examples.counts():
            return Forgotten(gone)
        try:
            await self.fit()
        except FitFailedError as error:
            return Forgotten(gone, str(error))
        return Forgotten(gone)

    async def fit(self) -> Outcome:
        """Fit to the examples and take the result where nothing got worse. Raises FitFailedError."""
        async with self._lock:
            while True:
                began = self._forgotten
                pairs = _pairs(await self.examples.all())
                outcome = await self._fitted(pairs)
                if began == self._forgotten:
                    break
            await asyncio.to_thread(self._keep_record, outcome, pairs)
            if outcome.taken:
                model = await asyncio.to_thread(self._swapped)
                self._hear(model, outcome.examples)
            elif not pairs:
                self._hear(None, 0)
                await asyncio.to_thread(self._delete)
            return outcome

    async def state(self) -> State:
        """Return what there is to say."""
        record = await asyncio.to_thread(self._record)
        unable = f"{self._home.reason}" if isinstance(self._home, EngineAbsent) else ""
        last = _outcome(record)
        return State(await self.examples.counts(), self._heard, last, int(record.get("atMs", 0)), unable)

    async def _fitted(self, pairs: tuple[tuple[str, str], ...]) -> Outcome:
        if isinstance(self._home, EngineAbsent):
            raise FitFailedError(f"This box cannot learn: {self._home.reason}.")
        if not pairs:
            return Outcome(False, "There are no examples.", 0)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        job = Job(self._shipped, pairs, self._fresh)
        answer = await self._run(self._home, json.dumps(job.facts()).encode())
        found = _outcome(answer)
        if found is None:
            raise FitFailedError("The re-fit gave no outcome. `scripts/engine` may mend the engine's environment.")
        return found

    async def _run(self, home: EngineHome, job: bytes) -> Mapping[str, Any]:
        """Run the fit in a process of the engine's environment, where numpy is."""
        order = Order((str(home.python), "-m", _PROGRAM), home.variables() | _ONE_THREAD, nice=0)  # it sees to that
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                done = await collect(BoxSpawner(Place.WORKER, self._environ), order, job)
        except TimeoutError as error:
            raise FitFailedError("The re-fit took too long; it is tried again with the next example.") from error
        except OSError as error:
            raise FitFailedError(f"The re-fit could not be started: {error}.") from error
        try:
            answer = json.loads(done.stdout)
        except ValueError as error:
            last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][-200:]
            raise FitFailedError(f"The re-fit failed: {last or 'no reason given'}.") from error
        return answer if isinstance(answer, dict) else {}

    def _hear(self, model: ngram.NgramModel | None, examples: int) -> None:
        if self._resting:
            model = None
        self._heard = examples if model is not None else 0
        self._take(model)

    @property
    def _file(self) -> Path:
        return self._folder / weights.NAME

    @property
    def _fresh(self) -> Path:
        return self._folder / f"{weights.NAME}.new"

    def _found(self, pairs: tuple[tuple[str, str], ...]) -> tuple[bool, ngram.NgramModel | None, int]:
        """Return whether what stands in the folder belongs to these examples and the shipped weights, and what it is.

        Weights of fewer examples stay in use where the newer ones were tried and did harm.
        """
        base, wanted = sha256(self._shipped / "ngram.bin"), digest(pairs)
        record, origin = self._record(), weights.origin_of(self._file)
        tried = (record.get("base"), record.get("digest")) == (base, wanted)
        if origin is None:
            return (tried and not record.get("taken")) or not pairs, None, 0
        if not tried or origin.base != base or (record.get("taken") and origin.digest != wanted):
            return False, None, 0
        try:
            return True, ngram.load(self._file), origin.examples
        except ngram.WeightsError as error:
            _log.warning("what was learned cannot be read: %s", error)
            return False, None, 0

    def _swapped(self) -> ngram.NgramModel:
        model = ngram.load(self._fresh)  # nothing is replaced by what cannot be read
        os.replace(self._fresh, self._file)
        return model

    def _delete(self) -> None:
        for path in (self._file, self._fresh, self._folder / RECORD):
            path.unlink(missing_ok=True)

    def _keep_record(self, outcome: Outcome, pairs: tuple[tuple[str, str], ...]) -> None:
        facts = {"atMs": self._clock.now_ms(), "base": sha256(self._shipped / "ngram.bin"), "digest": digest(pairs)}
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(self._folder / RECORD, json.dumps(facts | outcome.facts()).encode())

    def _record(self) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / RECORD).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _pairs(examples: Iterable[Example]) -> tuple[tuple[str, str], ...]:
    return tuple((one.text, one.tool) for one in examples)


def _outcome(facts: Mapping[str, Any]) -> Outcome | None:
    try:
        before, after = facts["right"]
        return Outcome(
            bool(facts["taken"]),
            str(facts["why"]),
            int(facts["examples"]),
            int(facts["left_out"]),
            (int(before), int(after)),
        )
    except (KeyError, ValueError, TypeError):
        return None
