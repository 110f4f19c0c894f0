"""OpenAI's own client against our interface: what it accepts, others will."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pytest

from appliance.generation import FailureKind, Finished, StopReason, TextDelta, ToolCallReady
from appliance.messages import ToolCall, Usage
from tests.fakes.provider import fails
from tests.unit.gateway.http.server import TOKEN, HttpBox

CALL = (ToolCallReady(ToolCall("c1", "door", {"open": True})), Finished(StopReason.TOOL_CALLS, Usage(1, 2)))


@pytest.fixture
async def client(http: HttpBox) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key=TOKEN, base_url=f"{http.url}/v1", max_retries=0) as one:
        yield one


async def test_it_lists_models(client: openai.AsyncOpenAI) -> None:
    assert "openclaw/main" in [model.id async for model in client.models.list()]
    assert (await client.models.retrieve("openclaw/helper")).id == "openclaw/helper"


async def test_it_chats(http: HttpBox, client: openai.AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(model="openclaw", messages=[{"role": "user", "content": "Hi"}])
    assert completion.choices[0].message.content == "ok"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 2


async def test_it_chats_word_by_word(http: HttpBox, client: openai.AsyncOpenAI) -> None:
    http.provider.script((TextDelta("Good "), TextDelta("day"), Finished(StopReason.END, Usage(1, 2))))
    async with client.chat.completions.stream(
        model="openclaw", messages=[{"role": "user", "content": "Hi"}], stream_options={"include_usage": True}
    ) as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_completion()
    assert final.choices[0].message.content == "Good day"
    assert final.usage is not None


@pytest.mark.parametrize("streams", [False, True])
async def test_it_gets_calls_of_its_own_tools(http: HttpBox, client: openai.AsyncOpenAI, streams: bool) -> None:
    http.provider.script(CALL)
    tool = {"type": "function", "function": {"name": "door", "parameters": {"type": "object", "properties": {}}}}
    ask = {"model": "openclaw", "messages": [{"role": "user", "content": "Open"}], "tools": [tool]}
    if streams:
        async with client.chat.completions.stream(**ask) as stream:  # type: ignore[arg-type]  # plain dictionaries
            async for _ in stream:
                pass
            completion = await stream.get_final_completion()
    else:
        completion = await client.chat.completions.create(**ask)  # type: ignore[call-overload]  # plain dictionaries
    calls = completion.choices[0].message.tool_calls
    assert calls is not None
    assert (calls[0].id, calls[0].function.name) == ("c1", "door")


async def test_it_gets_a_response(client: openai.AsyncOpenAI) -> None:
    response = await client.responses.create(model="openclaw", input="Hi")
    assert response.output_text == "ok"
    assert response.usage is not None
    again = await client.responses.create(model="openclaw", input="Again", previous_response_id=response.id)
    assert again.status == "completed"


async def test_it_gets_a_response_word_by_word(http: HttpBox, client: openai.AsyncOpenAI) -> None:
    http.provider.script((TextDelta("Good "), TextDelta("day"), Finished(StopReason.END, Usage(1, 2))))
    async with client.responses.stream(model="openclaw", input="Hi") as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.output_text == "Good day"


async def test_it_gets_calls_of_its_own_tools_as_items(http: HttpBox, client: openai.AsyncOpenAI) -> None:
    http.provider.script((TextDelta("Wait."), *CALL))
    tool = {"type": "function", "name": "door", "parameters": {"type": "object", "properties": {}}, "strict": False}
    async with client.responses.stream(model="openclaw", input="Open", tools=[tool]) as stream:  # type: ignore[list-item]  # a plain dictionary
        async for _ in stream:
            pass
        final = await stream.get_final_response()
    assert [item.type for item in final.output] == ["message", "function_call"]


async def test_it_gets_embeddings(client: openai.AsyncOpenAI) -> None:
    answer = await client.embeddings.create(model="openclaw", input=["ab"])
    assert answer.data[0].embedding == [2.0, 0.5]


async def test_it_raises_the_error_that_fits(http: HttpBox, client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "Hi"}])
    assert refused.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="wrong").models.list()
    http.provider.script(fails(FailureKind.AUTH), fails(FailureKind.AUTH))
    with pytest.raises(openai.InternalServerError):
        await client.chat.completions.create(model="openclaw", messages=[{"role": "user", "content": "Hi"}])
