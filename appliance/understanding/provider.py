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
from appliance.understanding.dialogue.following import Call, following
from appliance.understanding.dialogue.phrases import phrases
from appliance.understanding.languages import language
from appliance.understanding.understander import Understander
from appliance.understanding.vocabulary import ESCALATE

PROVIDER_ID = "homarus"
MODEL_ID = "mini"
UNDOABLE = "undoable"  # a result with it can be taken back (tools.undo)
_CLEAR = 0.8  # a language that is less likely than this is not the one to answer in
_ENDS = (".", "!", "?", "…", ":")
_CALL = "mini-"  # how its own calls are told from those of other models
ABILITIES = (
    "timers, alarms, reminders, notes, lists, sums, unit conversions, the time, dates, sound, music, lights, scenes "
    "and the state of this box"
)
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
            yield TextDelta(self._spoken(last, request.messages))
            yield Finished(StopReason.END)
            return
        text = _asked(last, request)
        if calls := self._continued(text, request):
            for call in calls:
                yield ToolCallReady(ToolCall(_CALL + new_id(), call.tool, call.arguments))
            yield Finished(StopReason.TOOL_CALLS)
            return
        understood = await self._understander.understand(text, self._clock.now_ms(), self._zone())
        if understood.tool == ESCALATE or understood.tool not in {tool.name for tool in request.tools}:
            raise _handed_over({"confidence": round(understood.confidence, 4), "guess": understood.guess})
        yield ToolCallReady(ToolCall(_CALL + new_id(), understood.tool, understood.arguments))
        yield Finished(StopReason.TOOL_CALLS)

    def hears(self, text: str) -> str | None:
        """Return the language of a sentence, None when it is not clear: "ok", "Timer 5"."""
        tag, likely = self._understander.hears(text)
        return tag if likely >= _CLEAR else None

    def _continued(self, text: str, request: GenerateRequest) -> Sequence[Call]:
        """Return the calls that the text asks for as a correction or a follow-up of the exchange before it."""
        before, asked, undoable = _exchange_before(request.messages)
        if before is None:
            return ()
        offered = {tool.name for tool in request.tools}
        # "make it ten" alone has no language; what it refers to had one
        for tag in dict.fromkeys((self._understander.hears(asked)[0], self._understander.hears(text)[0])):
            now_ms, zone = self._clock.now_ms(), self._zone()
            calls = following(text, before, language(tag), now_ms, zone, undoable=undoable)
            if calls is not None and all(call.tool in offered for call in calls):
                return calls
        return ()

    def _spoken(self, results: Message, messages: Sequence[Message]) -> str:
        """Return what the tools said, with the offer to take it back where that is possible.

        Raises ModelError(ESCALATE) for results that a larger model asked for.
        """
        found = [part for part in results.parts if isinstance(part, ToolResult)]
        if not all(result.call_id.startswith(_CALL) for result in found):
            raise _handed_over({"reason": "results of another model"})
        said = "\n".join(result.text for result in found)
        if not any(map(_undoable, found)):
            return said
        if not said.endswith(_ENDS):  # it ends with the person's own words
            said += "."
        asked = next((message.text for message in reversed(messages) if message.role is Role.USER), "")
        return f"{said} {phrases(self._understander.hears(asked)[0]).offer}"

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


def _exchange_before(messages: Sequence[Message]) -> tuple[Call | None, str, bool]:
    """Return the last call of this model that the answer before the new text came from, the words it answered, and
    whether it can be taken back: a call that changed nothing must not take back what was done before it.

    None when somebody else answered, or when the call failed: there is nothing to go on from.
    """
    call: Call | None = None
    results = dict[str, ToolResult]()
    undoable = False
    for message in reversed(messages[:-1]):
        if message.role is Role.USER:
            return call, message.text, undoable
        if message.role is Role.TOOL:
            results |= {part.call_id: part for part in message.parts if isinstance(part, ToolResult)}
            if any(result.is_error for result in results.values()):
                break
        elif message.tool_calls:
            newest = message.tool_calls[-1]
            if call is not None or not newest.id.startswith(_CALL):
                break
            call = Call(newest.name, newest.arguments)
            undoable = newest.id in results and _undoable(results[newest.id])
    return None, "", False


def _undoable(result: ToolResult) -> bool:
    return isinstance(result.data, dict) and bool(result.data.get(UNDOABLE))


def _handed_over(details: dict[str, object]) -> ModelError:
    return ModelError(FailureKind.ESCALATE, _HANDED_OVER, details=details)
