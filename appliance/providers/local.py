"""The engine on this box as a Provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from appliance.engine import api
from appliance.engine.client import EngineClient
from appliance.generation import (
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
}


class LocalProvider:
    """Speaks to one engine process. It runs one model, so the name in a request only labels it."""

    def __init__(self, client: EngineClient, *, provider_id: str = "local", models: Sequence[ModelInfo]) -> None:
        self._client = client
        self._id = provider_id
        self._models = tuple(models)

    @property
    def id(self) -> str:
        return self._id

    def models(self) -> tuple[ModelInfo, ...]:
        return self._models

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[StreamItem]:
        """Stream one answer; see `providers.base.Provider`."""
        async with aclosing(self._client.generate(api.generate_frame(request))) as answers:
            async for answer in answers:
                item = _item(answer)
                if item is not None:
                    yield item
                if isinstance(item, Finished):
                    return
        raise ModelError(FailureKind.BAD_RESPONSE, "The local model ended its answer without an end.")

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


def _item(answer: api.StreamAnswer) -> StreamItem | None:
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
            return _finished(answer)
        case _:
            return None  # scores were not asked for


def _finished(done: api.Done) -> Finished:
    if (stop := _STOPS.get(done.stop)) is None:
        # Nobody here cancelled: the engine is being stopped or replaced.
        raise ModelError(FailureKind.UNAVAILABLE, f"The local model ended early ({done.stop}). Ask once more.")
    return Finished(stop, Usage(done.prompt_tokens, done.output_tokens, done.cached_tokens))
