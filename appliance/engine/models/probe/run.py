"""Asks a running engine the probes, behind every person, one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from appliance.engine import api
from appliance.engine.models.probe.cases import Probes, ProbeTool, probes
from appliance.engine.models.probe.record import ProbeResult, result_of
from appliance.engine.models.probe.scoring import Judged, Said, judge_answer, judge_call
from appliance.engine.models.recommend.box import Rates
from appliance.foundation.clock import Clock
from appliance.generation import FailureKind, ModelError

_CALL_TOKENS, _ANSWER_TOKENS = 96, 48
_SYSTEM = "You are the assistant of a home. Answer in one short sentence. Call a tool only when it is asked for."
_PRIORITY = -1
_LEAST_FRESH = 64  # tokens that were not kept: below it the fixed cost of a step is what one would measure
# Then nothing is learned about the model: the probes begin anew another time.
_NOT_ITS_FAULT = frozenset(
    {FailureKind.UNAVAILABLE, FailureKind.TIMEOUT, FailureKind.BAD_RESPONSE, FailureKind.OVERLOADED}
)


class Asked(Protocol):
    """The engine that is asked (engine.client.EngineClient)."""

    def generate(self, frame: api.Generate) -> AsyncGenerator[api.StreamAnswer, None]: ...


async def probe(
    engine: Asked,
    *,
    sha256: str,
    file: str,
    clock: Clock,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    cases: Probes | None = None,
) -> ProbeResult:
    """Ask all probes and judge them.

    Raises ModelError when the engine goes away or has no time; a probe that it refuses counts as wrong.
    """
    asked = cases or probes()
    began, total = clock.monotonic(), len(asked.calls) + len(asked.answers)
    judged: list[Judged] = []
    watch = _Watch()
    for call in asked.calls:
        said = await _ask(engine, _frame(call.say, asked.offered(call), _CALL_TOKENS), watch)
        judged.append(judge_call(call, said))
        on_progress(len(judged), total)
    for answer in asked.answers:
        judged.append(judge_answer(answer, await _ask(engine, _frame(answer.say, (), _ANSWER_TOKENS), watch)))
        on_progress(len(judged), total)
    return result_of(
        judged,
        sha256=sha256,
        file=file,
        probes=asked.version,
        rates=watch.rates(),
        seconds=round(clock.monotonic() - began, 1),
        at_ms=clock.now_ms(),
    )


class _Watch:
    """Adds up tokens and the times that the engine says it needed for them."""

    def __init__(self) -> None:
        self._read = self._read_ms = self._written = self._written_ms = 0.0

    def take(self, done: api.Done) -> None:
        """Count one answer; a few tokens alone are no measurement of reading."""
        fresh = done.prompt_tokens - done.cached_tokens
        if fresh >= _LEAST_FRESH and done.prompt_ms > 0:
            self._read, self._read_ms = self._read + fresh, self._read_ms + done.prompt_ms
        if done.output_tokens > 1 and done.generate_ms > 0:
            self._written, self._written_ms = self._written + done.output_tokens, self._written_ms + done.generate_ms

    def rates(self) -> Rates:
        """Return tokens a second, 0 where nothing was measured."""
        return Rates(
            round(self._read * 1000 / self._read_ms, 2) if self._read_ms else 0.0,
            round(self._written * 1000 / self._written_ms, 2) if self._written_ms else 0.0,
        )


def _frame(say: str, tools: tuple[ProbeTool, ...], tokens: int) -> api.Generate:
    return api.Generate(
        api.Chat(
            [{"role": "user", "content": say}],
            system=_SYSTEM,
            tools=[api.ToolDef(tool.name, tool.description, tool.parameters) for tool in tools],
        ),
        max_tokens=tokens,
        temperature=0.0,
        priority=_PRIORITY,
        background=True,
        keep=False,
    )


async def _ask(engine: Asked, frame: api.Generate, watch: _Watch) -> Said:
    text: list[str] = []
    calls: list[tuple[str, dict[str, Any]]] = []
    confidence = 0.0
    try:
        async with contextlib.aclosing(engine.generate(frame)) as answers:
            async for answer in answers:
                if isinstance(answer, api.Token):
                    text.append(answer.text)
                elif isinstance(answer, api.Call):
                    calls.append((answer.name, dict(answer.arguments)))
                elif isinstance(answer, api.Done):
                    confidence = round(answer.confidence, 4)
                    watch.take(answer)
    except ModelError as error:
        if error.kind in _NOT_ITS_FAULT:
            raise
    return Said("".join(text), tuple(calls), confidence)
