"""OpenAI chat completions, as OpenAI, Ollama, vLLM, llama-server, OpenRouter and others speak them.

The imitations differ in small things, so reading is lenient: see `ChatDecoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from appliance.foundation.ids import new_id
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
    MAX_ARGUMENT_CHARS,
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

_DONE = "[DONE]"


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None


class _Delta(msgspec.Struct):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None  # vLLM, llama-server, DeepSeek
    reasoning: Any = None  # Ollama, OpenRouter: text
    tool_calls: list[_Call] | None = None


class _TokenProbability(msgspec.Struct):
    logprob: float


class _Logprobs(msgspec.Struct):
    content: list[_TokenProbability] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    message: _Delta | None = None  # a service that does not stream although asked to
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_STOPS: Mapping[str, StopReason] = {
    "length": StopReason.LENGTH,
    "max_tokens": StopReason.LENGTH,
    "content_filter": StopReason.REFUSED,
    "refusal": StopReason.REFUSED,
    "safety": StopReason.REFUSED,
}


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """The format. `official` adds what only OpenAI takes; others answer 400 to fields they do not know."""

    official: bool = False
    attempts: int = 3

    def headers(self) -> Mapping[str, str]:
        return {}

    def credential_headers(self, key: str, *, bearer: bool) -> Mapping[str, str]:
        del bearer  # there is no other way here
        return {"Authorization": f"Bearer {key}"}

    def path(self, model: str) -> str:
        del model  # it is named in the body
        return "/chat/completions"

    def encode(self, request: GenerateRequest, shape: Shape) -> JsonObject:
        body: dict[str, Any] = {
            "model": request.model,
            "messages": list(_messages(request)),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in request.tools
            ]
        if (limit := request.max_tokens or shape.limit) is not None:
            # OpenAI's reasoning models refuse the old name, nearly everybody else knows only that one.
            body["max_completion_tokens" if self.official else "max_tokens"] = limit
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.logprobs:
            body["logprobs"] = True
        if request.response_schema is not None:
            schema = request.response_schema
            form = {"name": "answer", "schema": schema, "strict": strict_schema(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        if self.official and request.session_key:
            body["prompt_cache_key"] = cache_key(request.session_key)
        return body

    def decoder(self, request: GenerateRequest) -> ChatDecoder:
        del request
        return ChatDecoder()

    def embedding(self, model: str, texts: Sequence[str]) -> tuple[str, JsonObject]:
        return "/embeddings", {"model": model, "input": list(texts), "encoding_format": "float"}

    def vectors(self, body: bytes) -> list[list[float]]:
        return read_openai_vectors(body)


def _messages(request: GenerateRequest) -> Iterator[JsonObject]:
    if request.system:
        yield {"role": "system", "content": request.system}
    for message in request.messages:
        if message.role is Role.USER:
            yield {"role": "user", "content": _content(message)}
        elif message.role is Role.ASSISTANT:
            yield _assistant(message)
        else:
            for part in message.parts:
                if isinstance(part, ToolResult):
                    yield {"role": "tool", "tool_call_id": wire_id(part.call_id), "content": part.text}


def _content(message: Message) -> str | list[JsonObject]:
    if not any(isinstance(part, Image) for part in message.parts):
        return message.text
    parts: list[JsonObject] = []
    for part in message.parts:
        if isinstance(part, Text):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            parts.append({"type": "image_url", "image_url": {"url": data_url(part)}})
    return parts


def _assistant(message: Message) -> JsonObject:
    entry: dict[str, Any] = {"role": "assistant", "content": message.text or None}
    if message.tool_calls:
        entry["tool_calls"] = [
            {
                "id": wire_id(call.id),
                "type": "function",
                "function": {"name": call.name, "arguments": json_text(call.arguments)},
            }
            for call in message.tool_calls
        ]
    elif entry["content"] is None:
        entry["content"] = ""  # null is only allowed beside tool calls
    return entry


@dataclass(slots=True)
class _OpenCall:
    index: int | None
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    chars: int = 0


class ChatDecoder:
    """Reads the chunks of one answer.

    Tolerated: no usage (unknown, not zero), no `[DONE]`, calls without id or index or with one index for all,
    content null or in parts, arguments as an object, a `finish_reason` "stop" or "" after tool calls, a whole
    `message` instead of a stream, an `error` object inside a good stream.
    """

    def __init__(self, make_id: Callable[[], str] = new_id) -> None:
        self._make_id = make_id
        self._calls: list[_OpenCall] = []
        self._finish: str | None = None
        self._refused = False
        self._usage = Usage()
        self._done = False

    @property
    def done(self) -> bool:
        return self._done

    def feed(self, event: ServerEvent) -> Sequence[StreamItem]:
        data = event.data.strip()
        if data == _DONE:
            self._done = True
            return ()
        if not data:
            return ()
        chunk: _Chunk = decode(data, _Chunk)
        if chunk.error or event.name == "error":
            raise ServiceProblem(problem_of(chunk.error or msgspec.json.decode(data)))
        if chunk.usage is not None:
            self._usage = _usage(chunk.usage)
        items: list[StreamItem] = []
        for choice in (chunk.choices or ())[:1]:
            items += self._choice(choice)
        return items

    def end(self) -> Sequence[StreamItem]:
        if self._finish is None and not self._done:
            raise Unfinished
        if self._finish == "error":
            raise ServiceProblem(problem_of({"message": "the model failed in the middle of its answer"}))
        stop = _STOPS.get((self._finish or "").lower(), StopReason.END)
        if stop is StopReason.LENGTH:
            return (Finished(stop, self._usage),)  # the last call is cut off: half a wish is worse than none
        calls = [ToolCallReady(self._complete(call)) for call in self._calls]
        if self._refused:
            stop = StopReason.REFUSED
        elif calls and stop is StopReason.END:
            stop = StopReason.TOOL_CALLS
        return (*calls, Finished(stop, self._usage))

    def _choice(self, choice: _Choice) -> Iterator[StreamItem]:
        if choice.finish_reason:
            self._finish = choice.finish_reason
        delta = choice.delta or choice.message
        if delta is None:
            return
        thought = delta.reasoning_content or delta.reasoning
        if isinstance(thought, str) and thought:
            yield ReasoningDelta(thought)
        text = _text(delta.content)
        if delta.refusal:
            self._refused = True
            text += delta.refusal
        if text:
            yield TextDelta(text, _logprobs(choice.logprobs))
        for call in delta.tool_calls or ():
            self._add(call)

    def _add(self, part: _Call) -> None:
        call = self._slot(part)
        call.id = call.id or part.id or ""
        function = part.function or _Function()
        call.name = call.name or function.name or ""
        arguments = function.arguments
        if arguments is None:
            return
        text = arguments if isinstance(arguments, str) else json_text(arguments)
        call.chars += len(text)
        if call.chars > MAX_ARGUMENT_CHARS:
            raise Unreadable("the arguments of a tool call are too long")
        call.arguments.append(text)

    def _slot(self, part: _Call) -> _OpenCall:
        """Find the call of a fragment. A new id with a name starts a new call whatever its index."""
        named = bool(part.function and part.function.name)
        for call in reversed(self._calls):
            if part.id and named and part.id != call.id:
                continue
            if part.index is None and (part.id == call.id if part.id else not named):
                return call
            if part.index is not None and part.index == call.index:
                return call
        if len(self._calls) >= MAX_TOOL_CALLS:
            raise Unreadable("too many tool calls in one answer")
        self._calls.append(_OpenCall(part.index))
        return self._calls[-1]

    def _complete(self, call: _OpenCall) -> ToolCall:
        if not call.name:
            raise Unreadable("a tool call has no name")
        return ToolCall(call.id or f"call_{self._make_id()}", call.name, parse_arguments("".join(call.arguments)))


def _text(content: str | list[_Part] | None) -> str:
    if isinstance(content, list):
        return "".join(part.text or "" for part in content if part.type == "text")
    return content or ""


def _logprobs(value: _Logprobs | None) -> tuple[float, ...]:
    return tuple(token.logprob for token in value.content or ()) if value else ()


def _usage(usage: _Usage) -> Usage:
    details = usage.prompt_tokens_details or _PromptDetails()
    return Usage(usage.prompt_tokens, usage.completion_tokens, details.cached_tokens, details.cache_write_tokens)
