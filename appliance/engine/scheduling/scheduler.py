"""The engine thread: one loop that serves several requests at once, one decoded batch after another.

It is the only caller of the native layer. Persons go before background work, which steps back at a token and goes on
later from what the cache or the prefix store kept of it.
"""

from __future__ import annotations

import collections
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from appliance.engine import api
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.native.model import Model
from appliance.engine.scheduling.aside import Aside
from appliance.engine.scheduling.job import Job
from appliance.engine.scheduling.keeper import Keeper, Ticks
from appliance.engine.scheduling.outbox import Outbox
from appliance.engine.scheduling.serving import EngineFailure, Limits, Serving
from appliance.engine.scheduling.step import Stepper
from appliance.foundation.errors import OverloadedError
from appliance.generation import FailureKind

__all__ = ["Counts", "EngineFailure", "Limits", "Scheduler"]

_MAX_INBOX = 1024
_RETRY_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of this moment; `free` cells are held by no running request, `preempted` counts since the start."""

    active: int
    waiting: int
    window: int
    resident: int = 0
    cells: int = 0
    free: int = 0
    preempted: int = 0
    prefill_rate: float = 0.0
    decode_rate: float = 0.0


class Scheduler:
    """Takes requests from any thread and serves them in the one that calls `run`.

    `submit`, `call`, `cancel`, `resize`, `stop` and `counts` may be used from any thread. Without keeper and stepper
    (a model for embeddings) only `call` works.
    """

    def __init__(
        self,
        model: Model,
        prompts: PromptMaker,
        limits: Limits,
        ticks: Ticks,
        *,
        keeper: Keeper | None = None,
        stepper: Stepper | None = None,
    ) -> None:
        self._limits = limits
        self._ticks = ticks
        self.outbox = Outbox()
        self._aside = Aside(self.outbox.flush)
        self._serving: Serving | None = None
        if keeper is not None and stepper is not None:
            self._serving = Serving(
                model, prompts, limits, ticks, keeper, stepper, self._aside,
                interrupted=self._interrupted, ended=self._ended,
            )  # fmt: skip
        # two entries per request and one per errand of a connection are the most there can be
        self._inbox: queue.Queue[Callable[[], None] | None] = queue.Queue(_MAX_INBOX)
        self._lock = threading.Lock()
        self._held = 0  # requests that were taken in and have not ended
        self._numbers = 0
        self._errands: collections.deque[Callable[[], bool]] = collections.deque()
        self._stopping = False

    # ---- from any thread

    @property
    def counts(self) -> Counts:
        """Return numbers for whoever asks how busy it is."""
        serving = self._serving
        if serving is None:
            return Counts(0, self._held, self._limits.window)
        active, keeper, rates = list(serving.active), serving.keeper, serving.stepper.rates
        cells = keeper.cells
        return Counts(
            active=len(active),
            waiting=max(self._held - len(active), 0),
            window=serving.window,
            resident=keeper.resident,
            cells=cells,
            free=max(cells - sum(job.computed for job in active), 0),
            preempted=serving.preempted,
            prefill_rate=rates.prefill,
            decode_rate=rates.decode,
        )

    def submit(self, request: api.Generate, emit: Callable[[api.Answer], None], *, owner: str = "") -> Job:
        """Take a request of `owner` in; `emit` is called in the engine thread. Raises OverloadedError."""
        limit = self._limits.active + self._limits.waiting
        with self._lock:
            if self._held >= limit or self._inbox.full():
                message = f"The local model already has {self._held} requests; ask again in a moment."
                raise OverloadedError(message, retry_after_s=_RETRY_AFTER_S)
            self._held += 1
            self._numbers += 1
            number = self._numbers
        job = Job(request, emit, number=number, arrived=self._ticks.monotonic(), owner=owner)
        self._inbox.put(lambda: self._take(job))
        if self._serving is not None and self._serving.yields and not request.background:
            self._abort()
        return job

    def call(self, errand: Callable[[], bool]) -> None:
        """Have `errand` called in the engine thread between steps until it returns False. It must not raise."""
        self._inbox.put(lambda: self._errands.append(errand))

    def cancel(self, job: Job) -> None:
        """End a request within one token; it gets a Done frame with stop `cancelled`."""
        if job.cancelled:
            return
        job.cancelled = True
        if job.in_batch:
            # the step is lost for the others in it too, but they only decode it again
            self._abort()
        self._inbox.put(lambda: None)

    def resize(self, cells: int) -> None:
        """Give the cache another size soon: what is in it is saved, requests go on. Not below what they need."""
        self._inbox.put(lambda: None if self._serving is None else self._serving.resize(cells))

    def stop(self) -> None:
        """End the loop soon, also out of a long step."""
        self._stopping = True
        self._abort()
        self._inbox.put(None)

    def _abort(self) -> None:
        if self._serving is not None:
            self._serving.keeper.context.abort.set()

    # ---- in the engine thread

    @property
    def _stepping(self) -> bool:
        """Whether the next turn decodes: frames travel beside that."""
        return self._serving is not None and bool(self._serving.active)

    def run(self) -> None:
        """Serve until `stop`. Raises EngineFailure."""
        with self._aside.running():
            try:
                while not self._stopping:
                    self._read_inbox()
                    self._run_errand()
                    if self._serving is not None and self._serving.busy and not self._stopping:
                        self._serving.turn()
            finally:
                if self._serving is not None:
                    self._serving.refuse_all()
                self.outbox.flush()

    def _read_inbox(self) -> None:
        """Do what was asked; wait for it only when there is nothing else to do."""
        while not self._stopping:
            busy = bool(self._errands) or (self._serving is not None and self._serving.busy)
            if busy and self._stepping and self._inbox.empty():
                return
            self.outbox.flush()
            try:
                work = self._inbox.get(block=not busy)
            except queue.Empty:
                return
            if work is not None:
                work()

    def _run_errand(self) -> None:
        """Do one piece of the oldest errand, then let the next one have its turn."""
        if self._errands and not self._stopping:
            errand = self._errands.popleft()
            if errand():
                self._errands.append(errand)

    def _take(self, job: Job) -> None:
        if self._serving is not None:
            self._serving.take(job)
            return
        job.emit(api.Failed(FailureKind.INVALID_REQUEST.value, "this model only makes embeddings"))
        self._ended()

    def _interrupted(self, yields: bool) -> bool:
        self._aside.go()  # beside the long wait of a decode
        return self._stopping or (yields and not self._inbox.empty())

    def _ended(self) -> None:
        with self._lock:
            self._held -= 1
