"""POST /v1/responses, streaming and not. A response id is the id of its run, so it can be continued later."""

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
from appliance.gateway.http.conversation import from_responses, tool_specs
from appliance.gateway.http.exchange import Called, Done, Exchanges, Question, Quiet, Said
from appliance.gateway.http.openai_frame import bad_request, guarded, json_response, read_body, to_http
from appliance.gateway.http.response_object import ResponseObject
from appliance.gateway.http.sse import EventStream, gone
from appliance.messages import JsonObject


class ResponsesBody(msgspec.Struct, frozen=True):
    """The members that mean something here; others are ignored, as compatible servers do."""

    model: str
    input: str | list[dict[str, Any]]
    instructions: str | None = None
    stream: bool | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Any = None
    text: dict[str, Any] | None = None
    max_output_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    previous_response_id: str | None = None
    background: bool | None = None
    metadata: dict[str, Any] | None = None
    user: str | None = None


def response_schema(text: Mapping[str, Any] | None) -> JsonObject | None:
    """Return the JSON Schema of `text.format`; None for free text. Raises HttpError for unknown formats."""
    wanted = (text or {}).get("format") or {"type": "text"}
    match wanted.get("type"):
        case "text":
            return None
        case "json_object":
            return {"type": "object"}
        case "json_schema" if isinstance(wanted.get("schema"), dict):
            schema: JsonObject = wanted["schema"]
            return schema
    raise bad_request("`text.format` must be text, json_object or json_schema.", param="text.format")


def routes(*, bearer: Bearer, exchanges: Exchanges, clock: Clock) -> list[web.RouteDef]:
    """Return the route of the Responses interface."""

    async def respond(request: web.Request, _: HttpCaller) -> web.StreamResponse:
        body = await read_body(request, ResponsesBody)
        if body.background:
            raise bad_request("`background` is not supported.", param="background")
        place, affine = await exchanges.place(request, body.model, body.user, body.previous_response_id)
        question = Question(
            id=f"resp_{new_id()}",
            place=place,
            affine=affine,
            conversation=from_responses(body.input, body.instructions),
            tools=tool_specs(body.tools or []) if body.tool_choice != "none" else (),
            model=exchanges.override(request),
            max_tokens=body.max_output_tokens,
            temperature=body.temperature,
            response_schema=response_schema(body.text),
        )
        answer = ResponseObject(
            id=question.id,
            created_at=clock.now_ms() // 1000,
            model=body.model,
            instructions=body.instructions,
            previous_response_id=body.previous_response_id,
            tools=body.tools or [],
            metadata=body.metadata or {},
            max_output_tokens=body.max_output_tokens,
            temperature=body.temperature,
        )
        return await (_stream if body.stream else _whole)(request, question, answer)

    async def _whole(request: web.Request, question: Question, answer: ResponseObject) -> web.StreamResponse:
        async with aclosing(exchanges.answer(question)) as pieces:
            async for piece in pieces:
                match piece:
                    case Said(text):
                        answer.say(text)
                    case Called(call):
                        answer.call(call)
                    case Quiet():
                        if gone(request):
                            raise ConnectionResetError("the caller went away")
                    case Done(stop, spent):
                        answer.finish(stop, spent)
        return json_response(answer.body())

    async def _stream(request: web.Request, question: Question, answer: ResponseObject) -> web.StreamResponse:
        async with aclosing(exchanges.answer(question)) as pieces:
            # Until the first piece an error is still a status; after it, it is an event.
            piece = await anext(pieces)
            stream = EventStream(request, clock.monotonic())
            await stream.start()
            for event in answer.begin():
                await stream.send(event, event=event["type"])
            try:
                while True:
                    match piece:
                        case Said(text):
                            events = answer.say(text)
                        case Called(call):
                            events = answer.call(call)
                        case Quiet():
                            await stream.quiet(clock.monotonic())
                            events = []
                        case Done(stop, spent):
                            events = answer.finish(stop, spent)
                    for event in events:
                        await stream.send(event, event=event["type"])
                    if isinstance(piece, Done):
                        break
                    piece = await anext(pieces)
            except ApplianceError as error:
                shape = to_http(error).body()["error"]
                for event in answer.fail(str(shape["code"] or "server_error"), str(shape["message"])):
                    await stream.send(event, event=event["type"])
        return stream.response

    return [web.post("/v1/responses", guarded(bearer, respond))]
