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
from appliance.engine.answering.errors import JobError
from appliance.engine.cache.residents import Resident
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.monitor.signals import Signals
from appliance.engine.native.context import Outcome
from appliance.engine.native.library import NativeError, last_errors
from appliance.engine.native.model import Model
from appliance.engine.scheduling.admission import Line, fits, order, victim, yielding
from appliance.engine.scheduling.job import Ending, Job
from appliance.engine.scheduling.keeper import Keeper, Ticks
from appliance.engine.scheduling.step import Part, Stepper
from appliance.foundation.errors import OverloadedError
from appliance.generation import FailureKind

_MAX_INBOX = 1024
_MAX_FATAL_STEPS = 3  # in a row; then a fresh process is the only honest answer
_RETRY_AFTER_S = 2.0
_ROUNDING = 256  # llama.cpp rounds cells up to a multiple of this


@dataclass(frozen=True, slots=True)
class Limits:
    """`window` tokens for one request, `active` requests at once, `waiting` behind them."""

    window: int
    active: int = 4
    waiting: int = 32


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of this moment; `free` cells are held by no running request, `preempted` counts since the start."""

    active: int
    waiting: int
    resident: int
    cells: int
    free: int
    window: int
    preempted: int
    prefill_rate: float
    decode_rate: float


class EngineFailure(Exception):
    """llama.cpp failed again and again; the process has to end."""


class Scheduler:
    """Drives `keeper` and `stepper` while `run` is running, in one thread.

    `submit`, `call`, `cancel`, `resize`, `stop` and `counts` may be used from any thread. Without a keeper (a model
    for embeddings) only `call` works.
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
        self._model = model
        self._keeper = keeper
        self._stepper = stepper
        self._prompts = prompts
        self._limits = limits
        self._window = limits.window if keeper is None else min(limits.window, keeper.cells)
        self._ticks = ticks
        self._signals = Signals(model.size)
        # two entries per request and one per errand of a connection are the most there can be
        self._inbox: queue.Queue[Callable[[], None] | None] = queue.Queue(_MAX_INBOX)
        self._lock = threading.Lock()
        self._held = 0  # requests that were taken in and have not ended
        self._numbers = 0
        self._line = Line()
        self._waiting: list[Job] = []
        self._active: list[Job] = []
        self._errands: collections.deque[Callable[[], bool]] = collections.deque()
        self._crowded = False  # a request had to give its cells back: none is let in until one has ended
        self._stopping = False
        self._breakable = model.can_rewind  # an abort costs a recurrent model everything it has read
        self._yields = False  # only background work is in the batch: a person's arrival breaks into it
        self._fatal_steps = 0
        self._preempted = 0

    # ---- from any thread

    @property
    def counts(self) -> Counts:
        """Return numbers for whoever asks how busy it is."""
        active, keeper, stepper = list(self._active), self._keeper, self._stepper
        waiting = max(self._held - len(active), 0)
        if keeper is None or stepper is None:
            return Counts(len(active), waiting, 0, 0, 0, self._window, 0, 0.0, 0.0)
        cells = keeper.cells
        held = sum(job.computed for job in active)
        rates = stepper.rates
        return Counts(
            len(active), waiting, keeper.resident, cells, max(cells - held, 0),
            self._window, self._preempted, rates.prefill, rates.decode,
        )  # fmt: skip

    def submit(self, request: api.Generate, emit: Callable[[api.Answer], None]) -> Job:
        """Take a request in; `emit` is called in the engine thread. Raises OverloadedError."""
        limit = self._limits.active + self._limits.waiting
        with self._lock:
            if self._held >= limit or self._inbox.full():
                message = f"The local model already has {self._held} requests; ask again in a moment."
                raise OverloadedError(message, retry_after_s=_RETRY_AFTER_S)
            self._held += 1
            self._numbers += 1
            number = self._numbers
        job = Job(request, emit, number=number, arrived=self._ticks.monotonic())
        self._inbox.put(lambda: self._take(job))
        if self._yields and not request.background:
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
        self._inbox.put(lambda: self._resize(cells))

    def stop(self) -> None:
        """End the loop soon, also out of a long step."""
        self._stopping = True
        self._abort()
        self._inbox.put(None)

    def _abort(self) -> None:
        if self._keeper is not None:
            self._keeper.context.abort.set()

    # ---- in the engine thread

    def run(self) -> None:
        """Serve until `stop`. Raises EngineFailure."""
        try:
            while not self._stopping:
                self._read_inbox()
                self._background()
                self._sweep()
                self._park()
                self._admit()
                if self._active and not self._stopping:
                    self._step()
        finally:
            gone = Ending(failed=api.Failed(FailureKind.UNAVAILABLE.value, "The local model is being stopped."))
            for job in [*self._active, *self._waiting]:
                self._end(job, gone)

    def _read_inbox(self) -> None:
        """Do what was asked; wait for it only when there is nothing else to do."""
        while not self._stopping:
            busy = self._active or self._waiting or self._errands or (self._keeper and self._keeper.has_chores)
            try:
                work = self._inbox.get(block=not busy)
            except queue.Empty:
                return
            if work is not None:
                work()

    def _background(self) -> None:
        """Do one piece of the oldest errand, then let the next one have its turn; and one piece of saving."""
        if self._errands and not self._stopping:
            errand = self._errands.popleft()
            if errand():
                self._errands.append(errand)
        if self._keeper is not None and self._keeper.has_chores:
            self._keeper.do_chore()

    def _take(self, job: Job) -> None:
        try:
            if self._keeper is None:
                raise JobError(FailureKind.INVALID_REQUEST, "this model only makes embeddings")
            job.prepare(self._model, self._prompts, self._window, self._signals)
        except JobError as error:
            self._end(job, Ending(failed=error.frame))
            return
        job.round = self._line.stamp(job.session)
        self._queue(job)
        if self._active or len(self._waiting) > 1:  # it may have to wait: a sign of life
            job.emit(api.Progress(0, job.prompt_length))

    def _queue(self, job: Job) -> None:
        self._waiting.append(job)
        self._waiting.sort(key=order)

    def _sweep(self) -> None:
        for job in [*self._active, *self._waiting]:
            if job.cancelled:
                self._end(job, Ending("cancelled"))

    def _park(self) -> None:
        """Let background work step back for persons; its sequence stays as long as nobody needs the cells."""
        for job in yielding(self._active, self._waiting):
            self._preempted += 1
            self._active.remove(job)
            if job.resident is not None:
                self._cache.release(job.resident)
                job.resident = None
            self._queue(job)

    def _admit(self) -> None:
        while self._waiting and len(self._active) < self._limits.active and not self._crowded:
            job = self._waiting[0]
            if self._active and not self._fits(job):
                return
            if yielding([*self._active, job], []):  # background work while a person is served
                return
            taken = self._cache.take(job.tokens, job.request.session_key, keep=job.request.keep)
            if taken is None:
                return
            del self._waiting[0]
            self._active.append(job)
            self._line.serve(job.round)
            self._started(job, *taken)

    def _started(self, job: Job, resident: Resident, source: str) -> None:
        job.resident = resident
        if not job.timing.started:
            job.timing.started = self._ticks.monotonic()
            job.cached, job.restored = job.computed, source
            self._cache.count(source)
        job.emit(api.Progress(min(job.computed, job.prompt_length), job.prompt_length, job.cached))

    def _fits(self, job: Job) -> bool:
        residents = [other.resident for other in self._active if other.resident is not None]
        cache = self._cache
        shared = cache.shared(job.tokens, residents)
        return fits(job, self._active, cells=cache.cells, held=cache.held(residents), shared=shared)

    @property
    def _cache(self) -> Keeper:
        if self._keeper is None:
            raise EngineFailure("this model has no cache to generate with")
        return self._keeper

    @property
    def _steps(self) -> Stepper:
        if self._stepper is None:
            raise EngineFailure("this model has nothing to generate with")
        return self._stepper

    # ---- one step

    def _step(self) -> None:
        parts = self._steps.plan(self._active)
        for part in parts:
            part.job.in_batch = True
        self._yields = self._breakable and parts[0].job.background  # then all of them are
        self._cache.context.abort.clear()
        try:
            # looked at after the flag was cleared: a cancel is either seen here or sets the flag again
            if self._stopping or (self._yields and not self._inbox.empty()):
                return
            if any(part.job.cancelled for part in parts):
                return
            outcome = self._steps.decode(parts)
        finally:
            self._yields = False
            for part in parts:
                part.job.in_batch = False
        self._handle(outcome, parts)

    def _handle(self, outcome: Outcome, parts: list[Part]) -> None:
        if outcome is Outcome.OK:
            self._fatal_steps = 0
            self._steps.advance(parts)
            for part in parts:
                if part.job.ending is not None:
                    self._end(part.job, part.job.ending)
        elif outcome is Outcome.NO_SLOT:
            self._make_room()
        elif outcome is Outcome.ABORTED:
            last_errors()  # an aborted decode logs errors, which are none
            for part in parts:
                if part.job.resident is not None:
                    self._cache.trim(part.job.resident)
        else:
            self._broken(outcome, parts)

    # ---- when a step did not work

    def _make_room(self) -> None:
        """Free cells: first what idles, then the last in order of several; its tokens are kept and go on later."""
        if self._cache.evict():
            return
        if len(self._active) == 1:
            job, window = self._active[0], self._window
            message = f"The local model's memory of {window} tokens is full with {len(job.tokens)} of this request."
            error = JobError(FailureKind.CONTEXT_OVERFLOW, message, window=window)
            self._end(job, Ending(failed=error.frame))
            return
        self._give_way(victim(self._active))
        self._preempted += 1
        self._crowded = True

    def _give_way(self, job: Job) -> None:
        self._active.remove(job)
        if job.resident is not None:
            self._cache.forget(job.resident)
            job.resident = None
        self._queue(job)

    def _broken(self, outcome: Outcome, parts: list[Part]) -> None:
        """Fail everyone in the batch and forget the cache: nothing in it can be trusted. Raises EngineFailure."""
        reason = last_errors() or "no reason given"
        message = f"The local model failed (llama_decode: {outcome.name.lower()}, {reason})."
        self._cache.reset()
        for part in parts:
            self._end(part.job, Ending(failed=api.Failed(FailureKind.UNAVAILABLE.value, message)))
        self._fatal_steps += 1
        if self._fatal_steps >= _MAX_FATAL_STEPS:
            raise EngineFailure(message)

    def _resize(self, cells: int) -> None:
        """Make the cache anew. Raises EngineFailure."""
        if self._keeper is None:
            return
        needed = [min(job.limit, len(job.tokens) + _ROUNDING) for job in [*self._active, *self._waiting]]
        cells = -(-max([cells, _ROUNDING, *needed]) // _ROUNDING) * _ROUNDING
        if cells == self._keeper.cells:
            return
        for job in list(self._active):
            self._give_way(job)
        try:
            self._keeper.resize(cells)
        except NativeError as error:
            raise EngineFailure(f"the cache cannot be made again: {error}") from error
        self._steps.use_threads()
        self._window = min(self._limits.window, self._keeper.cells)
        self._crowded = False

    # ---- the end of a request

    def _end(self, job: Job, ending: Ending) -> None:
        job.finish(ending, self._ticks.monotonic(), self._window)
        job.close()
        for jobs in (self._active, self._waiting):
            if job in jobs:
                jobs.remove(job)
        if job.resident is not None and self._keeper is not None:
            if ending.stop == "degenerated":
                self._keeper.shorten(job.resident, job.prompt_length)
            if job.reads_ahead and job.request.keep and ending.stop == "length":
                self._keeper.pin(job.resident)
            self._keeper.release(job.resident)
            job.resident = None
        self._crowded = False
        with self._lock:
            self._held -= 1
