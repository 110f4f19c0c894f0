"""A provider that says what it is told to say."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from appliance.generation import (
    FailureKind,
    Finished,
    GenerateRequest,
    ModelError,
    ModelInfo,
    StopReason,
    StreamItem,
    TextDelta,
)
from appliance.messages import Usage

Step = StreamItem | ModelError


def said(text: str) -> tuple[Step, ...]:
    """The steps of a plain answer."""
    return (TextDelta(text), Finished(StopReason.END, Usage(1, 1)))


def fails(kind: FailureKind, *, retry_after_s: float | None = None) -> tuple[Step, ...]:
    """The steps of a refusal before the first item."""
    return (ModelError(kind, f"it failed ({kind.value}).", retry_after_s=retry_after_s),)


class ScriptedProvider:
    """Answers with one script after the other, then with `said("ok")`; remembers requests and what was broken off."""

    def __init__(
        self, provider_id: str = "fake", *scripts: Sequence[Step], models: Sequence[ModelInfo] | None = None
    ) -> None:
        self._id = provider_id
        self._models = tuple(models or (ModelInfo(provider_id, "one", "One", context_window=8192),))
        self._scripts = deque(scripts)
        self.requests: list[GenerateRequest] = []
        self.broken_off = 0
        self.closed = 0

    @property
    def id(self) -> str:
        return self._id

    def script(self, *scripts: Sequence[Step]) -> None:
        """Add what the next calls give."""
        self._scripts.extend(scripts)

    def models(self) -> tuple[ModelInfo, ...]:
        return self._models

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[StreamItem]:
        self.requests.append(request)
        steps = self._scripts.popleft() if self._scripts else said("ok")
        ended = False
        try:
            for step in steps:
                ended = isinstance(step, (Finished, ModelError))
                if isinstance(step, ModelError):
                    raise ModelError(step.kind, str(step), retry_after_s=step.retry_after_s)
                yield step
        finally:
            self.broken_off += not ended

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        return [[float(len(text))] for text in texts]

    async def aclose(self) -> None:
        self.closed += 1


def local(provider: ScriptedProvider) -> ScriptedProvider:
    """Make the provider one of this box."""
    provider._models = tuple(replace(model, local=True) for model in provider._models)
    return provider
