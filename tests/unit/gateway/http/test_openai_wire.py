"""The OpenAI-compatible interface, byte by byte where the SDK would hide it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.gateway.http.openai_frame import MAX_BODY_BYTES
from appliance.generation import FailureKind, Finished, StopReason, TextDelta, ToolCallReady
from appliance.messages import Image, Role, ToolCall, Usage
from tests.fakes.provider import fails, said
from tests.unit.gateway.http.server import AUTH, HttpBox, open_http
from tests.unit.gateway.methods.box import HeldProvider

ASK: dict[str, Any] = {"model": "openclaw", "messages": [{"role": "user", "content": "Hi"}]}
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n....").decode()
DOOR = {"type": "function", "function": {"name": "door", "parameters": {"type": "object", "properties": {}}}}


async def events(answer: aiohttp.ClientResponse) -> list[Any]:
    """Return the data of a stream of events; [DONE] as the text it is."""
    found = []
    async for line in answer.content:
        text = line.decode().strip()
        if text.startswith("data: "):
            found.append(text[6:] if text == "data: [DONE]" else json.loads(text[6:]))
    return found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models/openclaw"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/responses"),
        ("POST", "/v1/embeddings"),
        ("POST", "/rpc"),
    ],
)
async def test_nothing_is_answered_without_the_secret(http: HttpBox, method: str, path: str) -> None:
    async with aiohttp.ClientSession(http.url) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with client.request(method, path, headers=headers, data=b"not even json") as answer:
                assert answer.status == 401
                assert (await answer.json())["error"] == {"message": "Unauthorized", "type": "unauthorized"}


async def test_the_secret_is_checked_before_the_body_is_read(http: HttpBox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", http.server.port)
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    writer.close()
    await writer.wait_closed()


async def test_agents_are_listed_as_models(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1/models") as answer:
        listed = await answer.json()
    assert [one["id"] for one in listed["data"]] == [
        "openclaw",
        "openclaw/default",
        "openclaw/main",
        "openclaw/helper",
    ]
    async with session.get("/v1/models/openclaw/helper") as answer:
        assert await answer.json() == {
            "id": "openclaw/helper",
            "object": "model",
            "created": 0,
            "owned_by": "openclaw",
            "permission": [],
        }
    async with session.get("/v1/models/nope") as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "model_not_found")


async def test_an_answer_has_the_shape_of_a_completion(session: aiohttp.ClientSession) -> None:
    async with session.post("/v1/chat/completions", json=ASK) as answer:
        body = await answer.json()
    assert body["id"].startswith("chatcmpl_")
    assert (body["object"], body["model"]) == ("chat.completion", "openclaw")
    (choice,) = body["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("ok", "stop")
    assert body["usage"]["total_tokens"] == 2


async def test_a_stream_begins_with_the_role_and_ends_with_done(http: HttpBox, session: aiohttp.ClientSession) -> None:
    http.provider.script((TextDelta("Good "), TextDelta("day"), Finished(StopReason.LENGTH, Usage(3, 4))))
    request = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    async with session.post("/v1/chat/completions", json=request) as answer:
        assert answer.content_type == "text/event-stream"
        found = await events(answer)
    assert found[-1] == "[DONE]"
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    text = "".join(one["choices"][0]["delta"].get("content", "") for one in found[:-1] if one["choices"])
    assert text == "Good day"
    assert [one["choices"][0]["finish_reason"] for one in found[:-1] if one["choices"]][-1] == "length"
    assert found[-2]["usage"]["completion_tokens"] == 4
    assert len({one["id"] for one in found[:-1]}) == 1


async def test_what_was_said_elsewhere_is_known_to_the_agent(http: HttpBox, session: aiohttp.ClientSession) -> None:
    messages = [
        {"role": "system", "content": "Speak like a pirate."},
        {"role": "user", "content": "My name is Ann."},
        {"role": "assistant", "content": "Arr, Ann."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Who am I?"}, {"type": "image_url", "image_url": {"url": PNG}}],
        },
    ]
    async with session.post("/v1/chat/completions", json={**ASK, "messages": messages}) as answer:
        assert answer.status == 200
    request = http.provider.requests[-1]
    assert "pirate" in request.system
    assert [one.role for one in request.messages] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert any(isinstance(part, Image) for part in request.messages[-1].parts)


async def test_each_request_has_a_session_of_its_own_unless_a_user_is_named(
    http: HttpBox, session: aiohttp.ClientSession
) -> None:
    for user in (None, None, "ann@example.org", "ann@example.org"):
        async with session.post("/v1/chat/completions", json={**ASK, "user": user} if user else ASK) as answer:
            assert answer.status == 200
    sessions, total = await http.box.store.list()
    assert total == 3
    assert all(one.key.startswith("agent:main:openai:") for one in sessions)
    assert not any("ann" in one.key for one in sessions)
    assert sorted(one.message_count for one in sessions) == [2, 2, 4]
    assert len(http.provider.requests[-1].messages) == 3


async def test_headers_choose_session_and_agent(http: HttpBox, session: aiohttp.ClientSession) -> None:
    headers = {"x-openclaw-agent-id": "helper", "x-openclaw-session-key": "agent:helper:desk"}
    async with session.post("/v1/chat/completions", json=ASK, headers=headers) as answer:
        assert answer.status == 200
    assert await http.box.store.get("agent:helper:desk") is not None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "gpt-9"}, 400, "model_not_found"),
        ({"model": "openclaw/nobody"}, 400, None),
        ({"messages": []}, 400, None),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, None),
        ({"n": 2}, 400, None),
        ({"temperature": 9}, 400, None),
        ({"response_format": {"type": "yaml"}}, 400, None),
    ],
)
async def test_a_wrong_request_is_refused_in_the_shape_of_the_interface(
    session: aiohttp.ClientSession, change: dict[str, Any], status: int, code: str | None
) -> None:
    async with session.post("/v1/chat/completions", json={**ASK, **change}) as answer:
        error = (await answer.json())["error"]
        assert answer.status == status
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert error["message"]


async def test_a_body_at_the_cap_is_read_and_one_byte_more_is_not(session: aiohttp.ClientSession) -> None:
    frame = json.dumps({"model": "gpt-9", "messages": [{"role": "user", "content": ""}]}).encode()
    for extra, status in ((0, 400), (1, 413)):
        body = frame[:-4] + b"x" * (MAX_BODY_BYTES - len(frame) + extra) + frame[-4:]
        async with session.post("/v1/chat/completions", data=io.BytesIO(body)) as answer:
            assert answer.status == status

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65536 + 1):
            yield b" " * 65536

    async with session.post("/v1/chat/completions", data=pieces()) as answer:
        assert answer.status == 413


async def test_a_failure_before_the_first_word_is_a_status(http: HttpBox, session: aiohttp.ClientSession) -> None:
    for stream in (False, True):
        http.provider.script(fails(FailureKind.AUTH), fails(FailureKind.AUTH))
        async with session.post("/v1/chat/completions", json={**ASK, "stream": stream}) as answer:
            error = (await answer.json())["error"]
            assert answer.status == 502
        assert error["type"] == "api_error"
        http.box._cooldowns.clear("fake")


async def test_the_callers_own_tools_reach_the_model_and_their_calls_come_back(
    http: HttpBox, session: aiohttp.ClientSession
) -> None:
    call = ToolCall("c1", "door", {"open": True})
    steps = (TextDelta("Opening."), ToolCallReady(call), Finished(StopReason.TOOL_CALLS, Usage(1, 2)))
    http.provider.script(steps, steps)
    async with session.post("/v1/chat/completions", json={**ASK, "tools": [DOOR]}) as answer:
        (choice,) = (await answer.json())["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (said_call,) = choice["message"]["tool_calls"]
    assert said_call["function"] == {"name": "door", "arguments": '{"open":true}'}
    assert [tool.name for tool in http.provider.requests[-1].tools] == ["door"]
    async with session.post("/v1/chat/completions", json={**ASK, "tools": [DOOR], "stream": True}) as answer:
        found = await events(answer)
    deltas = [one["choices"][0]["delta"] for one in found[:-1]]
    assert [one["tool_calls"][0]["index"] for one in deltas if "tool_calls" in one] == [0]
    assert (await http.box.store.list())[1] == 0


async def test_the_result_of_a_tool_goes_back_to_the_model(http: HttpBox, session: aiohttp.ClientSession) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "door", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Open"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "it is open"},
    ]
    http.provider.script(said("Done."))
    async with session.post("/v1/chat/completions", json={**ASK, "messages": messages, "tools": [DOOR]}) as answer:
        assert (await answer.json())["choices"][0]["message"]["content"] == "Done."
    assert http.provider.requests[-1].messages[-1].role is Role.TOOL


@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_that_goes_away_ends_the_run(tmp_path: Path, stream: bool) -> None:
    provider = HeldProvider()
    async with open_http(tmp_path, provider) as http:
        client = aiohttp.ClientSession(http.url, headers=AUTH)
        asking = asyncio.ensure_future(client.post("/v1/chat/completions", json={**ASK, "stream": stream}))
        async with asyncio.timeout(10):
            await provider.started.wait()
            asking.cancel()
            await client.close()
            while not provider.broken_off:
                await asyncio.sleep(0.02)
        await asyncio.gather(asking, return_exceptions=True)
        if not asking.cancelled() and asking.exception() is None:
            asking.result().close()


async def test_a_response_can_be_continued_by_its_id(http: HttpBox, session: aiohttp.ClientSession) -> None:
    first = {"model": "openclaw", "input": "My name is Ann.", "instructions": "Be kind."}
    async with session.post("/v1/responses", json=first) as answer:
        body = await answer.json()
    assert (body["object"], body["status"]) == ("response", "completed")
    assert body["output"][0]["content"][0] == {"type": "output_text", "text": "ok", "annotations": []}
    second = {"model": "openclaw", "input": "Who am I?", "previous_response_id": body["id"]}
    async with session.post("/v1/responses", json=second) as answer:
        assert (await answer.json())["previous_response_id"] == body["id"]
    assert len(http.provider.requests[-1].messages) == 3
    async with session.post("/v1/responses", json={**second, "previous_response_id": "resp_none"}) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "previous_response_not_found")


async def test_the_events_of_a_response_are_numbered_and_complete(session: aiohttp.ClientSession) -> None:
    async with session.post("/v1/responses", json={"model": "openclaw", "input": "Hi", "stream": True}) as answer:
        found = await events(answer)
    assert [one["sequence_number"] for one in found] == list(range(len(found)))
    assert [one["type"] for one in found] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert found[-1]["response"]["output"][0]["content"][0]["text"] == "ok"


async def test_embeddings_come_as_numbers_or_as_bytes(session: aiohttp.ClientSession) -> None:
    async with session.post("/v1/embeddings", json={"model": "openclaw", "input": ["ab", "abc"]}) as answer:
        body = await answer.json()
    assert [one["embedding"] for one in body["data"]] == [[2.0, 0.5], [3.0, 0.5]]
    request = {"model": "openclaw", "input": "ab", "encoding_format": "base64"}
    async with session.post("/v1/embeddings", json=request) as answer:
        encoded = (await answer.json())["data"][0]["embedding"]
    assert struct.unpack("<2f", base64.b64decode(encoded)) == (2.0, 0.5)


async def test_a_box_without_a_model_that_embeds_says_so(http: HttpBox, session: aiohttp.ClientSession) -> None:
    http.embedder.able = False
    async with session.post("/v1/embeddings", json={"model": "openclaw", "input": "ab"}) as answer:
        error = (await answer.json())["error"]
        assert (answer.status, error["code"]) == (400, "embeddings_unavailable")


async def test_as_many_texts_as_allowed_are_embedded_and_no_more(session: aiohttp.ClientSession) -> None:
    for count, status in ((256, 200), (257, 400), (0, 400)):
        async with session.post("/v1/embeddings", json={"model": "openclaw", "input": ["x"] * count}) as answer:
            assert answer.status == status


async def test_methods_are_not_called_over_the_network(session: aiohttp.ClientSession) -> None:
    async with session.post("/rpc", json={"method": "health", "params": {}}) as answer:
        assert answer.status == 404
