"""The engine on this box as a Provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import msgspec

from appliance.engine import api
from appliance.engine.client import EngineClient
from appliance.generation import (
    EngineFacts,
    FailureKind,
    Finished,
    GenerateRequest,
    ModelError,
    ModelInfo,
    Progress,
    ReasoningDelta,
    StopReason,
    StreamItem,
    TextDelta,
    ToolCallReady,
)
from appliance.messages import ToolCall, Usage

_STOPS = {
    "stop": StopReason.END,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_CALLS,
    "degenerated": StopReason.DEGENERATED,
}


class LocalProvider:
    """Speaks to one engine process. It runs one model, so the name in a request only labels it."""

    name = "The local model"  # begins a sentence

    def __init__(
        self,
        client: EngineClient,
        *,
        provider_id: str = "local",
        models: Sequence[ModelInfo],
        longest: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`longest` returns the owner's bound of an answer in tokens as it is now, None for none."""
        self._client = client
        self._id = provider_id
        self._models = tuple(models)
        self._longest = longest

    @property
    def id(self) -> str:
        return self._id

    def models(self) -> tuple[ModelInfo, ...]:
        if (longest := self._longest()) is None:
            return self._models
        return tuple(replace(model, max_output_tokens=longest) for model in self._models)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[StreamItem]:
        """Stream one answer, no longer than the owner allows; see `providers.base.Provider`."""
        bounds = [bound for bound in (request.max_tokens, self._longest()) if bound is not None]
        request = replace(request, max_tokens=min(bounds, default=None))
        try:
            async with aclosing(self._client.generate(request_frame(request))) as answers:
                async for answer in answers:
                    if isinstance(answer, api.Done):
                        self._window_is(answer.window)
                    item = _item(answer, self.name)
                    if item is not None:
                        yield item
                    if isinstance(item, Finished):
                        return
        except ModelError as error:
            if error.kind is FailureKind.CONTEXT_OVERFLOW:
                self._window_is(error.details.get("window"))
            raise
        raise ModelError(FailureKind.BAD_RESPONSE, f"{self.name} ended its answer without an end.")

    async def warm(self, request: GenerateRequest) -> EngineFacts | None:
        """Have the beginning of later requests read and kept, without an answer. Raises ModelError."""
        frame = msgspec.structs.replace(request_frame(request), max_tokens=0, background=True, min_confidence=0.0)
        async with aclosing(self._client.generate(frame)) as answers:
            async for answer in answers:
                if isinstance(answer, api.Done):
                    return _facts(answer)
        return None

    async def info(self) -> api.Info:
        """Return what the engine runs and how it is at this moment. Raises ModelError."""
        info = await self._client.info()
        self._window_is(info.context)
        return info

    def _window_is(self, window: object) -> None:
        """Follow the room of this moment, so that the next prompt is cut to it."""
        if isinstance(window, int) and window > 0:
            self._models = tuple(replace(model, context_window=window) for model in self._models)

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text; see `providers.base.Provider`."""
        del model  # there is only one
        vectors: list[list[float]] = []
        for start in range(0, len(texts), api.MAX_TEXTS):
            vectors += (await self._client.embed(texts[start : start + api.MAX_TEXTS])).vectors
        return vectors

    async def aclose(self) -> None:
        """Nothing stays open between two calls."""


def model_info(info: api.Info, *, provider_id: str = "local") -> ModelInfo:
    """Describe what an engine runs, for the catalog."""
    return ModelInfo(
        provider=provider_id,
        id=info.name,
        name=info.description or info.name,
        context_window=info.context or None,
        embeds=info.embeddings,
        local=True,
        cost_input=0.0,
        cost_output=0.0,
    )


def request_frame(request: GenerateRequest) -> api.Generate:
    """Return what an engine is asked."""
    return msgspec.structs.replace(
        api.generate_frame(request), background=request.background, min_confidence=request.min_confidence
    )


def _item(answer: api.StreamAnswer, name: str) -> StreamItem | None:
    match answer:
        case api.Token(text=text, logprobs=logprobs):
            return TextDelta(text, tuple(logprobs)) if text or logprobs else None
        case api.Reasoning(text=text):
            return ReasoningDelta(text)
        case api.Call(id=call_id, name=name, arguments=arguments):
            return ToolCallReady(ToolCall(call_id, name, arguments))
        case api.Progress(done=done, total=total):
            return Progress(done, total)
        case api.Done():
            return _finished(answer, name)
        case _:
            return None  # scores were not asked for


def _finished(done: api.Done, name: str) -> Finished:
    if done.stop == "unsure":
        # Nothing was shown: a larger model takes the whole request.
        message = f"{name} is not sure enough of this one and hands over."
        raise ModelError(FailureKind.ESCALATE, message, details={"confidence": round(done.confidence, 4)})
    if (stop := _STOPS.get(done.stop)) is None:
        # Nobody here cancelled: the engine is being stopped or replaced.
        raise ModelError(FailureKind.UNAVAILABLE, f"{name} ended early ({done.stop}). Ask once more.")
    usage = Usage(done.prompt_tokens, done.output_tokens, done.cached_tokens)
    return Finished(stop, usage, done.reason, _facts(done))


def _facts(done: api.Done) -> EngineFacts:
    return EngineFacts(
        queue_ms=done.queue_ms,
        prompt_ms=done.prompt_ms,
        generate_ms=done.generate_ms,
        restored=done.restored,
        drafted=done.drafted,
        accepted=done.accepted,
        confidence=done.confidence,
        window=done.window,
    )
