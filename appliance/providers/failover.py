"""One answer from the first candidate that can give it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

from appliance.foundation.clock import Clock
from appliance.generation import (
    FailureKind,
    Finished,
    GenerateRequest,
    ModelError,
    ModelInfo,
    StopReason,
    StreamItem,
    TextDelta,
    ToolCallReady,
)
from appliance.providers.base import Provider
from appliance.providers.cooldown import Cooldowns
from appliance.providers.errors import AllFailed, AnswerBroken, Origin, failure


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and who serves it. With `only_after`, it is asked only when one before it failed in such a way."""

    provider: Provider
    model: ModelInfo
    only_after: frozenset[FailureKind] | None = None

    @property
    def ref(self) -> str:
        return self.model.ref


@dataclass(frozen=True, slots=True)
class CandidateChosen:
    """What follows comes from this model. Said once, before its first item."""

    info: ModelInfo


@dataclass(frozen=True, slots=True)
class CandidateFailed:
    """This model gave nothing visible; the next one is asked, or `AllFailed` follows. ESCALATE is no fault."""

    info: ModelInfo
    error: ModelError


ChainItem: TypeAlias = StreamItem | CandidateChosen | CandidateFailed


class Failover:
    """A chain of candidates for one run; the cooldowns are shared by all chains.

    `rejected` are references that the router left out or nobody knows: they are named when nobody can answer. Nothing
    is dialled for a model that is not on this box while `offline` is true. `handover` is the least confidence of a
    model; it is asked for only while somebody else could take over.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        cooldowns: Cooldowns,
        clock: Clock,
        offline: bool = False,
        handover: Callable[[ModelInfo], float] = lambda _: 0.0,
        rejected: Sequence[tuple[str, ModelError]] = (),
    ) -> None:
        self._candidates = tuple(candidates)
        self._cooldowns = cooldowns
        self._clock = clock
        self._offline = offline
        self._handover = handover
        self._rejected = tuple(rejected)

    def starting_at(self, ref: str, *, past: bool) -> Failover | None:
        """Return the chain from this candidate on, or `past` it; None when nobody is left."""
        place = next((at for at, one in enumerate(self._candidates) if one.ref == ref), len(self._candidates))
        left = self._candidates[place + past :]
        if past:  # nobody failed: the one before only said nothing good
            left = tuple(one for one in left if one.only_after is None)
        if not left:
            return None
        return Failover(
            left, cooldowns=self._cooldowns, clock=self._clock, offline=self._offline, handover=self._handover
        )

    async def generate(self, build: Callable[[ModelInfo], GenerateRequest]) -> AsyncGenerator[ChainItem]:
        """Stream the first answer; `build` makes the request for the model that is asked.

        The next candidate is asked only while nothing visible (text or a tool call) was passed on. Raises
        AllFailed when none is left and AnswerBroken when one fails after that point.
        """
        attempts: list[tuple[str, ModelError]] = []
        plan = self._plan()
        for place, (candidate, unable) in enumerate(plan):
            if not _called_for(candidate, [*attempts, *self._rejected]):
                continue
            error = unable
            if error is None:
                outcome = _Outcome()
                request = build(candidate.model)
                if any(reason is None and _takes_over(one) for one, reason in plan[place + 1 :]):
                    request = replace(request, min_confidence=self._handover(candidate.model))
                async with aclosing(self._ask(candidate, request, outcome)) as items:
                    async for item in items:
                        yield item
                if outcome.error is None:
                    return
                error = outcome.error
            attempts.append((candidate.ref, error))
            yield CandidateFailed(candidate.model, error)
        raise AllFailed((*attempts, *self._rejected))

    def _plan(self) -> list[tuple[Candidate, ModelError | None]]:
        """Pair every candidate with the reason not to ask it now, if there is one."""
        now = self._clock.monotonic()
        plan = [(candidate, self._unable(candidate, now)) for candidate in self._candidates]
        if all(reason is not None for _, reason in plan):
            # Everybody rests: one careful attempt is better than a box that says nothing for an hour.
            for index, (candidate, reason) in enumerate(plan):
                offline = reason is not None and reason.kind is FailureKind.OFFLINE
                if not offline and self._cooldowns.may_probe(candidate.provider.id, now):
                    plan[index] = (candidate, None)
                    break
        return plan

    def _unable(self, candidate: Candidate, now: float) -> ModelError | None:
        if self._offline and not candidate.model.local:
            return failure(FailureKind.OFFLINE, Origin(candidate.model.provider, candidate.model.id))
        if (rest := self._cooldowns.resting(candidate.provider.id, now)) is None:
            return None
        kind, left_s = rest
        message = f"{candidate.ref} rests for {left_s:.0f} s after a failure ({kind.value.replace('_', ' ')})."
        return ModelError(kind, message, retry_after_s=left_s, details={"resting": True})

    async def _ask(
        self, candidate: Candidate, request: GenerateRequest, outcome: _Outcome
    ) -> AsyncGenerator[ChainItem]:
        """Pass on the stream of one candidate; a failure that nobody saw goes to `outcome`."""
        visible = chosen = False
        try:
            # Provider.generate is declared as an iterator, the form that a Protocol can state; it is a
            # generator.
            stream = cast("AsyncGenerator[StreamItem, Any]", candidate.provider.generate(request))
            async with aclosing(stream) as items:
                async for item in items:
                    if isinstance(item, Finished) and item.stop is StopReason.REFUSED and not visible:
                        raise failure(FailureKind.REFUSED, Origin(candidate.model.provider, candidate.model.id))
                    visible = visible or _is_visible(item)
                    if not chosen:
                        chosen = True
                        yield CandidateChosen(candidate.model)
                    if isinstance(item, Finished):
                        self._cooldowns.succeeded(candidate.provider.id)
                    yield item
        except ModelError as error:
            self._cooldowns.failed(candidate.provider.id, error, self._clock.monotonic())
            if visible:
                raise AnswerBroken.after(candidate.ref, error) from error
            outcome.error = error


@dataclass(slots=True)
class _Outcome:
    """Why a candidate gave nothing; None after an answer."""

    error: ModelError | None = None


def _called_for(candidate: Candidate, failed: Sequence[tuple[str, ModelError]]) -> bool:
    return candidate.only_after is None or any(error.kind in candidate.only_after for _, error in failed)


def _takes_over(candidate: Candidate) -> bool:
    return candidate.only_after is None or FailureKind.ESCALATE in candidate.only_after


def _is_visible(item: StreamItem) -> bool:
    return isinstance(item, ToolCallReady) or (isinstance(item, TextDelta) and bool(item.text))
