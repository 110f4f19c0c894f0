"""Google generateContent (Gemini API v1beta)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from appliance.messages import Image, JsonObject, Part, Text, ToolCall, ToolResult, Usage
from appliance.providers.classification import Problem, problem_of
from appliance.providers.cloud.address import quoted
from appliance.providers.cloud.family import (
    MAX_TOOL_CALLS,
    ServiceProblem,
    Shape,
    Unfinished,
    Unreadable,
    alternating,
    base64_text,
    decode,
)
from appliance.providers.stream import ServerEvent

# Newer models want the signature of their thoughts back with each call that they made. A call that another
# model made has none; this is the documented stand-in for it.
_NO_SIGNATURE = "skip_thought_signature_validator"
_MAX_SIGNATURES = 512
_MAX_SIGNATURE_CHARS = 64 * 1024


class _Call(msgspec.Struct):
    name: str = ""
    args: dict[str, Any] | None = None
    id: str | None = None


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: _Call | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None


class _Chunk(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Usage | None = None
    error: Any = None


class _Vector(msgspec.Struct):
    values: list[float]


class _Vectors(msgspec.Struct):
    embeddings: list[_Vector]


_REFUSALS = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "LANGUAGE",
        "MODEL_ARMOR",
    }
)
_BROKEN = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE", "MISSING_THOUGHT_SIGNATURE"}
)


class _Signatures:
    """Which thought belongs to which call: a bounded memory. Losing it costs quality, never an answer."""

    def __init__(self) -> None:
        self._by_call: OrderedDict[str, str] = OrderedDict()

    def keep(self, call_id: str, signature: str | None) -> None:
        if signature and len(signature) <= _MAX_SIGNATURE_CHARS:
            self._by_call[call_id] = signature
            while len(self._by_call) > _MAX_SIGNATURES:
                self._by_call.popitem(last=False)

    def of(self, call_id: str) -> str | None:
        return self._by_call.get(call_id)


class Google:
    """The format."""

    attempts = 5

    def __init__(self, make_id: Callable[[], str] = new_id) -> None:
        self._make_id = make_id
        self._signatures = _Signatures()

    def headers(self) -> Mapping[str, str]:
        return {}

    def credential_headers(self, key: str, *, bearer: bool) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {key}"} if bearer else {"x-goog-api-key": key}

    def path(self, model: str) -> str:
        return f"/models/{quoted(model.removeprefix('models/'))}:streamGenerateContent?alt=sse"

    def encode(self, request: GenerateRequest, shape: Shape) -> JsonObject:
        body: dict[str, Any] = {
            "contents": [
                {"role": "model" if assistant else "user", "parts": list(self._parts(parts))}
                for assistant, parts in alternating(request.messages)
            ]
        }
        if request.system:
            body["systemInstruction"] = {"parts": [{"text": request.system}]}
        if request.tools:
            declarations = [
                {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters}
                for tool in request.tools
            ]
            body["tools"] = [{"functionDeclarations": declarations}]
        if settings := _generation(request, shape):
            body["generationConfig"] = settings
        return body

    def decoder(self, request: GenerateRequest) -> GenerateContentDecoder:
        del request
        return GenerateContentDecoder(self._make_id, self._signatures.keep)

    def embedding(self, model: str, texts: Sequence[str]) -> tuple[str, JsonObject]:
        name = model.removeprefix("models/")
        requests = [{"model": f"models/{name}", "content": {"parts": [{"text": text}]}} for text in texts]
        return f"/models/{quoted(name)}:batchEmbedContents", {"requests": requests}

    def vectors(self, body: bytes) -> list[list[float]]:
        answer: _Vectors = decode(body, _Vectors)
        return [vector.values for vector in answer.embeddings]

    def _parts(self, parts: Sequence[Part]) -> Iterator[JsonObject]:
        first_call = True
        for part in parts:
            if isinstance(part, Text):
                yield {"text": part.text}
            elif isinstance(part, Image):
                yield {"inlineData": {"mimeType": part.media_type, "data": base64_text(part)}}
            elif isinstance(part, ToolCall):
                call: dict[str, Any] = {"functionCall": {"name": part.name, "args": part.arguments}}
                # Of parallel calls only the first carries one.
                if signature := self._signatures.of(part.id) or (_NO_SIGNATURE if first_call else None):
                    call["thoughtSignature"] = signature
                first_call = False
                yield call
            elif isinstance(part, ToolResult):
                answer = {"error": part.text} if part.is_error else {"output": part.text}
                yield {"functionResponse": {"name": part.name, "response": answer}}


def _generation(request: GenerateRequest, shape: Shape) -> JsonObject:
    settings: dict[str, Any] = {}
    if (limit := request.max_tokens or shape.limit) is not None:
        settings["maxOutputTokens"] = limit
    if request.temperature is not None:
        settings["temperature"] = request.temperature
    if request.response_schema is not None:
        settings["responseMimeType"] = "application/json"
        settings["responseJsonSchema"] = request.response_schema
    return settings


class GenerateContentDecoder:
    """Reads the chunks of one answer. Calls come whole here; most come without an id."""

    def __init__(self, make_id: Callable[[], str], keep: Callable[[str, str | None], None]) -> None:
        self._make_id = make_id
        self._keep = keep
        self._calls: set[str] = set()
        self._finish: str | None = None
        self._usage = Usage()

    @property
    def done(self) -> bool:
        return False  # only the end of the stream says so: counts may follow the reason for the stop

    def feed(self, event: ServerEvent) -> Sequence[StreamItem]:
        if event.data.lstrip().startswith("["):  # an error in the format of the unstreamed surface
            raise ServiceProblem(problem_of(decode(event.data, list)))
        chunk: _Chunk = decode(event.data, _Chunk)
        if chunk.error:
            raise ServiceProblem(problem_of({"error": chunk.error}))
        if chunk.usage_metadata is not None:
            self._usage = _usage(chunk.usage_metadata)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            text = f"the prompt was blocked ({chunk.prompt_feedback.block_reason.lower()})"
            raise ServiceProblem(Problem(names=("content_filter",), text=text))
        items: list[StreamItem] = []
        for candidate in (chunk.candidates or ())[:1]:
            self._finish = candidate.finish_reason or self._finish
            for part in (candidate.content.parts if candidate.content else None) or ():
                items += self._part(part)
        return items

    def end(self) -> Sequence[StreamItem]:
        if self._finish is None:
            raise Unfinished
        if self._finish in _BROKEN:
            raise Unreadable(f"the model made a call that is not valid ({self._finish.lower()})")
        if self._finish in _REFUSALS:
            stop = StopReason.REFUSED
        elif self._finish == "MAX_TOKENS":
            stop = StopReason.LENGTH
        else:
            stop = StopReason.TOOL_CALLS if self._calls else StopReason.END
        return (Finished(stop, self._usage),)

    def _part(self, part: _Part) -> Iterator[StreamItem]:
        if part.text:
            yield ReasoningDelta(part.text) if part.thought else TextDelta(part.text)
        if part.function_call is None:
            return
        call = part.function_call
        if not call.name:
            raise Unreadable("a tool call has no name")
        if len(self._calls) >= MAX_TOOL_CALLS:
            raise Unreadable("too many tool calls in one answer")
        call_id = call.id if call.id and call.id not in self._calls else f"call_{self._make_id()}"
        self._calls.add(call_id)
        self._keep(call_id, part.thought_signature)
        yield ToolCallReady(ToolCall(call_id, call.name, call.args or {}))


def _usage(usage: _Usage) -> Usage:
    """Count thoughts as output, as the bill does."""
    output = usage.candidates_token_count
    if usage.thoughts_token_count is not None:
        output = (output or 0) + usage.thoughts_token_count
    return Usage(usage.prompt_token_count, output, usage.cached_content_token_count)
