"""homarus-mini as a model among models: structurally a provider that answers with tool calls or hands over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from zoneinfo import ZoneInfo

from appliance.foundation.clock import Clock
from appliance.foundation.ids import new_id
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
from appliance.messages import Image, Message, Role, ToolCall, ToolResult
from appliance.understanding.understander import Understander
from appliance.understanding.vocabulary import ESCALATE

PROVIDER_ID = "homarus"
MODEL_ID = "mini"
_CALL = "mini-"  # how its own calls are told from those of other models
ABILITIES = "timers, alarms, reminders, notes, lists, sums, unit conversions, the time, dates and the state of this box"
_HANDED_OVER = f"This is more than the embedded model can do: it is for {ABILITIES}."


class MiniProvider:
    """Turns the last user text into one tool call; after the tool ran, says what the tool said.

    It reads nothing but the last user text: no history, no system prompt. `zone` is asked at every call, because
    the owner may change it.
    """

    def __init__(self, understander: Understander, clock: Clock, zone: Callable[[], ZoneInfo]) -> None:
        self._understander = understander
        self._clock = clock
        self._zone = zone

    @property
    def id(self) -> str:
        return PROVIDER_ID

    def models(self) -> tuple[ModelInfo, ...]:
        return (ModelInfo(PROVIDER_ID, MODEL_ID, "Homarus mini", context_window=512, local=True),)

    async def generate(self, request: GenerateRequest) -> AsyncIterator[StreamItem]:
        """Yield a tool call, or the texts of the results that just came. Raises ModelError(ESCALATE)."""
        last = request.messages[-1] if request.messages else None
        if last is not None and last.role is Role.TOOL:
            for item in _spoken(last):
                yield item
            return
        text = _asked(last, request)
        understood = await self._understander.understand(text, self._clock.now_ms(), self._zone())
        if understood.tool == ESCALATE or understood.tool not in {tool.name for tool in request.tools}:
            raise _handed_over({"confidence": round(understood.confidence, 4), "guess": understood.guess})
        yield ToolCallReady(ToolCall(_CALL + new_id(), understood.tool, understood.arguments))
        yield Finished(StopReason.TOOL_CALLS)

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Raise ModelError: this model makes no embeddings."""
        raise ModelError(
            FailureKind.INVALID_REQUEST, f"{PROVIDER_ID}/{model} makes no embeddings of {len(texts)} texts."
        )

    async def aclose(self) -> None:
        """Do nothing: the engine process belongs to the supervisor."""


def _asked(last: Message | None, request: GenerateRequest) -> str:
    """Return the user text. Raises ModelError(ESCALATE) for what no tool call can answer."""
    if last is None or last.role is not Role.USER or request.response_schema is not None or not request.tools:
        raise _handed_over({})
    if any(isinstance(part, Image) for part in last.parts):
        raise _handed_over({"reason": "image"})
    return last.text


def _spoken(message: Message) -> list[StreamItem]:
    """Return what the tools said. Raises ModelError(ESCALATE) for results that a larger model asked for."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    if not all(result.call_id.startswith(_CALL) for result in results):
        raise _handed_over({"reason": "results of another model"})
    texts = [result.text for result in results]
    return [TextDelta("\n".join(texts)), Finished(StopReason.END)]


def _handed_over(details: dict[str, object]) -> ModelError:
    return ModelError(FailureKind.ESCALATE, _HANDED_OVER, details=details)
