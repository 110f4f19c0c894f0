"""One step: a batch of the newest tokens, drafts to verify and pieces of prompts; then what follows from its logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from appliance.engine import api
from appliance.engine.native.context import Entry, Outcome
from appliance.engine.native.library import NativeError
from appliance.engine.scheduling.aside import Aside
from appliance.engine.scheduling.job import Ending, Job
from appliance.engine.scheduling.keeper import Keeper, Ticks
from appliance.engine.scheduling.plan import Sizes, turns
from appliance.engine.scheduling.rates import Rates
from appliance.engine.speculation.drafting import Drafter, Drafting
from appliance.engine.speculation.length import MAX_DRAFT, VerifyCost
from appliance.engine.speculation.verify import verified
from appliance.engine.threads import Threads
from appliance.generation import FailureKind

_COST_STRIDE = 8  # steps of one row between two looks at what one row costs
_LEAST_DRAFTING = 8  # tokens of answer, below which look-up cannot pay


class Part(NamedTuple):
    """The next `fresh` tokens of a job that are not in the cache, and the drafts behind them."""

    job: Job
    fresh: int
    drafts: Sequence[int] = ()


class Stepper:
    """Plans, decodes and reads out steps. `outputs`: entries of a batch that may want logits."""

    def __init__(
        self,
        keeper: Keeper,
        *,
        sizes: Sizes,
        outputs: int,
        threads: Threads,
        ticks: Ticks,
        drafter: Drafter | None = None,
        speculates: bool = True,
    ) -> None:
        self._keeper = keeper
        self._sizes = sizes
        self._outputs = outputs
        self._threads = threads
        self._ticks = ticks
        self._drafter = drafter
        self._speculates = speculates
        self._cost = VerifyCost()
        self._steps = 0
        self._seconds = 0.0
        self._writers = 0
        self.rates = Rates()

    def plan(self, active: Sequence[Job]) -> list[Part]:
        """Return what the next step holds."""
        self._steps += 1
        chosen, self._writers = turns(active, self._sizes)
        for job, _ in chosen[self._writers :]:
            job.last_read = self._steps
        if not any(job.drafting for job, _ in chosen):
            return [Part(job, count) for job, count in chosen]
        room = 0  # a chunk makes the step long already; drafts would only make it longer
        if self._writers == len(chosen):
            room = min(self._outputs, self._sizes.batch, self._keeper.free) - self._writers
        parts = []
        for job, count in chosen:
            drafts = self._draft(job, room)
            room -= len(drafts)
            parts.append(Part(job, count, drafts))
        return parts

    def _draft(self, job: Job, room: int) -> Sequence[int]:
        if job.drafting is None:
            return ()
        limit = max(0, min(room, MAX_DRAFT, job.limit - len(job.tokens) - 1))
        return job.drafting.draft(job.tokens, limit, rows=self._writers)

    def decode(self, parts: Sequence[Part]) -> Outcome:
        """Decode one batch. Blocks."""
        context = self._keeper.context
        start = self._ticks.monotonic()
        if self._threads.look(start):
            self.use_threads()
        outcome = context.decode([entry for part in parts for entry in _entries(part)])
        self._seconds = self._ticks.monotonic() - start
        return outcome

    def use_threads(self) -> None:
        """Tell the context how many threads it may use."""
        self._keeper.context.set_threads(self._threads.single, self._threads.batch)

    def advance(self, parts: Sequence[Part], aside: Aside) -> None:
        """Take the results of a decode that worked: tokens, frames, and `ending` of jobs that are through.

        What the next decode need not wait for is put into `aside`; what the last one left there is settled first.
        """
        aside.settle()
        index, written, now = 0, 0, self._ticks.monotonic()
        for part in parts:
            written += self._advance(part, index, now, aside)
            index += part.fresh + len(part.drafts)
        if self._writers == len(parts):
            self._learn(index, parts)
            self.rates.wrote(self._writers, written, self._seconds)
        elif not self._writers:
            self.rates.read(index, self._seconds)

    def _learn(self, rows: int, parts: Sequence[Part]) -> None:
        """Tell those who guess what a step costs; of single rows, which are most, only now and then."""
        if (rows > 1 or self._steps % _COST_STRIDE == 0) and any(part.job.drafting is not None for part in parts):
            self._cost.report(rows, self._seconds)

    def _advance(self, part: Part, index: int, now: float, aside: Aside) -> int:
        """Return how many tokens of answer a part has brought; `index` is its first entry in the batch."""
        job, resident = part.job, part.job.resident
        if resident is None:
            return 0
        self._keeper.fed(resident, part.fresh + len(part.drafts))
        start = len(resident.tokens)
        resident.tokens += job.tokens[start : start + part.fresh]
        if len(resident.tokens) < len(job.tokens):
            job.emit(api.Progress(min(job.computed, job.prompt_length), job.prompt_length, job.cached))
            return 0
        if not job.output_tokens:
            self._keeper.checkpoint(resident)
        try:
            taken = self._write(job, index + part.fresh - 1, part.drafts, now, aside)
        except NativeError as error:
            taken = []
            job.ending = Ending(failed=api.Failed(FailureKind.BAD_RESPONSE.value, f"The local model failed: {error}"))
        if part.drafts:
            accepted = 0
            while accepted < min(len(taken), len(part.drafts)) and taken[accepted] == part.drafts[accepted]:
                accepted += 1
            resident.tokens += part.drafts[:accepted]
            if accepted < len(part.drafts):
                self._keeper.trim(resident)
        return len(taken)

    def _write(self, job: Job, index: int, drafts: Sequence[int], now: float, aside: Aside) -> list[int]:
        """Choose tokens from the logits of batch entry `index` on, as far as the drafts agree."""
        context = self._keeper.context
        logits = context.logits(index)
        if not job.timing.first:
            job.begin(logits, now)
            if job.ending is None and self._speculates and job.request.speculate:
                self._begin_drafting(job)
        if drafts:  # whether a token is the last one must be known before the next row is read
            taken = verified(drafts, lambda row: job.advance(context.logits(index + row), None))
        else:
            token = job.advance(logits, aside)
            taken = [] if token is None else [token]
        if job.drafting is None:
            return taken
        job.drafting.take(taken)
        return taken

    def _begin_drafting(self, job: Job) -> None:
        if job.limit - len(job.tokens) >= _LEAST_DRAFTING:
            job.drafting = Drafting(job.tokens, self._cost, drafter=self._drafter, key=job.number)


def _entries(part: Part) -> list[Entry]:
    """Return the batch entries of a part; those from the newest token on want logits."""
    job, fresh, drafts = part
    resident = job.resident
    if resident is None:
        return []
    sequence, start, newest = resident.sequence, len(resident.tokens), len(job.tokens) - 1
    tokens = [*job.tokens[start : start + fresh], *drafts]
    return [Entry(token, position, sequence, position >= newest) for position, token in enumerate(tokens, start)]
