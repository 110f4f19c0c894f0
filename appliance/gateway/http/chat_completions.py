"""POST /v1/chat/completions, streaming and not."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from aiohttp import web

from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import new_id
from appliance.gateway.bearer import Bearer, HttpCaller
from appliance.gateway.http.conversation import from_chat, tool_specs
from appliance.gateway.http.exchange import Called, Done, Exchanges, Question, Quiet, Said, Spent
from appliance.gateway.http.openai_frame import bad_request, guarded, json_response, read_body, to_http
from appliance.gateway.http.sse import EventStream, gone
from appliance.messages import JsonObject, ToolCall


class ChatBody(msgspec.Struct, frozen=True):
    """The members that mean something here; others are ignored, as compatible servers do."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Any = None
    response_format: dict[str, Any] | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    n: int | None = None
    user: str | None = None


def response_schema(body: Mapping[str, Any] | None) -> JsonObject | None:
    """Return the JSON Schema that an answer must fit; None for free text. Raises HttpError for unknown formats."""
    match (body or {}).get("type", "text"):
        case "text":
            return None
        case "json_object":
            return {"type": "object"}
        case "json_schema":
            wanted = (body or {}).get("json_schema") or {}
            schema = wanted.get("schema")
            if isinstance(schema, dict):
                return schema
    raise bad_request("`response_format` must be text, json_object or json_schema.", param="response_format")


def usage(spent: Spent) -> dict[str, Any] | None:
    """Return the usage object; None when the provider told nothing: unknown is not zero."""
    if spent.input is None and spent.output is None:
        return None
    prompt, completion = spent.input or 0, spent.output or 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": spent.cached or 0},
    }


def _tool_call(call: ToolCall) -> dict[str, Any]:
    arguments = msgspec.json.encode(call.arguments).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def routes(*, bearer: Bearer, exchanges: Exchanges, clock: Clock) -> list[web.RouteDef]:
    """Return the route of chat completions."""

    async def complete(request: web.Request, _: HttpCaller) -> web.StreamResponse:
        body = await read_body(request, ChatBody)
        if body.n not in (None, 1):
            raise bad_request("`n` must be 1.", param="n")
        place, affine = await exchanges.place(request, body.model, body.user, None)
        tools = tool_specs(body.tools or []) if body.tool_choice != "none" else ()
        question = Question(
            id=f"chatcmpl_{new_id()}",
            place=place,
            affine=affine,
            conversation=from_chat(body.messages),
            tools=tools,
            model=exchanges.override(request),
            max_tokens=body.max_completion_tokens or body.max_tokens,
            temperature=body.temperature,
            response_schema=response_schema(body.response_format),
        )
        head = {"id": question.id, "created": clock.now_ms() // 1000, "model": body.model}
        if body.stream:
            include_usage = bool((body.stream_options or {}).get("include_usage"))
            return await _stream(request, question, head, include_usage)
        return await _whole(request, question, head)

    async def _whole(request: web.Request, question: Question, head: Mapping[str, Any]) -> web.Response:
        text: list[str] = []
        calls: list[dict[str, Any]] = []
        async with aclosing(exchanges.answer(question)) as pieces:
            async for piece in pieces:
                match piece:
                    case Said(new):
                        text.append(new)
                    case Called(call):
                        calls.append(_tool_call(call))
                    case Quiet():
                        if gone(request):
                            raise ConnectionResetError("the caller went away")
                    case Done(stop, spent):
                        message: dict[str, Any] = {
                            "role": "assistant",
                            "content": "".join(text) or None,
                            "refusal": None,
                        }
                        if calls:
                            message["tool_calls"] = calls
                        else:
                            message["content"] = "".join(text)
                        choice = {"index": 0, "message": message, "finish_reason": stop, "logprobs": None}
                        answer = {**head, "object": "chat.completion", "choices": [choice], "usage": usage(spent)}
                        return json_response(answer)
        raise AssertionError("an answer ends with Done")

    async def _stream(
        request: web.Request, question: Question, head: Mapping[str, Any], include_usage: bool
    ) -> web.StreamResponse:
        async with aclosing(exchanges.answer(question)) as pieces:
            # Until the first piece an error is still a status; after it, it is an event.
            first = await anext(pieces)
            stream = EventStream(request, clock.monotonic())
            await stream.start()

            async def chunk(delta: Mapping[str, Any], finish: str | None = None) -> None:
                choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
                await stream.send({**head, "object": "chat.completion.chunk", "choices": [choice]})

            await chunk({"role": "assistant", "content": ""})
            number = 0
            try:
                piece = first
                while True:
                    match piece:
                        case Said(text):
                            await chunk({"content": text})
                        case Called(call):
                            await chunk({"tool_calls": [{"index": number, **_tool_call(call)}]})
                            number += 1
                        case Quiet():
                            await stream.quiet(clock.monotonic())
                        case Done(stop, spent):
                            await chunk({}, stop)
                            if include_usage:
                                last = {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage(spent)}
                                await stream.send(last)
                            break
                    piece = await anext(pieces)
            except ApplianceError as error:
                await stream.send(to_http(error).body())
            await stream.done()
        return stream.response

    return [web.post("/v1/chat/completions", guarded(bearer, complete))]
