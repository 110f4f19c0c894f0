"""What the imitations of OpenAI do differently, one case each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.generation import (
    FailureKind,
    Finished,
    GenerateRequest,
    ReasoningDelta,
    StopReason,
    StreamItem,
    TextDelta,
    ToolCallReady,
)
from appliance.messages import Message, Role, Text, ToolCall, Usage
from appliance.providers.classification import kind_of
from appliance.providers.cloud.family import (
    MAX_ARGUMENT_CHARS,
    MAX_TOOL_CALLS,
    ServiceProblem,
    Shape,
    Unfinished,
    Unreadable,
    strict_schema,
    wire_id,
)
from appliance.providers.cloud.openai_chat import ChatDecoder, OpenAIChat
from appliance.providers.stream import ServerEvent


def read(*chunks: Any, done: bool = True) -> list[StreamItem]:
    ids = iter(range(1000))
    decoder = ChatDecoder(lambda: str(next(ids)))
    items: list[StreamItem] = []
    for chunk in chunks:
        data = chunk if isinstance(chunk, str) else json.dumps(chunk)
        items += decoder.feed(ServerEvent("", data))
    if done:
        items += decoder.feed(ServerEvent("", "[DONE]"))
        assert decoder.done
    return items + list(decoder.end())


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def call(arguments: Any = "{}", name: str | None = "f", **fields: Any) -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return delta(tool_calls=[{"function": function, **fields}])


def calls_in(items: list[StreamItem]) -> list[ToolCall]:
    return [item.call for item in items if isinstance(item, ToolCallReady)]


def test_without_usage_the_counts_are_unknown() -> None:
    assert read(delta(content="a"), delta("stop"))[-1] == Finished(StopReason.END, Usage())


def test_usage_may_come_with_the_last_choice_or_after_it() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    for chunks in (
        [delta(content="a"), {**delta("stop"), "usage": usage}],
        [delta(content="a"), delta("stop"), {"choices": [], "usage": usage}],
    ):
        assert read(*chunks)[-1] == Finished(StopReason.END, Usage(5, 2))


def test_without_done_the_reason_to_stop_is_enough() -> None:
    assert read(delta(content="a"), delta("stop"), done=False)[-1] == Finished(StopReason.END)


def test_done_without_a_reason_to_stop_is_enough() -> None:
    assert read(delta(content="a"))[-1] == Finished(StopReason.END)


def test_neither_is_an_unfinished_answer() -> None:
    with pytest.raises(Unfinished):
        read(delta(content="a"), done=False)


def test_null_content_and_null_deltas_are_nothing() -> None:
    items = read(delta(content=None, tool_calls=None), {"choices": None}, {"choices": [{"delta": None}]}, delta("stop"))
    assert len(items) == 1


def test_content_may_come_in_parts() -> None:
    items = read(delta(content=[{"type": "thinking", "text": "x"}, {"type": "text", "text": "a"}]), delta("stop"))
    assert items[0] == TextDelta("a")


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thinking_has_two_names(name: str) -> None:
    assert read(delta(**{name: "hm"}), delta("stop"))[0] == ReasoningDelta("hm")


@pytest.mark.parametrize("finish", ["stop", "", None, "eos", "function_call", "tool_calls"])
def test_calls_make_the_reason_to_stop(finish: str | None) -> None:
    items = read(call(index=0, id="a"), delta(finish))
    last = items[-1]
    assert isinstance(last, Finished)
    assert last.stop is StopReason.TOOL_CALLS


def test_a_call_without_an_id_gets_one() -> None:
    assert calls_in(read(call(index=0), call(index=1), delta("stop"))) == [
        ToolCall("call_0", "f", {}),
        ToolCall("call_1", "f", {}),
    ]


def test_calls_without_index_are_told_apart_by_their_ids() -> None:
    items = read(call('{"a":', id="x"), call("1}", None, id="x"), call('{"b":2}', id="y"), delta("stop"))
    assert calls_in(items) == [ToolCall("x", "f", {"a": 1}), ToolCall("y", "f", {"b": 2})]


def test_calls_that_share_one_index_are_told_apart_by_their_ids() -> None:
    items = read(call('{"a":1}', id="x", index=0), call('{"b":2}', id="y", index=0), delta("stop"))
    assert [one.id for one in calls_in(items)] == ["x", "y"]


def test_fragments_without_id_and_index_belong_to_the_last_call() -> None:
    items = read(call('{"a":', id="x"), call("1}", None), delta("stop"))
    assert calls_in(items) == [ToolCall("x", "f", {"a": 1})]


def test_the_same_name_in_every_fragment_is_one_call() -> None:
    items = read(call('{"a":', id="x", index=0), call("1}", "f", id="x", index=0), delta("stop"))
    assert calls_in(items) == [ToolCall("x", "f", {"a": 1})]


def test_arguments_may_be_an_object_or_nothing() -> None:
    items = read(call({"a": 1}, index=0), call("", index=1), call(None, index=2), delta("stop"))
    assert [dict(one.arguments) for one in calls_in(items)] == [{"a": 1}, {}, {}]


@pytest.mark.parametrize("arguments", ['{"a":', "[1]", "no"])
def test_arguments_that_are_no_object_are_unreadable(arguments: str) -> None:
    with pytest.raises(Unreadable):
        read(call(arguments, index=0), delta("stop"))


def test_a_call_that_was_cut_off_by_the_limit_is_dropped() -> None:
    items = read(call('{"a":', index=0), delta("length"))
    assert items == [Finished(StopReason.LENGTH)]


def test_arguments_have_a_bound() -> None:
    text = '"' + "x" * (MAX_ARGUMENT_CHARS - 8) + '"'
    items = read(call('{"a":', index=0), call(text, None, index=0), call("}", None, index=0), delta("stop"))
    assert len(calls_in(items)) == 1
    with pytest.raises(Unreadable):
        read(call('{"a":', index=0), call(text, None, index=0), call("}  ", None, index=0))


def test_calls_have_a_bound() -> None:
    many = [call(index=n) for n in range(MAX_TOOL_CALLS)]
    assert len(calls_in(read(*many, delta("stop")))) == MAX_TOOL_CALLS
    with pytest.raises(Unreadable):
        read(*many, call(index=MAX_TOOL_CALLS))


@pytest.mark.parametrize(
    "chunk",
    [
        {"error": {"message": "overloaded", "code": 503}},
        {"error": {"message": "overloaded", "code": "503"}, "choices": [{"delta": {}, "finish_reason": "error"}]},
        {"error": {"type": "overloaded_error", "message": "x"}},
    ],
)
def test_an_error_inside_a_good_stream_is_an_error(chunk: dict[str, Any]) -> None:
    with pytest.raises(ServiceProblem) as caught:
        read(delta(content="a"), chunk)
    assert kind_of(caught.value.problem) is FailureKind.OVERLOADED


def test_a_reason_to_stop_may_be_an_error_too() -> None:
    with pytest.raises(ServiceProblem):
        read(delta("error", content="a"))


def test_a_refusal_is_shown_and_told() -> None:
    assert read(delta(refusal="I cannot."), delta("stop")) == [
        TextDelta("I cannot."),
        Finished(StopReason.REFUSED),
    ]


def test_a_whole_message_is_an_answer() -> None:
    message = {"role": "assistant", "content": "a", "tool_calls": [{"id": "x", "function": {"name": "f"}}]}
    items = read({"choices": [{"message": message, "finish_reason": "stop"}]}, done=False)
    assert items[0] == TextDelta("a")
    assert calls_in(items) == [ToolCall("x", "f", {})]


def test_other_choices_are_ignored() -> None:
    other = {"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]}
    assert read(other)[0] == TextDelta("a")


def test_log_probabilities_come_with_their_text() -> None:
    chunk = delta(content="a b")
    chunk["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.5}, {"token": " b", "logprob": -1}]}
    assert read(chunk)[0] == TextDelta("a b", (-0.5, -1.0))


REQUEST = GenerateRequest(
    "m", "s", (Message(Role.USER, (Text("hi"),)),), max_tokens=9, session_key="agent:main:+4912345"
)


def test_what_only_openai_takes_is_sent_only_there() -> None:
    official, other = OpenAIChat(True).encode(REQUEST, Shape()), OpenAIChat(False).encode(REQUEST, Shape())
    assert "prompt_cache_key" in official
    assert "4912345" not in str(official)
    assert official["max_completion_tokens"] == other["max_tokens"] == 9
    assert "prompt_cache_key" not in other
    assert "max_tokens" not in official


def test_an_empty_answer_of_the_past_is_not_null() -> None:
    request = GenerateRequest("m", "", (Message(Role.ASSISTANT, ()),))
    assert OpenAIChat().encode(request, Shape())["messages"] == [{"role": "assistant", "content": ""}]


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, False),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"type": "string"}, True),
    ],
)
def test_strict_mode_is_asked_for_only_where_it_is_taken(schema: dict[str, Any], strict: bool) -> None:
    assert strict_schema(schema) is strict


def test_ids_are_kept_where_everybody_takes_them() -> None:
    assert wire_id("a" * 40) == "a" * 40
    assert wire_id("a" * 41) == wire_id("a" * 41) != wire_id("a" * 42)
    assert len(wire_id("a b")) <= 40
    assert wire_id("") != ""
