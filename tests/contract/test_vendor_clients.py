"""The vendors' own clients as judges.

They read the same fake services as we do and must see the same answer; and their published types must accept every
event that the fakes send and every request that we make. So the fakes speak the real formats, and we do.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from appliance.generation import FailureKind, Finished, ModelError, TextDelta, ToolCallReady
from appliance.messages import Image, Message, Role, Text, ToolCall, ToolResult
from appliance.providers.settings import Api
from tests.contract.test_cloud_providers import TIMER, ask, collect
from tests.fakes.cloud.script import Answer, Call, Counts, Fault, FaultKind, Say, Stop, Think
from tests.fakes.cloud.server import KEY
from tests.fakes.cloud.services import WIRES, HastyClock, Service, service

# Some of the libraries use what newer versions of Python and of each other deprecate; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

Seen = dict[str, Any]  # text, calls [(name, arguments)], input, output, cached

SCRIPTS = {
    "text": Answer((Say("Grüße, 你好!"),), usage=Counts(31, 9, 11)),
    "one call": Answer((Call("timer_set", {"duration_s": 5, "label": "tea"}, "call_a"),)),
    "text and calls": Answer(
        (Say("Two timers."), Call("timer_set", {"duration_s": 60}, "call_a"), Call("timer_list", {}, "call_b"))
    ),
    "no cache": Answer(usage=Counts(5, 3, 0)),
}


async def ours(running: Service) -> Seen:
    items = await collect(running.provider, ask(tools=(TIMER,)))
    last = items[-1]
    assert isinstance(last, Finished)
    return {
        "text": "".join(item.text for item in items if isinstance(item, TextDelta)),
        "calls": [(i.call.name, dict(i.call.arguments)) for i in items if isinstance(i, ToolCallReady)],
        "input": last.usage.input_tokens,
        "output": last.usage.output_tokens,
        "cached": last.usage.cache_read_tokens,
    }


async def openai_chat(running: Service) -> Seen:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key=KEY, base_url=running.cloud.url) as client:
        stream = client.chat.completions.stream(
            model="test-model",
            messages=[{"role": "user", "content": "Hello?"}],
            stream_options={"include_usage": True},
        )
        async with stream as events:
            done = await events.get_final_completion()
    message, usage = done.choices[0].message, done.usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    return {
        "text": message.content or "",
        "calls": [(c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or ()],
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
        "cached": usage.prompt_tokens_details.cached_tokens,
    }


async def openai_responses(running: Service) -> Seen:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key=KEY, base_url=running.cloud.url)
    async with client, client.responses.stream(model="test-model", input="Hello?") as events:
        done = await events.get_final_response()
    assert done.usage is not None
    return {
        "text": done.output_text,
        "calls": [(i.name, json.loads(i.arguments)) for i in done.output if i.type == "function_call"],
        "input": done.usage.input_tokens,
        "output": done.usage.output_tokens,
        "cached": done.usage.input_tokens_details.cached_tokens,
    }


async def anthropic(running: Service) -> Seen:
    from anthropic import AsyncAnthropic

    async with (
        AsyncAnthropic(api_key=KEY, base_url=running.cloud.url) as client,
        client.messages.stream(
            model="test-model", max_tokens=100, messages=[{"role": "user", "content": "Hello?"}]
        ) as events,
    ):
        done = await events.get_final_message()
    usage = done.usage
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    return {
        "text": "".join(block.text for block in done.content if block.type == "text"),
        "calls": [(block.name, block.input) for block in done.content if block.type == "tool_use"],
        "input": usage.input_tokens + cached + written,
        "output": usage.output_tokens,
        "cached": cached,
    }


@asynccontextmanager
async def _gemini(running: Service) -> AsyncIterator[Any]:
    from google import genai

    # The library would take a proxy or a key of the environment first.
    client = genai.Client(api_key=KEY, http_options={"base_url": running.cloud.host})
    async with client.aio as aio:
        yield aio
    client.close()


async def google(running: Service) -> Seen:
    text, calls, usage = "", [], None
    async with _gemini(running) as client:
        stream = await client.models.generate_content_stream(model="test-model", contents="Hello?")
        async for chunk in stream:
            for part in chunk.candidates[0].content.parts or ():
                text += part.text or ""
                if part.function_call:
                    calls.append((part.function_call.name, part.function_call.args))
            usage = chunk.usage_metadata or usage
    assert usage is not None
    return {
        "text": text,
        "calls": calls,
        "input": usage.prompt_token_count,
        "output": usage.candidates_token_count + (usage.thoughts_token_count or 0),
        "cached": usage.cached_content_token_count,
    }


VENDORS = {
    Api.OPENAI_CHAT: openai_chat,
    Api.OPENAI_RESPONSES: openai_responses,
    Api.ANTHROPIC: anthropic,
    Api.GOOGLE: google,
}


@pytest.fixture(params=list(VENDORS), ids=str)
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    async with service(request.param) as one:
        yield one


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=list(SCRIPTS))
async def test_the_vendors_client_and_ours_see_the_same_answer(running: Service, script: Answer) -> None:
    running.cloud.script(script, script)
    assert await ours(running) == await VENDORS[running.api](running)


async def test_a_refusal_means_the_same_to_the_vendors_client() -> None:
    from anthropic import AsyncAnthropic
    from anthropic import RateLimitError as AnthropicLimit
    from openai import AsyncOpenAI
    from openai import RateLimitError as OpenAILimit

    fault = Fault(FaultKind.RATE_LIMIT, {"retry-after-ms": "1"})
    async with service(Api.ANTHROPIC, clock=HastyClock()) as running:
        running.cloud.script(*[fault] * 6)
        with pytest.raises(ModelError) as caught:
            await ours(running)
        assert caught.value.kind is FailureKind.RATE_LIMIT
        ours_count = len(running.cloud.requests)
        async with AsyncAnthropic(api_key=KEY, base_url=running.cloud.url) as client:
            with pytest.raises(AnthropicLimit):
                await client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "?"}])
        assert len(running.cloud.requests) == 2 * ours_count, "both try as often"
    async with service(Api.OPENAI_CHAT, clock=HastyClock()) as running:
        running.cloud.script(*[fault] * 6)
        with pytest.raises(ModelError):
            await ours(running)
        ours_count = len(running.cloud.requests)
        async with AsyncOpenAI(api_key=KEY, base_url=running.cloud.url) as openai:
            with pytest.raises(OpenAILimit):
                await openai.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
        assert len(running.cloud.requests) == 2 * ours_count, "both try as often"


def _data(events: list[bytes]) -> Iterator[Any]:
    for event in events:
        for line in event.decode().splitlines():
            if line.startswith("data: ") and line != "data: [DONE]":
                yield json.loads(line.removeprefix("data: "))


EVERYTHING = (Think("hm"), Say("Hi there"), Call("a", {"x": [1, {"y": None}]}, "call_1"), Call("b", {}, "call_2"))


@pytest.mark.parametrize("stop", list(Stop))
@pytest.mark.parametrize("api", list(WIRES), ids=str)
def test_the_vendors_types_accept_every_event_of_the_fakes(api: Api, stop: Stop) -> None:
    from pydantic import TypeAdapter

    accepts = TypeAdapter(_event_type(api))
    events = WIRES[api]().events(Answer(EVERYTHING, stop), "test-model")
    for value in _data(events):
        if value.get("type") != "ping":
            accepts.validate_python(value)


def _event_type(api: Api) -> Any:
    if api is Api.ANTHROPIC:
        from anthropic.types import RawMessageStreamEvent

        return RawMessageStreamEvent
    if api is Api.GOOGLE:
        from google.genai.types import GenerateContentResponse

        return GenerateContentResponse  # refuses unknown fields
    if api is Api.OPENAI_CHAT:
        from openai.types.chat import ChatCompletionChunk

        return ChatCompletionChunk
    from openai.types.responses import ResponseStreamEvent

    return ResponseStreamEvent


CALL = ToolCall("call_1", "timer_set", {"duration_s": 5})
CONVERSATION = (
    Message(Role.USER, (Text("What is this?"), Image("image/png", b"\x89PNG"))),
    Message(Role.ASSISTANT, (Text("A cat."), CALL)),
    Message(Role.TOOL, (ToolResult("call_1", "timer_set", "No.", is_error=True),)),
    Message(Role.ASSISTANT, (Text("It failed."),)),
    Message(Role.USER, (Text("Again."),)),
)
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("api", list(WIRES), ids=str)
async def test_the_vendors_types_accept_every_request_of_ours(api: Api) -> None:
    request = ask(
        messages=CONVERSATION,
        tools=(TIMER,),
        max_tokens=50,
        temperature=0.2,
        session_key="agent:main:main",
        logprobs=True,
        response_schema=SCHEMA,
    )
    async with service(api) as running:
        await collect(running.provider, request)
        _check_request(api, running.cloud.last.body)


def _check_request(api: Api, body: dict[str, Any]) -> None:
    from pydantic import TypeAdapter

    if api is Api.GOOGLE:
        from google.genai import types

        TypeAdapter(list[types.Content]).validate_python(body.pop("contents"))
        types.Content.model_validate(body.pop("systemInstruction"))
        TypeAdapter(list[types.Tool]).validate_python(body.pop("tools"))
        types.GenerationConfig.model_validate(body.pop("generationConfig"))
        assert body == {}
        return
    if api is Api.ANTHROPIC:
        from anthropic.types.message_create_params import MessageCreateParamsStreaming as Shape
    elif api is Api.OPENAI_CHAT:
        from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming as Shape
    else:
        from openai.types.responses.response_create_params import ResponseCreateParamsStreaming as Shape
    Shape.__pydantic_config__ = {"extra": "forbid", "arbitrary_types_allowed": True}
    TypeAdapter(Shape).validate_python(body)
