"""The engine thread: one loop that serves several requests at once, one decoded batch after another.

Every step holds the newest token of each answer that is being written and one chunk of one prompt that is being
read. It is the only caller of the native layer.
"""

from __future__ import annotations

import collections
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from appliance.engine import api
from appliance.engine.cache.residents import SequenceCache
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.library import NativeError, last_errors
from appliance.engine.native.model import Model
from appliance.engine.scheduling.job import Job, JobError
from appliance.foundation.errors import OverloadedError
from appliance.generation import FailureKind

# llama.md 4.4: 32 tokens keep steps short while others wait for their next one; alone, 128 are as fast as more
_SHARED_CHUNK_TOKENS = 32
_CHUNK_TOKENS = 128
_ROOM_TOKENS = 64  # of answer that must fit before a request is let in beside others
_MAX_INBOX = 1024
_MAX_FATAL_STEPS = 3  # in a row; then a fresh process is the only honest answer
_RETRY_AFTER_S = 2.0


class Ticks(Protocol):
    """What the loop needs to know of time."""

    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """`window` tokens for one request, `active` requests at once, `waiting` behind them."""

    window: int
    active: int = 4
    waiting: int = 32


class EngineFailure(Exception):
    """llama.cpp failed again and again; the process has to end."""


class Scheduler:
    """Owns the context while `run` is running, in one thread. `submit`, `call`, `cancel`, `stop`: from any thread."""

    def __init__(
        self,
        model: Model,
        context: Context | None,
        cache: SequenceCache | None,
        prompts: PromptMaker,
        limits: Limits,
        ticks: Ticks,
    ) -> None:
        self._model = model
        self._context = context
        self._cache = cache
        self._prompts = prompts
        self._limits = limits
        self._ticks = ticks
        # two entries per request and one per errand of a connection are the most there can be
        self._inbox: queue.Queue[Callable[[], None] | None] = queue.Queue(_MAX_INBOX)
        self._lock = threading.Lock()
        self._held = 0  # requests that were taken in and have not ended
        self._numbers = 0
        self._waiting: list[Job] = []
        self._active: list[Job] = []
        self._errands: collections.deque[Callable[[], bool]] = collections.deque()
        self._crowded = False  # a request had to give its cells back: none is let in until one has ended
        self._stopping = False
        self._fatal_steps = 0
        self._steps = 0

    # ---- from any thread

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return how many requests are active and waiting, and how many sequences hold something."""
        active = len(self._active)
        return active, max(self._held - active, 0), 0 if self._cache is None else self._cache.resident

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
        return job

    def call(self, errand: Callable[[], bool]) -> None:
        """Have `errand` called in the engine thread between steps until it returns False. It must not raise."""
        self._inbox.put(lambda: self._errands.append(errand))

    def cancel(self, job: Job) -> None:
        """End a request within one token; it gets a Done frame with stop `cancelled`."""
        if job.cancelled:
            return
        job.cancelled = True
        if job.in_batch and self._context is not None:
            # the step is lost for the others in it too, but they only decode it again
            self._context.abort.set()
        self._inbox.put(lambda: None)

    def stop(self) -> None:
        """End the loop soon, also out of a long step."""
        self._stopping = True
        if self._context is not None:
            self._context.abort.set()
        self._inbox.put(None)

    # ---- in the engine thread

    def run(self) -> None:
        """Serve until `stop`. Raises EngineFailure."""
        try:
            while not self._stopping:
                self._read_inbox()
                self._background()
                self._sweep()
                self._admit()
                if self._active and not self._stopping:
                    self._step()
        finally:
            for job in [*self._active, *self._waiting]:
                self._fail(job, api.Failed(FailureKind.UNAVAILABLE.value, "The local model is being stopped."))

    def _read_inbox(self) -> None:
        """Do what was asked; wait for it only when there is nothing else to do."""
        while not self._stopping:
            try:
                work = self._inbox.get(block=not (self._active or self._waiting or self._errands))
            except queue.Empty:
                return
            if work is not None:
                work()

    def _background(self) -> None:
        """Do one piece of the oldest errand, then let the next one have its turn."""
        if self._errands and not self._stopping:
            errand = self._errands.popleft()
            if errand():
                self._errands.append(errand)

    def _take(self, job: Job) -> None:
        try:
            if self._context is None:
                raise JobError(FailureKind.INVALID_REQUEST, "this model only makes embeddings")
            job.prepare(self._model, self._prompts, self._limits.window)
        except JobError as error:
            self._fail(job, error.frame)
            return
        self._waiting.append(job)
        self._waiting.sort(key=lambda entry: (-entry.request.priority, entry.number))
        if self._active or len(self._waiting) > 1:  # it may have to wait: a sign of life
            job.emit(api.Progress(0, job.prompt_length))

    def _sweep(self) -> None:
        for job in [*self._active, *self._waiting]:
            if job.cancelled:
                self._end(job, "cancelled")

    def _admit(self) -> None:
        while self._waiting and len(self._active) < self._limits.active and not self._crowded:
            job = self._waiting[0]
            if self._active and not self._fits(job):
                return
            job.resident = self._kv.acquire(job.tokens, job.request.session_key)
            if job.resident is None:
                return
            del self._waiting[0]
            self._active.append(job)
            if not job.timing.started:
                job.timing.started = self._ticks.monotonic()
                job.cached = job.computed
            job.emit(api.Progress(min(job.computed, job.prompt_length), job.prompt_length, job.cached))

    def _fits(self, job: Job) -> bool:
        """Return whether the prompt and some answer fit beside those who are active; shared prefixes count twice."""
        used = sum(len(other.tokens) + _ROOM_TOKENS for other in self._active)
        return used + len(job.tokens) + _ROOM_TOKENS <= self._native.cells

    @property
    def _native(self) -> Context:
        if self._context is None:
            raise EngineFailure("this model has no context to generate in")
        return self._context

    @property
    def _kv(self) -> SequenceCache:
        if self._cache is None:
            raise EngineFailure("this model has no cache to generate with")
        return self._cache

    # ---- one step

    def _step(self) -> None:
        context = self._native
        parts = self._plan()
        for job, _ in parts:
            job.in_batch = True
        context.abort.clear()
        try:
            # looked at after the flag was cleared: a cancel is either seen here or sets the flag again
            if self._stopping or any(job.cancelled for job, _ in parts):
                return
            entries = [entry for job, count in parts for entry in _entries(job, count)]
            outcome = context.decode(entries)
        finally:
            for job, _ in parts:
                job.in_batch = False
        self._handle(outcome, parts)

    def _plan(self) -> list[tuple[Job, int]]:
        """Return who takes part with how many tokens: all who write, and one who still reads, in turn.

        In turn, so that a short prompt does not wait until a long one was read.
        """
        parts = [(job, 1) for job in self._active if job.generating]
        readers = [job for job in self._active if not job.generating]
        if readers:
            reader = min(readers, key=lambda job: (-job.request.priority, job.last_read))
            self._steps += 1
            reader.last_read = self._steps
            chunk = _SHARED_CHUNK_TOKENS if parts else _CHUNK_TOKENS
            parts.append((reader, min(chunk, len(reader.tokens) - reader.computed)))
        return parts

    def _handle(self, outcome: Outcome, parts: list[tuple[Job, int]]) -> None:
        if outcome is Outcome.OK:
            self._fatal_steps = 0
            self._advance(parts)
        elif outcome is Outcome.NO_SLOT:
            self._make_room()
        elif outcome is Outcome.ABORTED:
            self._rewind(parts)
        else:
            self._broken(outcome, parts)

    def _advance(self, parts: list[tuple[Job, int]]) -> None:
        index = -1
        for job, count in parts:
            index += count
            resident = job.resident
            if resident is None:
                continue
            resident.tokens += job.tokens[len(resident.tokens) : len(resident.tokens) + count]
            if len(resident.tokens) == len(job.tokens):
                self._sample(job, index)
            else:
                job.emit(api.Progress(job.computed, job.prompt_length, job.cached))

    def _sample(self, job: Job, index: int) -> None:
        """Choose the next token of a job from the logits of batch entry `index`."""
        try:
            logits = self._native.logits(index)
            if not job.output_tokens and not job.timing.first:
                job.timing.first = self._ticks.monotonic()
                if (scores := job.answer.scores(logits)) is not None:
                    job.emit(scores)
                if len(job.tokens) >= job.limit:
                    self._end(job, "length")
                    return
            self._extend(job, job.answer.choose(logits), logits)
        except JobError as error:
            self._fail(job, error.frame)
        except NativeError as error:
            self._fail(job, api.Failed(FailureKind.BAD_RESPONSE.value, f"The local model failed: {error}"))

    def _extend(self, job: Job, token: int, logits: object) -> None:
        if self._model.ends(token):
            self._end(job, "stop")
            return
        job.tokens.append(token)
        for frame in job.answer.take(token, logits):
            job.emit(frame)
        if job.answer.stopped:
            self._end(job, "stop")
        elif len(job.tokens) >= job.limit:
            self._end(job, "length")

    # ---- when a step did not work

    def _make_room(self) -> None:
        """Free cells: first what idles, then the youngest of several; its tokens are kept and read again later."""
        if self._kv.evict():
            return
        if len(self._active) == 1:
            job = self._active[0]
            window = self._limits.window
            message = f"The local model's memory of {window} tokens is full with {len(job.tokens)} of this request."
            self._fail(job, JobError(FailureKind.CONTEXT_OVERFLOW, message, window=window).frame)
            return
        victim = max(self._active, key=lambda job: (-job.request.priority, job.number))
        self._active.remove(victim)
        if victim.resident is not None:
            self._kv.forget(victim.resident)
            self._kv.release(victim.resident)
            victim.resident = None
        self._waiting.insert(0, victim)
        self._crowded = True

    def _rewind(self, parts: list[tuple[Job, int]]) -> None:
        last_errors()  # an aborted decode logs errors, which are none
        for job, _ in parts:
            if job.resident is not None:
                self._kv.rewind(job.resident)

    def _broken(self, outcome: Outcome, parts: list[tuple[Job, int]]) -> None:
        """Fail everyone in the batch and forget the cache: nothing in it can be trusted. Raises EngineFailure."""
        reason = last_errors() or "no reason given"
        message = f"The local model failed (llama_decode: {outcome.name.lower()}, {reason})."
        for job, _ in parts:
            self._fail(job, api.Failed(FailureKind.UNAVAILABLE.value, message))
        self._kv.reset()
        self._fatal_steps += 1
        if self._fatal_steps >= _MAX_FATAL_STEPS:
            raise EngineFailure(message)

    # ---- the end of a request

    def _end(self, job: Job, stop: str) -> None:
        for frame in job.rest():
            job.emit(frame)
        if job.made_calls and stop == "stop":
            stop = "tool_calls"
        job.emit(job.done(stop, self._ticks.monotonic()))
        self._forget(job)

    def _fail(self, job: Job, frame: api.Failed) -> None:
        job.emit(frame)
        self._forget(job)

    def _forget(self, job: Job) -> None:
        job.close()
        for jobs in (self._active, self._waiting):
            if job in jobs:
                jobs.remove(job)
        if job.resident is not None:
            self._kv.release(job.resident)
            job.resident = None
        self._crowded = False
        with self._lock:
            self._held -= 1


def _entries(job: Job, count: int) -> list[Entry]:
    """Return the next `count` tokens of a job; the last one wants logits when it is the job's newest."""
    start, sequence = job.computed, 0 if job.resident is None else job.resident.sequence
    newest = len(job.tokens) - 1
    return [
        Entry(job.tokens[position], position, sequence, position == newest) for position in range(start, start + count)
    ]
