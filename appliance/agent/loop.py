"""Drives one turn: asks models, runs tools, stores what must survive, tells what happens.

Cancelling the task that runs it stops it within one token or at the next await of a tool; what was said until
then is in the outcome of `partial`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from appliance.agent import grounding
from appliance.agent.account import Account
from appliance.agent.report import RunReporter
from appliance.agent.turn import Ending, Finish, RunTools, Turn
from appliance.context.assembly import MARKS, Assembly
from appliance.context.wire import assistant_entry, note_entry, tool_result_entry
from appliance.foundation.clock import Clock
from appliance.generation import (
    Finished,
    GenerateRequest,
    ModelInfo,
    Progress,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCallReady,
)
from appliance.messages import JsonObject, ToolCall, ToolResult, Usage
from appliance.providers.errors import AllFailed
from appliance.providers.failover import CandidateChosen, CandidateFailed, ChainItem

_STEP_LIMIT_TEXT = "I stopped here: this took more steps than one request may take. Ask again in smaller parts."
_SKIPPED_TEXT = "Skipped: the person wrote something new meanwhile."


class ModelChain(Protocol):
    """The candidates for this run, the first that can answers (providers.failover)."""

    def generate(self, build: Callable[[ModelInfo], GenerateRequest]) -> AsyncIterator[ChainItem]: ...

    def starting_at(self, ref: str, *, past: bool) -> ModelChain | None:
        """Return the chain from this candidate on, or `past` it; None when nobody is left."""
        ...


class ToolRunner(Protocol):
    """Runs one call under the policy of the run and of the model; raises only when cancelled (tools.executor)."""

    async def __call__(self, call: ToolCall, info: ModelInfo | None) -> ToolResult: ...


class Transcript(Protocol):
    """Stores entries of this run so that they survive a power cut, then tells the bus."""

    async def append(self, entries: Sequence[JsonObject]) -> None:
        """Store and tell; when it is cancelled it does both before it raises that."""
        ...

    def steering_waits(self) -> bool:
        """Return whether the person wrote something meanwhile for this very run (queue mode steer)."""
        ...

    async def take_steering(self) -> Sequence[JsonObject]:
        """Store and return what the person wrote meanwhile."""
        ...


@dataclass(slots=True)
class Answer:
    """What one model call gave."""

    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    stop: StopReason = StopReason.END
    usage: Usage = field(default_factory=Usage)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a turn: its last entry, not stored yet, and what it cost in all (agent.account)."""

    entry: JsonObject
    text: str
    ending: Ending
    usage: Usage
    provider: str
    model: str
    facts: JsonObject = field(default_factory=dict)


