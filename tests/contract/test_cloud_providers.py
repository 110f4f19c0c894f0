"""What every cloud provider does alike, whatever its wire format, against a service that speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from appliance.generation import (
    FailureKind,
    Finished,
    GenerateRequest,
    ModelError,
    ReasoningDelta,
    StopReason,
    StreamItem,
    TextDelta,
    ToolCallReady,
    ToolSpec,
)
from appliance.messages import Image, Message, Role, Text, ToolCall, ToolResult, Usage
from appliance.providers.settings import Api, Timeouts
from tests.fakes.cloud.script import (
    Answer,
    Call,
    Counts,
    Fault,
    FaultKind,
    HangUp,
    Raw,
    Say,
    Stop,
    Think,
)
from tests.fakes.cloud.server import KEY
from tests.fakes.cloud.services import WIRES, HastyClock, Service, service

APIS = list(WIRES)
EMBEDDING = [api for api in APIS if api is not Api.ANTHROPIC]

TIMER = ToolSpec("timer_set", "Set a timer.", {"type": "object", "properties": {"duration_s": {"type": "integer"}}})


def ask(text: str = "Hello?", **fields: object) -> GenerateRequest:
    messages = (Message(Role.USER, (Text(text),)),)
    return GenerateRequest(**{"model": "test-model", "system": "Be brief.", "messages": messages, **fields})  # type: ignore[arg-type] # given by name


async def collect(provider: object, request: GenerateRequest) -> list[StreamItem]:
    async with aclosing(provider.generate(request)) as stream:  # type: ignore[attr-defined] # any provider
        return [item async for item in stream]


def text_of(items: list[StreamItem]) -> str:
    return "".join(item.text for item in items if isinstance(item, TextDelta))


@pytest.fixture(params=APIS, ids=str)
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    async with service(request.param) as one:
        yield one


async def test_text_streams_in_pieces_and_ends_with_the_reason_and_the_counts(running: Service) -> None:
    running.cloud.script(Answer((Say("Grüße aus Köln, 你好 👋!"),)))
    items = await collect(running.provider, ask())
    assert text_of(items) == "Grüße aus Köln, 你好 👋!"
    assert len([item for item in items if isinstance(item, TextDelta)]) > 2
    assert items[-1] == Finished(
        StopReason.END,
        Usage(20, 7, 12, items[-1].usage.cache_write_tokens),  # type: ignore[union-attr] # Finished
    )
    assert sum(isinstance(item, Finished) for item in items) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_bytes_may_be_cut_anywhere(running: Service, size: int) -> None:
    running.cloud.script(Answer((Say("äöü €uro 👩‍🚀 end"), Call("timer_set", {"label": "Ü"})), slice_bytes=size))
    items = await collect(running.provider, ask(tools=(TIMER,)))
    assert text_of(items) == "äöü €uro 👩‍🚀 end"
    assert [item.call.arguments for item in items if isinstance(item, ToolCallReady)] == [{"label": "Ü"}]


async def test_parallel_tool_calls_come_whole_in_order_with_their_own_ids(running: Service) -> None:
    calls = (
        Call("timer_set", {"duration_s": 60, "label": "tea"}, "call_a"),
        Call("timer_set", {"duration_s": 300}, "call_b"),
        Call("clock_now", {}, "call_c"),
    )
    running.cloud.script(Answer((Say("On it."), *calls)))
    items = await collect(running.provider, ask(tools=(TIMER,)))
    ready = [item.call for item in items if isinstance(item, ToolCallReady)]
    assert ready == [ToolCall(c.id, c.name, c.arguments) for c in calls]
    assert isinstance(items[-1], Finished)
    assert items[-1].stop is StopReason.TOOL_CALLS


async def test_thinking_is_not_part_of_the_answer(running: Service) -> None:
    running.cloud.script(Answer((Think("hm, let me see"), Say("Four."))))
    items = await collect(running.provider, ask())
    assert text_of(items) == "Four."
    assert "".join(i.text for i in items if isinstance(i, ReasoningDelta)) == "hm, let me see"


@pytest.mark.parametrize(("stop", "expected"), [(Stop.LENGTH, StopReason.LENGTH), (Stop.REFUSED, StopReason.REFUSED)])
async def test_other_reasons_to_stop_are_told(running: Service, stop: Stop, expected: StopReason) -> None:
    running.cloud.script(Answer((Say("I"),), stop=stop))
    last = (await collect(running.provider, ask()))[-1]
    assert isinstance(last, Finished)
    assert last.stop is expected


async def test_a_call_that_the_limit_cut_off_is_dropped(running: Service) -> None:
    running.cloud.script(Answer((Say("I will"), Call("f", {"list": ["milk", "bread"]})), stop=Stop.LENGTH))
    items = await collect(running.provider, ask())
    assert text_of(items) == "I will"
    assert not any(isinstance(item, ToolCallReady) for item in items)
    assert isinstance(items[-1], Finished)
    assert items[-1].stop is StopReason.LENGTH


async def test_counts_that_are_not_sent_are_unknown_and_not_zero(running: Service) -> None:
    running.cloud.script(Answer(usage=None))
    last = (await collect(running.provider, ask()))[-1]
    assert isinstance(last, Finished)
    assert last.usage == Usage()


async def test_a_written_cache_counts_as_input(running: Service) -> None:
    running.cloud.script(Answer(usage=Counts(input=100, output=5, cached=60, written=30)))
    last = (await collect(running.provider, ask()))[-1]
    assert isinstance(last, Finished)
    assert (last.usage.input_tokens, last.usage.cache_read_tokens) == (100, 60)
    assert last.usage.cache_write_tokens == (None if running.api is Api.GOOGLE else 30)


async def test_a_whole_conversation_with_calls_results_and_an_image_is_accepted(running: Service) -> None:
    call = ToolCall("odd id/with:characters " + "x" * 60, "timer_set", {"duration_s": 5})
    messages = (
        Message(Role.ASSISTANT, (Text("Your timer is over."),)),
        Message(Role.USER, (Text("What is this?"), Image("image/png", b"\x89PNG\r\n"))),
        Message(Role.ASSISTANT, (Text("A cat. I set a timer."), call)),
        Message(Role.TOOL, (ToolResult(call.id, "timer_set", "Timer set for 5 seconds."),)),
        Message(Role.USER, (Text("Thanks"),)),
        Message(Role.USER, (Text(""),)),
    )
    await collect(running.provider, ask(messages=messages, tools=(TIMER,), max_tokens=100, temperature=0.5))
    sent = running.cloud.last.body
    text = str(sent)
    assert "iVBORw0K" in text, "the image travels as base64"
    assert "odd id" not in text, "ids are made to fit every service"
    assert text.count("Timer set for 5 seconds.") == 1
    assert "Be brief." in text
    ids = _ids(running.api, sent)
    assert len(set(ids)) == 1, "the result names the call it answers"


def _ids(api: Api, sent: dict[str, object]) -> list[str]:
    names = {"tool_call_id", "tool_use_id", "call_id"}
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            found.extend(v for k, v in value.items() if k in names)
            if value.get("type") in ("tool_use", "function"):
                found.extend([value["id"]] if "id" in value else [])
            if "functionResponse" in value or "functionCall" in value:
                found.append("by name")
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(sent)
    return found


async def test_a_schema_for_the_answer_is_passed_on(running: Service) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    await collect(running.provider, ask(response_schema=schema))
    assert str(schema) in str(running.cloud.last.body)


FAULTS = {
    FaultKind.RATE_LIMIT: FailureKind.RATE_LIMIT,
    FaultKind.OVERLOADED: FailureKind.OVERLOADED,
    FaultKind.SERVER: FailureKind.UNAVAILABLE,
    FaultKind.AUTH: FailureKind.AUTH,
    FaultKind.BILLING: FailureKind.BILLING,
    FaultKind.CONTEXT_OVERFLOW: FailureKind.CONTEXT_OVERFLOW,
    FaultKind.REFUSED: FailureKind.REFUSED,
    FaultKind.INVALID: FailureKind.INVALID_REQUEST,
    FaultKind.NOT_FOUND: FailureKind.NOT_FOUND,
}


@pytest.mark.parametrize(("fault", "kind"), FAULTS.items(), ids=lambda value: value.value)
async def test_every_refusal_has_its_kind_and_no_secret(running: Service, fault: FaultKind, kind: FailureKind) -> None:
    running.cloud.script(*[Fault(fault, text=f"{_own_text(running, fault)} key {KEY}")] * 5)
    with pytest.raises(ModelError) as caught:
        await collect(running.provider, ask())
    assert caught.value.kind is kind
    assert KEY not in str(caught.value) + repr(caught.value) + str(caught.value.details)
    assert str(caught.value).endswith(".")


def _own_text(running: Service, fault: FaultKind) -> str:
    error = running.cloud.wire.fault(Fault(fault))[1]["error"]
    return str(error["message"])


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (FaultKind.RATE_LIMIT, "all"),
        (FaultKind.OVERLOADED, "all"),
        (FaultKind.SERVER, "all"),
        (FaultKind.AUTH, 1),
        (FaultKind.BILLING, 1),
        (FaultKind.INVALID, 1),
        (FaultKind.CONTEXT_OVERFLOW, 1),
        (FaultKind.NOT_FOUND, 1),
    ],
)
async def test_only_what_may_pass_is_tried_again(fault: FaultKind, requests: int | str) -> None:
    for api in APIS:
        clock = HastyClock()
        async with service(api, clock=clock) as running:
            running.cloud.script(*[Fault(fault)] * 9)
            with pytest.raises(ModelError):
                await collect(running.provider, ask())
            attempts = (5 if api is Api.GOOGLE else 3) if requests == "all" else requests
            assert len(running.cloud.requests) == attempts
            assert clock.waits_s == [0.5, 1.0, 2.0, 4.0][: len(clock.waits_s)]
            assert len(clock.waits_s) == len(running.cloud.requests) - 1


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "60"}, 60.0),
        ({"retry-after-ms": "20", "retry-after": "7"}, 0.02),
    ],
)
async def test_the_wish_of_the_service_is_honoured(headers: dict[str, str], wait_s: float) -> None:
    for api in APIS:
        clock = HastyClock()
        async with service(api, clock=clock) as running:
            running.cloud.script(Fault(FaultKind.RATE_LIMIT, headers), Answer((Say("ok"),)))
            assert text_of(await collect(running.provider, ask())) == "ok"
            assert clock.waits_s == [wait_s]


async def test_a_wait_that_is_too_long_is_not_waited_for(running: Service) -> None:
    running.cloud.script(Fault(FaultKind.RATE_LIMIT, {"retry-after": "61"}), Answer())
    with pytest.raises(ModelError) as caught:
        await collect(running.provider, ask())
    assert caught.value.retry_after_s == 61.0
    assert len(running.cloud.requests) == 1


async def test_a_connection_that_closes_before_the_first_byte_is_tried_again(running: Service) -> None:
    running.cloud.script(HangUp(), Answer((Say("second time"),)))
    assert text_of(await collect(running.provider, ask())) == "second time"
    assert len(running.cloud.requests) == 2


async def test_nothing_is_tried_again_after_the_first_byte(running: Service) -> None:
    running.cloud.script(Answer((Say("a long answer that breaks"),), break_after=4), Answer())
    with pytest.raises(ModelError) as caught:
        await collect(running.provider, ask())
    assert caught.value.kind is FailureKind.NETWORK
    assert len(running.cloud.requests) == 1


@pytest.mark.parametrize("fault", [FaultKind.OVERLOADED, FaultKind.RATE_LIMIT, FaultKind.SERVER])
async def test_an_error_inside_a_good_stream_has_its_kind(running: Service, fault: FaultKind) -> None:
    running.cloud.script(Fault(fault, in_stream=True, text=_own_text(running, fault)))
    with pytest.raises(ModelError) as caught:
        await collect(running.provider, ask())
    # A stream carries no status: what two services call a server error may be either.
    assert caught.value.kind in (FAULTS[fault], FailureKind.UNAVAILABLE)
    assert len(running.cloud.requests) == 1


async def test_leaving_in_the_middle_closes_the_connection_there(running: Service) -> None:
    running.cloud.script(Answer((Say("never ending story, " * 5),), hold_after=5))
    stream = running.provider.generate(ask())
    async for item in stream:
        if isinstance(item, TextDelta):
            break
    await stream.aclose()
    await asyncio.wait_for(running.cloud.gone.wait(), 5)


async def test_cancelling_the_task_closes_the_connection_there(running: Service) -> None:
    running.cloud.script(Answer((Say("never ending story, " * 5),), hold_after=5))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(collect(running.provider, ask()))
        await asyncio.wait_for(running.cloud.held.wait(), 5)
        task.cancel()
        await asyncio.wait_for(running.cloud.gone.wait(), 5)


async def test_silence_in_mid_answer_ends_as_a_timeout() -> None:
    for api in APIS:
        async with service(api, timeouts=Timeouts(idle_s=0.05)) as running:
            running.cloud.script(Answer((Say("never ending story, " * 5),), hold_after=5))
            with pytest.raises(ModelError) as caught:
                await collect(running.provider, ask())
            assert caught.value.kind is FailureKind.TIMEOUT


async def test_an_attempt_without_an_answer_ends_as_a_timeout_and_is_repeated() -> None:
    for api in APIS:
        async with service(api, timeouts=Timeouts(total_s=0.1)) as running:
            running.cloud.script(Answer(hold_after=0), Answer((Say("late"),)))
            assert text_of(await collect(running.provider, ask())) == "late"


async def test_redirects_are_not_followed(running: Service) -> None:
    running.cloud.script(Raw(b"", status=307, headers={"Location": "http://127.0.0.1:1/steal"}))
    with pytest.raises(ModelError, match="redirects") as caught:
        await collect(running.provider, ask())
    assert caught.value.kind is FailureKind.INVALID_REQUEST
    assert len(running.cloud.requests) == 1


@pytest.mark.parametrize(
    "body", [b"data: {not json}\n\n", b"data: [1,2\n\n", b"\xff\xfe\x00", b"data: " + b"[" * 5000 + b"\n\n"]
)
async def test_rubbish_is_a_bad_response_or_an_unfinished_one(running: Service, body: bytes) -> None:
    running.cloud.script(Raw(body))
    with pytest.raises(ModelError) as caught:
        await collect(running.provider, ask())
    assert caught.value.kind in (FailureKind.BAD_RESPONSE, FailureKind.NETWORK)


async def test_a_line_without_end_is_not_collected_for_ever(running: Service) -> None:
    running.cloud.script(Raw(b"data: " + b"x" * (4 * 1024 * 1024 + 1)))
    with pytest.raises(ModelError) as caught:
        await collect(running.provider, ask())
    assert caught.value.kind is FailureKind.BAD_RESPONSE


async def test_the_key_travels_in_a_header_and_never_in_the_address(running: Service) -> None:
    await collect(running.provider, ask())
    request = running.cloud.last
    assert KEY not in request.path + request.query + str(request.body)
    assert KEY in str(request.headers)


async def test_a_wrong_key_is_an_auth_failure_that_names_where_to_look() -> None:
    for api in APIS:
        async with service(api, key="wrong-key-0123456789") as running:
            with pytest.raises(ModelError, match=r"models\.providers\.test\.apiKey") as caught:
                await collect(running.provider, ask())
            assert caught.value.kind is FailureKind.AUTH
            assert "wrong-key" not in str(caught.value)


async def test_nobody_is_dialled_where_nothing_listens() -> None:
    for api in APIS:
        async with service(api, base_url="http://127.0.0.1:1") as running:
            with pytest.raises(ModelError, match="nothing listens there") as caught:
                await collect(running.provider, ask())
            assert caught.value.kind is FailureKind.NETWORK


@pytest.mark.parametrize("api", EMBEDDING, ids=str)
async def test_embeddings_come_in_the_order_of_the_texts(api: Api) -> None:
    async with service(api) as running:
        assert await running.provider.embed("embed", ["a", "b", "c"]) == [[0.0, 0.5], [1.0, 0.5], [2.0, 0.5]]
        assert await running.provider.embed("embed", []) == []


async def test_a_service_without_embeddings_says_so() -> None:
    async with service(Api.ANTHROPIC) as running:
        with pytest.raises(ModelError, match="no embeddings") as caught:
            await running.provider.embed("embed", ["a"])
        assert caught.value.kind is FailureKind.INVALID_REQUEST


async def test_a_connection_is_used_again_for_the_next_answer(running: Service) -> None:
    for _ in range(3):
        await collect(running.provider, ask())
    assert len(running.cloud.peers) == 1
