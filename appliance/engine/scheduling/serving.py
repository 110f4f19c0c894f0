"""Requests in the hands of the engine thread: who waits, who is served, one step after another, how each ends."""

from __future__ import annotations

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
from appliance.engine.scheduling.aside import Aside
from appliance.engine.scheduling.job import Ending, Job
from appliance.engine.scheduling.keeper import Keeper, Ticks
from appliance.engine.scheduling.step import Part, Stepper
from appliance.generation import FailureKind

_MAX_FATAL_STEPS = 3  # in a row; then a fresh process is the only honest answer
_ROUNDING = 256  # llama.cpp rounds cells up to a multiple of this


@dataclass(frozen=True, slots=True)
class Limits:
    """`window` tokens for one request, `active` requests at once, `waiting` behind them."""

    window: int
    active: int = 4
    waiting: int = 32


class EngineFailure(Exception):
    """llama.cpp failed again and again; the process has to end."""


class Serving:
    """Serves requests. `interrupted(yields)` says, once a step can be aborted, whether it should not be taken.

    `ended` is called behind each request. Every method belongs to the engine thread; the plain numbers may be read
    from others.
    """

    def __init__(
        self,
        model: Model,
        prompts: PromptMaker,
        limits: Limits,
        ticks: Ticks,
        keeper: Keeper,
        stepper: Stepper,
        aside: Aside,
        *,
        interrupted: Callable[[bool], bool],
        ended: Callable[[], None],
    ) -> None:
        self.keeper = keeper
        self.stepper = stepper
        self.window = min(limits.window, keeper.cells)
        self.preempted = 0
        self.active: list[Job] = []
        self.waiting: list[Job] = []
        self.yields = False  # only background work is in the batch: a person's arrival breaks into it
        self._model = model
        self._prompts = prompts
        self._limits = limits
        self._ticks = ticks
        self._interrupted = interrupted
        self._ended = ended
        self._aside = aside
        self._signals = Signals(model.size)
        self._line = Line()
        self._breakable = model.can_rewind  # an abort costs a recurrent model everything it has read
        self._crowded = False  # a request had to give its cells back: none is let in until one has ended
        self._fatal_steps = 0

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.active or self.waiting or self.keeper.has_chores)

    def take(self, job: Job) -> None:
        """Queue a new request, or end it where it cannot be served."""
        try:
            job.prepare(self._model, self._prompts, self.window, self._signals)
        except JobError as error:
            self._end(job, Ending(failed=error.frame))
            return
        job.round = self._line.stamp(job.session)
        self._queue(job)
        if self.active or len(self.waiting) > 1:  # it may have to wait: a sign of life
            job.emit(api.Progress(0, job.prompt_length))

    def turn(self) -> None:
        """Save a piece, end who was cancelled, let in who fits, take one step. Raises EngineFailure."""
        if self.keeper.has_chores:
            self.keeper.do_chore()
        for job in [*self.active, *self.waiting]:
            if job.cancelled:
                self._end(job, Ending("cancelled"))
        self._park()
        self._admit()
        if self.active:
            self._step()

    def refuse_all(self) -> None:
        """End every request: the process is being stopped."""
        gone = Ending(failed=api.Failed(FailureKind.UNAVAILABLE.value, "The local model is being stopped."))
        for job in [*self.active, *self.waiting]:
            self._end(job, gone)

    # ---- who is served

    def _queue(self, job: Job) -> None:
        self.waiting.append(job)
        self.waiting.sort(key=order)

    def _park(self) -> None:
        """Let background work step back for persons; its sequence stays as long as nobody needs the cells."""
        for job in yielding(self.active, self.waiting):
            self.preempted += 1
            self.active.remove(job)
            if job.resident is not None:
                self.keeper.release(job.resident)
                job.resident = None
            self._queue(job)

    def _admit(self) -> None:
        while self.waiting and len(self.active) < self._limits.active:
            if self._crowded and self.active:  # else nobody would ever end it: all may have stepped back for a person
                return
            job = self.waiting[0]
            if self.active and not self._fits(job):
                return
            if yielding([*self.active, job], []):  # background work while a person is served
                return
            request = job.request
            taken = self.keeper.take(job.tokens, request.session_key, keep=request.keep, owner=job.owner)
            if taken is None:
                return
            del self.waiting[0]
            self.active.append(job)
            self._line.serve(job.round)
            self._started(job, *taken)

    def _started(self, job: Job, resident: Resident, source: str) -> None:
        job.resident = resident
        if not job.timing.started:
            job.timing.started = self._ticks.monotonic()
            job.cached, job.restored = job.computed, source
            self.keeper.count(source)
        job.emit(api.Progress(min(job.computed, job.prompt_length), job.prompt_length, job.cached))

    def _fits(self, job: Job) -> bool:
        residents = [other.resident for other in self.active if other.resident is not None]
        shared = self.keeper.shared(job.tokens, (one for one in residents if one.owner == job.owner))
        return fits(job, self.active, cells=self.keeper.cells, held=self.keeper.held(residents), shared=shared)

    # ---- one step

    def _step(self) -> None:
        parts = self.stepper.plan(self.active)
        for part in parts:
            part.job.in_batch = True
        self.yields = self._breakable and parts[0].job.background  # then all of them are
        self.keeper.context.abort.clear()
        try:
            # looked at after the flag was cleared: a cancel is either seen here or sets the flag again
            if self._interrupted(self.yields) or any(part.job.cancelled for part in parts):
                return
            outcome = self.stepper.decode(parts)
        finally:
            self.yields = False
            for part in parts:
                part.job.in_batch = False
        self._handle(outcome, parts)

    def _handle(self, outcome: Outcome, parts: list[Part]) -> None:
        if outcome is Outcome.OK:
            self._fatal_steps = 0
            self.stepper.advance(parts, self._aside)
            for part in parts:
                if part.job.ending is not None:
                    self._end(part.job, part.job.ending)
        elif outcome is Outcome.NO_SLOT:
            self._make_room()
        elif outcome is Outcome.ABORTED:
            last_errors()  # an aborted decode logs errors, which are none
            for part in parts:
                if part.job.resident is not None:
                    self.keeper.trim(part.job.resident)
        else:
            self._broken(outcome, parts)

    # ---- when a step did not work

    def _make_room(self) -> None:
        """Free cells: first what idles, then the last in order of several; its tokens are kept and go on later."""
        if self.keeper.evict():
            return
        if len(self.active) == 1:
            job, window = self.active[0], self.window
            message = f"The local model's memory of {window} tokens is full with {len(job.tokens)} of this request."
            error = JobError(FailureKind.CONTEXT_OVERFLOW, message, window=window)
            self._end(job, Ending(failed=error.frame))
            return
        self._give_way(victim(self.active))
        self.preempted += 1
        self._crowded = True

    def _give_way(self, job: Job) -> None:
        self.active.remove(job)
        if job.resident is not None:
            self.keeper.forget(job.resident)
            job.resident = None
        self._queue(job)

    def _broken(self, outcome: Outcome, parts: list[Part]) -> None:
        """Fail everyone in the batch and forget the cache: nothing in it can be trusted. Raises EngineFailure."""
        reason = last_errors() or "no reason given"
        message = f"The local model failed (llama_decode: {outcome.name.lower()}, {reason})."
        self.keeper.reset()
        for part in parts:
            self._end(part.job, Ending(failed=api.Failed(FailureKind.UNAVAILABLE.value, message)))
        self._fatal_steps += 1
        if self._fatal_steps >= _MAX_FATAL_STEPS:
            raise EngineFailure(message)

    def resize(self, cells: int) -> None:
        """Make the cache anew, not smaller than what is being served needs. Raises EngineFailure."""
        needed = [min(job.limit, len(job.tokens) + _ROUNDING) for job in [*self.active, *self.waiting]]
        cells = -(-max([cells, _ROUNDING, *needed]) // _ROUNDING) * _ROUNDING
        if cells == self.keeper.cells:
            return
        for job in list(self.active):
            self._give_way(job)
        try:
            self.keeper.resize(cells)
        except NativeError as error:
            raise EngineFailure(f"the cache cannot be made again: {error}") from error
        self.stepper.use_threads()
        self.window = min(self._limits.window, self.keeper.cells)
        self._crowded = False

    # ---- the end of a request

    def _end(self, job: Job, ending: Ending) -> None:
        self._aside.settle()
        ending = job.settled(ending)
        job.finish(ending, self._ticks.monotonic(), self.window)
        job.close()
        for jobs in (self.active, self.waiting):
            if job in jobs:
                jobs.remove(job)
        if job.resident is not None:
            if ending.stop == "degenerated":
                self.keeper.shorten(job.resident, job.prompt_length)
            if job.reads_ahead and job.request.keep and ending.stop == "length" and not job.owner:
                self.keeper.pin(job.resident)
            self.keeper.release(job.resident)
            job.resident = None
        self._crowded = False
        self._ended()