class AgentLoop:
    """One turn of one run."""

    def __init__(
        self,
        *,
        chain: ModelChain,
        run_tool: ToolRunner,
        transcript: Transcript,
        assembly: Assembly,
        reporter: RunReporter,
        clock: Clock,
        turn: Turn | None = None,
    ) -> None:
        self._chain = chain
        self._run_tool = run_tool
        self._transcript = transcript
        self._assembly = assembly
        self._reporter = reporter
        self._clock = clock
        self._turn = turn or Turn()
        self._answer = Answer()
        self._info: ModelInfo | None = None
        self._account = Account(clock.monotonic())
        self._results: list[ToolResult] = []
        self._halted: Counter[str] = Counter()

    async def run(self) -> Outcome:
        """Run to the end. Raises AllFailed (no model answered) or ModelError (it broke off in mid-answer)."""
        step = self._turn.start()
        while not isinstance(step, Finish):
            if isinstance(step, RunTools):
                await self._tools(step)
                step = self._turn.ran()
            else:
                await self._infer()
                step = self._turn.answered(self._answer.calls, self._answer.stop)
        if step.ending is Ending.STEP_LIMIT:
            self._answer = Answer()
            self._say(_STEP_LIMIT_TEXT)
        self._reporter.flush()
        facts, names = self._account.facts(), self._names()
        entry = self._entry(step.ending.value, facts=facts)
        return Outcome(entry, self._reporter.text, step.ending, self._account.usage, *names, facts)

    def partial(self, stop_reason: str, error: str | None = None) -> JsonObject | None:
        """Return the entry for what was said before the turn broke off; None if nothing was and nothing failed."""
        if not self._answer.text and error is None:
            return None
        self._answer.calls = []  # they were not run, or their results are stored already
        return self._entry(stop_reason, error)

    def say(self, text: str) -> JsonObject:
        """Return the entry for an answer that no model gave: the box itself speaks."""
        self._info = None
        self._answer = Answer(text=text)
        return self._entry(StopReason.END.value)

    def _names(self) -> tuple[str, str]:
        return (self._info.provider, self._info.id) if self._info else ("", "")

    def _entry(self, stop_reason: str, error: str | None = None, *, facts: JsonObject | None = None) -> dict[str, Any]:
        provider, model = self._names()
        cost = self._info.price(self._answer.usage) if self._info is not None else None
        entry = assistant_entry(
            self._answer.text,
            tuple(self._answer.calls),
            provider=provider,
            model=model,
            usage=self._answer.usage,
            stop_reason=stop_reason,
            now_ms=self._clock.now_ms(),
            error=error,
            cost=cost,
        )
        marks = {**(facts or {}), **self._assembly.marks} if self._info is not None else {}
        return {**entry, MARKS: marks} if marks else entry

    def _say(self, text: str) -> None:
        if text.strip():
            self._account.began(self._clock.monotonic())
        self._answer.text += text
        self._reporter.add_text(text)

    async def _infer(self) -> None:
        self._answer = Answer()
        chain: ModelChain | None = self._chain
        while chain is not None:
            try:
                await self._ask(chain)
            except AllFailed:
                if not (self._halted and self._answer.text):
                    raise
                return  # what was good of the halted answer is all there is
            degenerated = self._answer.stop is StopReason.DEGENERATED and not self._answer.calls
            chain = await self._ground(chain) if degenerated else None
        if self._answer.usage.output_tokens is not None:
            self._reporter.emit("usage", {"outputTokens": self._answer.usage.output_tokens})

    async def _ground(self, chain: ModelChain) -> ModelChain | None:
        """Repair an answer that was halted; return who goes on with it, None when nobody can."""
        ref = self._info.ref if self._info is not None else ""
        self._halted[ref] += 1
        times, reason = self._halted[ref], self._answer.reason
        kept = grounding.good_part(self._answer.text)
        self._reporter.take_back(len(self._answer.text) - len(kept))
        self._answer.text, self._answer.stop = kept, StopReason.END
        told = {"phase": "grounding", "model": ref, "reason": reason, "attempt": times}
        self._reporter.emit("lifecycle", told)
        note = note_entry(grounding.note_text(ref, reason, times), self._clock.now_ms())
        await self._transcript.append([note])
        rest = chain.starting_at(ref, past=times > grounding.MAX_TIMES)
        if rest is None:
            if not kept:
                self._say(grounding.GIVEN_UP)
            return None
        if kept:
            self._say(" ")
        self._assembly.ground(kept, grounding.grounding_prompt(self._assembly.asked, self._results))
        return rest

    async def _ask(self, chain: ModelChain) -> None:
        async for item in chain.generate(self._assembly.request):
            match item:
                case TextDelta(text):
                    self._say(text)
                case ToolCallReady(call):
                    self._account.began(self._clock.monotonic())
                    self._answer.calls.append(call)
                case Finished(stop, usage, reason):
                    self._answer.stop, self._answer.usage, self._answer.reason = stop, usage, reason
                    self._account.add(self._info, item)
                case CandidateChosen(info):
                    self._chosen(info)
                case CandidateFailed(info, error):
                    self._reporter.emit(
                        "lifecycle",
                        {
                            "phase": "fallback_step",
                            "from": info.ref,
                            "reason": error.kind.value,
                            "message": str(error),
                        },
                    )
                case ReasoningDelta(text):
                    self._reporter.emit("thinking", {"delta": text})
                case Progress(done, total):
                    self._reporter.emit("run_status", {"phase": "reading_prompt", "done": done, "total": total})

    def _chosen(self, info: ModelInfo) -> None:
        if info != self._info:
            self._info = info
            names = {"provider": info.provider, "model": info.id, "tier": info.tier.value}
            self._reporter.emit("lifecycle", {"phase": "model", **names})

    async def _tools(self, step: RunTools) -> None:
        # Stored before the first call runs: after a crash it is known what may have happened.
        try:
            await self._store([self._entry(StopReason.TOOL_CALLS.value)])
        except asyncio.CancelledError:
            self._answer = Answer()  # stored all the same: `partial` must not say it again
            raise
        self._answer = Answer()
        results = [ToolResult(call.id, call.name, reason, is_error=True) for call, reason in step.refused]
        for call in step.calls:
            if self._transcript.steering_waits():
                results.append(ToolResult(call.id, call.name, _SKIPPED_TEXT, is_error=True))
            else:
                results.append(await self._call(call))
                self._results.append(results[-1])
        await self._store([tool_result_entry(result, self._clock.now_ms()) for result in results])
        if self._transcript.steering_waits():
            for entry in await self._transcript.take_steering():
                self._assembly.add(entry)
        self._reporter.next_item()

    async def _call(self, call: ToolCall) -> ToolResult:
        started_ms = self._clock.now_ms()
        ids = {"name": call.name, "toolCallId": call.id}
        item = {
            **ids,
            "itemId": f"tool:{call.id}",
            "kind": "tool",
            "title": call.name,
            "startedAt": started_ms,
        }
        self._reporter.emit("tool", {"phase": "start", **ids, "args": dict(call.arguments)})
        self._reporter.emit("item", {**item, "phase": "start", "status": "running"})
        result = await self._run_tool(call, self._info)
        content = {"content": [{"type": "text", "text": result.text}], "details": result.data}
        self._reporter.emit("tool", {"phase": "result", **ids, "isError": result.is_error, "result": content})
        status = "failed" if result.is_error else "completed"
        self._reporter.emit("item", {**item, "phase": "end", "status": status, "endedAt": self._clock.now_ms()})
        return result

    async def _store(self, entries: Sequence[JsonObject]) -> None:
        await self._transcript.append(entries)
        for entry in entries:
            self._assembly.add(entry)
