"""OpenAI responses, without any state on their side (`store: false`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.generation import (
    Finished,
    GenerateRequest,
    ReasoningDelta,
    StopReason,
    StreamItem,
    TextDelta,
    ToolCallReady,
)
from appliance.messages import Image, JsonObject, Message, Role, Text, ToolCall, ToolResult, Usage
from appliance.providers.classification import problem_of
from appliance.providers.cloud.family import (
    MAX_TOOL_CALLS,
    ServiceProblem,
    Shape,
    Unfinished,
    Unreadable,
    cache_key,
    data_url,
    decode,
    json_text,
    parse_arguments,
    strict_schema,
    wire_id,
)
from appliance.providers.cloud.vectors import read_openai_vectors
from appliance.providers.stream import ServerEvent

_MIN_OUTPUT_TOKENS = 16  # the API refuses less


class _Item(msgspec.Struct):
    type: str = ""
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    status: str | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    usage: _Usage | None = None
    incomplete_details: _Incomplete | None = None
    error: Any = None


class _TokenProbability(msgspec.Struct):
    logprob: float


class _Event(msgspec.Struct):
    type: str = ""
    delta: str | None = None
    item: _Item | None = None
    response: _Response | None = None
    logprobs: list[_TokenProbability] | None = None
    error: Any = None


_THOUGHTS = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})
_LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})


@dataclass(frozen=True, slots=True)
class OpenAIResponses:
    """The format."""

    official: bool = False
    attempts: int = 3

    def headers(self) -> Mapping[str, str]:
        return {}

    def credential_headers(self, key: str, *, bearer: bool) -> Mapping[str, str]:
        del bearer  # there is no other way here
        return {"Authorization": f"Bearer {key}"}

    def path(self, model: str) -> str:
        del model  # it is named in the body
        return "/responses"

    def encode(self, request: GenerateRequest, shape: Shape) -> JsonObject:
        body: dict[str, Any] = {
            "model": request.model,
            "input": [item for message in request.messages for item in _items(message)],
            "stream": True,
            "store": False,
        }
        if request.system:
            body["instructions"] = request.system
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                    "strict": False,  # the default here is true, which refuses optional arguments
                }
                for tool in request.tools
            ]
        if (limit := request.max_tokens or shape.limit) is not None:
            body["max_output_tokens"] = max(limit, _MIN_OUTPUT_TOKENS)
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.logprobs:
            body["include"] = ["message.output_text.logprobs"]
        if request.response_schema is not None:
            schema = request.response_schema
            form = {"type": "json_schema", "name": "answer", "schema": schema, "strict": strict_schema(schema)}
            body["text"] = {"format": form}
        if self.official and request.session_key:
            body["prompt_cache_key"] = cache_key(request.session_key)
        return body

    def decoder(self, request: GenerateRequest) -> ResponsesDecoder:
        del request
        return ResponsesDecoder()

    def embedding(self, model: str, texts: Sequence[str]) -> tuple[str, JsonObject]:
        return "/embeddings", {"model": model, "input": list(texts), "encoding_format": "float"}

    def vectors(self, body: bytes) -> list[list[float]]:
        return read_openai_vectors(body)


def _items(message: Message) -> Iterator[JsonObject]:
    if message.role is Role.USER:
        yield {"role": "user", "content": _content(message)}
        return
    if message.role is Role.ASSISTANT and message.text:
        yield {"role": "assistant", "content": message.text}
    for part in message.parts:
        if isinstance(part, ToolCall):
            arguments = json_text(part.arguments)
            yield {
                "type": "function_call",
                "call_id": wire_id(part.id),
                "name": part.name,
                "arguments": arguments,
            }
        elif isinstance(part, ToolResult):
            yield {"type": "function_call_output", "call_id": wire_id(part.call_id), "output": part.text}


def _content(message: Message) -> str | list[JsonObject]:
    if not any(isinstance(part, Image) for part in message.parts):
        return message.text
    parts: list[JsonObject] = []
    for part in message.parts:
        if isinstance(part, Text):
            parts.append({"type": "input_text", "text": part.text})
        elif isinstance(part, Image):
            parts.append({"type": "input_image", "image_url": data_url(part), "detail": "auto"})
    return parts


class ResponsesDecoder:
    """Reads the events of one answer. Calls are taken whole, when their item is done."""

    def __init__(self) -> None:
        self._calls = 0
        self._refused = False
        self._stop: StopReason | None = None
        self._usage = Usage()

    @property
    def done(self) -> bool:
        return self._stop is not None

    def feed(self, event: ServerEvent) -> Sequence[StreamItem]:
        if event.data.strip() == "[DONE]":  # imitations send it
            return ()
        value: _Event = decode(event.data, _Event)
        if value.type == "response.output_text.delta" and value.delta:
            return (TextDelta(value.delta, tuple(token.logprob for token in value.logprobs or ())),)
        if value.type == "response.refusal.delta" and value.delta:
            self._refused = True
            return (TextDelta(value.delta),)
        if value.type in _THOUGHTS and value.delta:
            return (ReasoningDelta(value.delta),)
        if value.type == "response.output_item.done" and value.item and value.item.type == "function_call":
            # A call that the limit cut off: half a wish is worse than none.
            return () if value.item.status == "incomplete" else (ToolCallReady(self._call(value.item)),)
        if value.type in _LAST:
            self._last(value)
        elif value.type == "error" or value.error:
            # The event carries its fields beside `type`; some imitations wrap them in `error`.
            raise ServiceProblem(problem_of(_without_type(event.data)))
        return ()

    def end(self) -> Sequence[StreamItem]:
        if self._stop is None:
            raise Unfinished
        return (Finished(self._stop, self._usage),)

    def _call(self, item: _Item) -> ToolCall:
        self._calls += 1
        if self._calls > MAX_TOOL_CALLS:
            raise Unreadable("too many tool calls in one answer")
        if not item.name or not item.call_id:
            raise Unreadable("a tool call has no name or id")
        return ToolCall(item.call_id, item.name, parse_arguments(item.arguments))

    def _last(self, event: _Event) -> None:
        response = event.response or _Response()
        if event.type == "response.failed":
            raise ServiceProblem(problem_of({"error": response.error or {}}))
        if response.usage is not None:
            details = response.usage.input_tokens_details or _InputDetails()
            self._usage = Usage(
                response.usage.input_tokens,
                response.usage.output_tokens,
                details.cached_tokens,
                details.cache_write_tokens,
            )
        reason = response.incomplete_details.reason if response.incomplete_details else None
        if self._refused or reason == "content_filter":
            self._stop = StopReason.REFUSED
        elif event.type == "response.incomplete":
            self._stop = StopReason.LENGTH
        else:
            self._stop = StopReason.TOOL_CALLS if self._calls else StopReason.END


def _without_type(data: str) -> object:
    value = msgspec.json.decode(data)
    if isinstance(value, dict) and value.get("type") == "error":
        del value["type"]
    return value
