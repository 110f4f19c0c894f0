"""Anthropic messages.

What is sent fits both versions of the API: the newer one refuses sampling parameters, so there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from appliance.messages import Image, JsonObject, Part, Text, ToolCall, ToolResult, Usage
from appliance.providers.classification import problem_of
from appliance.providers.cloud.family import (
    MAX_ARGUMENT_CHARS,
    MAX_TOOL_CALLS,
    ServiceProblem,
    Shape,
    Unfinished,
    Unreadable,
    alternating,
    base64_text,
    decode,
    json_text,
    parse_arguments,
    wire_id,
)
from appliance.providers.stream import ServerEvent

_VERSION = "2026-10-21"
_VERSION_OF_IMITATIONS = "2023-06-01"  # the only one for three years: what others speak is this
_MAX_TOKENS = 8192  # the API wants a limit; every model that is still served allows this much
_CACHE_MARK = {"type": "ephemeral"}


class _Block(msgspec.Struct):
    type: str = ""
    id: str = ""
    name: str = ""
    text: str = ""
    thinking: str = ""
    input: Any = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Message(msgspec.Struct):
    usage: _Usage | None = None


class _Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: Any = None


_STOPS: Mapping[str, StopReason] = {
    "tool_use": StopReason.TOOL_CALLS,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "refusal": StopReason.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Anthropic:
    """The format. The base URL is that of the host: the path brings its own version."""

    official: bool = False
    attempts: int = 3

    def headers(self) -> Mapping[str, str]:
        return {"anthropic-version": _VERSION if self.official else _VERSION_OF_IMITATIONS}

    def credential_headers(self, key: str, *, bearer: bool) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {key}"} if bearer else {"x-api-key": key}

    def path(self, model: str) -> str:
        del model  # it is named in the body
        return "/v1/messages"

    def encode(self, request: GenerateRequest, shape: Shape) -> JsonObject:
        messages: list[dict[str, Any]] = [
            {"role": "assistant" if assistant else "user", "content": list(_blocks(parts))}
            for assistant, parts in alternating(request.messages)
        ]
        # Two marks: one behind the static prefix (tools come before the system text, so it covers both), one
        # behind the newest message, so that the next step reads the whole conversation from the cache.
        if messages:
            messages[-1]["content"][-1]["cache_control"] = _CACHE_MARK
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": _limit(request, shape),
            "messages": messages,
            "stream": True,
        }
        if request.system:
            body["system"] = [{"type": "text", "text": request.system, "cache_control": _CACHE_MARK}]
        if request.tools:
            tools: list[dict[str, Any]] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
                for tool in request.tools
            ]
            if not request.system:
                tools[-1]["cache_control"] = _CACHE_MARK
            body["tools"] = tools
        if request.response_schema is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": request.response_schema}}
        return body

    def decoder(self, request: GenerateRequest) -> MessagesDecoder:
        del request
        return MessagesDecoder()

    def embedding(self, model: str, texts: Sequence[str]) -> None:
        return None

    def vectors(self, body: bytes) -> list[list[float]]:
        raise Unreadable("this service has no embeddings")


def _limit(request: GenerateRequest, shape: Shape) -> int:
    limit = request.max_tokens or shape.limit or shape.ceiling or _MAX_TOKENS
    return limit if shape.ceiling is None else min(limit, shape.ceiling)


def _blocks(parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
    """Yield content blocks; the results of tools come first, as the API wants them."""
    for part in sorted(parts, key=lambda part: not isinstance(part, ToolResult)):
        if isinstance(part, Text):
            yield {"type": "text", "text": part.text}
        elif isinstance(part, Image):
            source = {"type": "base64", "media_type": part.media_type, "data": base64_text(part)}
            yield {"type": "image", "source": source}
        elif isinstance(part, ToolCall):
            yield {"type": "tool_use", "id": wire_id(part.id), "name": part.name, "input": part.arguments}
        else:
            block = {"type": "tool_result", "tool_use_id": wire_id(part.call_id), "content": part.text}
            yield {**block, "is_error": True} if part.is_error else block


@dataclass(slots=True)
class _OpenCall:
    id: str
    name: str
    pieces: list[str] = field(default_factory=list)
    chars: int = 0


class MessagesDecoder:
    """Reads the events of one answer. Calls wait for its end: only there it is known that none was cut off."""

    def __init__(self) -> None:
        self._calls: dict[int, _OpenCall] = {}
        self._stop: str | None = None
        self._usage = _Usage()
        self._done = False

    @property
    def done(self) -> bool:
        return self._done

    def feed(self, event: ServerEvent) -> Sequence[StreamItem]:
        value: _Event = decode(event.data, _Event)
        if value.type == "content_block_start" and value.content_block is not None:
            return self._begin(value.index, value.content_block)
        if value.type == "content_block_delta" and value.delta is not None:
            return self._delta(value.index, value.delta)
        if value.type == "message_start" and value.message is not None:
            self._count(value.message.usage)
        elif value.type == "message_delta":
            self._count(value.usage)
            self._stop = (value.delta.stop_reason if value.delta else None) or self._stop
        elif value.type == "message_stop":
            self._done = True
        elif value.type == "error":
            raise ServiceProblem(problem_of({"error": value.error}))
        return ()  # ping, and whatever is invented next

    def end(self) -> Sequence[StreamItem]:
        if self._stop is None:
            raise Unfinished
        stop = _STOPS.get(self._stop, StopReason.END)
        if stop is StopReason.LENGTH:
            return (Finished(stop, self._sum()),)  # the last call is cut off: half a wish is worse than none
        calls = [ToolCallReady(_complete(call)) for call in self._calls.values()]
        return (*calls, Finished(stop, self._sum()))

    def _begin(self, index: int, block: _Block) -> Sequence[StreamItem]:
        if block.type == "tool_use":
            if len(self._calls) >= MAX_TOOL_CALLS:
                raise Unreadable("too many tool calls in one answer")
            call = self._calls[index] = _OpenCall(block.id, block.name)
            if block.input:
                call.pieces.append(json_text(block.input))
        elif block.type == "text" and block.text:
            return (TextDelta(block.text),)
        elif block.type == "thinking" and block.thinking:
            return (ReasoningDelta(block.thinking),)
        return ()

    def _delta(self, index: int, delta: _Delta) -> Sequence[StreamItem]:
        if delta.type == "text_delta" and delta.text:
            return (TextDelta(delta.text),)
        if delta.type == "thinking_delta" and delta.thinking:
            return (ReasoningDelta(delta.thinking),)
        if delta.type == "input_json_delta" and (call := self._calls.get(index)) is not None:
            call.chars += len(delta.partial_json)
            if call.chars > MAX_ARGUMENT_CHARS:
                raise Unreadable("the arguments of a tool call are too long")
            call.pieces.append(delta.partial_json)
        return ()

    def _count(self, usage: _Usage | None) -> None:
        """Take counts over; the later event has the final ones, but may leave some out."""
        if usage is None:
            return
        for name in _Usage.__struct_fields__:
            if (value := getattr(usage, name)) is not None:
                setattr(self._usage, name, value)

    def _sum(self) -> Usage:
        """Add the cached parts to the input: this API counts them apart."""
        usage = self._usage
        read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
        whole = None if usage.input_tokens is None else usage.input_tokens + (read or 0) + (written or 0)
        return Usage(whole, usage.output_tokens, read, written)


def _complete(call: _OpenCall) -> ToolCall:
    if not call.name or not call.id:
        raise Unreadable("a tool call has no name or id")
    return ToolCall(call.id, call.name, parse_arguments("".join(call.pieces)))
