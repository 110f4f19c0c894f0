import asyncio
import logging
from typing import Annotated, Any

import pytest
from msgspec import Meta

from appliance.foundation.errors import OverloadedError
from appliance.generation import Effect
from appliance.messages import ToolCall, ToolResult
from appliance.tools.arguments import Arguments, schema_of
from appliance.tools.base import ToolContext, ToolOutput, ToolRefusedError, function_tool
from appliance.tools.executor import MAX_ARGUMENT_BYTES, MAX_DATA_BYTES, MAX_TEXT_CHARACTERS, Executor
from appliance.tools.policy import NO_TOOLS, PolicyLayer, ToolPolicy
from appliance.tools.registry import Registry


class Place(Arguments, frozen=True):
    city: str


class Wish(Arguments, frozen=True):
    number: Annotated[int, Meta(ge=1, description="how many")]
    text: str | None = None
    place: Place | None = None


class Work:
    """A tool whose behaviour a test chooses."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.seen: list[Wish] = []

    async def __call__(self, arguments: Wish, context: ToolContext) -> ToolOutput:
        self.seen.append(arguments)
        if isinstance(self.answer, BaseException):
            raise self.answer
        if self.answer == "wait":
            await asyncio.Event().wait()
        return self.answer if isinstance(self.answer, ToolOutput) else ToolOutput(str(self.answer))


async def run(
    context: ToolContext, answer: Any, arguments: dict[str, Any], policy: ToolPolicy = ToolPolicy(), name: str = "wish"
) -> tuple[ToolResult, Work]:
    work = Work(answer)
    registry = Registry()
    registry.register(function_tool("wish", "Wish.", Wish, work, effect=Effect.WRITE), groups=("assistant",))
    return await Executor(registry, timeout_s=0.05).execute(ToolCall("c1", name, arguments), context, policy), work


async def test_a_call_becomes_a_result_with_its_id(context: ToolContext) -> None:
    result, work = await run(context, ToolOutput("done", {"a": 1}), {"number": 2})
    assert result == ToolResult("c1", "wish", "done", False, {"a": 1})
    assert work.seen == [Wish(2)]


async def test_what_models_write_for_numbers_and_missing_options_is_understood(context: ToolContext) -> None:
    _, work = await run(context, "ok", {"number": "3", "text": None})
    assert work.seen == [Wish(3)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"number": 0}, "number: expected int >= 1"),
        ({"number": 1.5}, "number"),
        ({}, "missing required field number"),
        ({"number": 1, "numbr": 2}, "Did you mean number?"),
        ({"number": 1, "place": {"city": 3, "x": 1}}, "place"),
    ],
)
async def test_wrong_arguments_are_named_and_the_tool_is_not_called(
    context: ToolContext, arguments: dict[str, Any], words: str
) -> None:
    result, work = await run(context, "ok", arguments)
    assert result.is_error
    assert words in result.text
    assert work.seen == []


async def test_a_tool_that_the_policy_denies_answers_like_one_that_does_not_exist(context: ToolContext) -> None:
    denied, work = await run(context, "ok", {"number": 1}, NO_TOOLS)
    unknown, _ = await run(context, "ok", {"number": 1}, name="other")
    assert denied.text == "There is no tool wish here."
    assert unknown.text == "There is no tool other here."
    assert work.seen == []


async def test_a_tool_that_does_not_finish_is_ended_with_a_reason(context: ToolContext) -> None:
    result, _ = await run(context, "wait", {"number": 1})
    assert result.is_error
    assert result.text == "wish did not finish in 0.05 seconds."


async def test_a_refusal_is_the_sentence_of_the_tool(context: ToolContext) -> None:
    result, _ = await run(context, ToolRefusedError("Which one?", {"candidates": []}), {"number": 1})
    assert (result.text, result.is_error, result.data) == ("Which one?", True, {"candidates": []})


async def test_a_failure_of_a_part_is_named(context: ToolContext) -> None:
    result, _ = await run(context, OverloadedError("The queue is full."), {"number": 1})
    assert result.text == "wish failed: The queue is full."


async def test_a_broken_tool_does_not_end_the_run_and_says_nothing_of_its_inside(
    context: ToolContext, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        result, _ = await run(context, KeyError("/etc/secret"), {"number": 1})
    assert result.is_error
    assert "secret" not in result.text
    assert "tool wish broke" in caplog.text


async def test_a_time_out_inside_a_tool_is_its_own_failure(context: ToolContext) -> None:
    result, _ = await run(context, TimeoutError("socket"), {"number": 1})
    assert "broke" in result.text


async def test_a_cancelled_run_cancels_the_tool(context: ToolContext) -> None:
    task = asyncio.ensure_future(run(context, "wait", {"number": 1}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("over", [0, 1])
async def test_the_text_is_cut_past_its_bound(context: ToolContext, over: int) -> None:
    result, _ = await run(context, "x" * (MAX_TEXT_CHARACTERS + over), {"number": 1})
    assert len(result.text) <= MAX_TEXT_CHARACTERS
    assert ("characters in all" in result.text) is bool(over)


@pytest.mark.parametrize("over", [0, 1])
async def test_data_past_its_bound_is_left_out(context: ToolContext, over: int) -> None:
    result, _ = await run(context, ToolOutput("big", "x" * (MAX_DATA_BYTES - 2 + over)), {"number": 1})
    assert (result.data is None) is bool(over)
    assert result.text == "big"


async def test_data_that_is_not_json_is_left_out(context: ToolContext) -> None:
    result, _ = await run(context, ToolOutput("odd", object()), {"number": 1})
    assert (result.text, result.data) == ("odd", None)


@pytest.mark.parametrize("over", [0, 1])
async def test_arguments_have_a_bound(context: ToolContext, over: int) -> None:
    frame = len('{"number":1,"text":""}')
    result, work = await run(context, "ok", {"number": 1, "text": "x" * (MAX_ARGUMENT_BYTES - frame + over)})
    assert result.is_error is bool(over)
    assert len(work.seen) == 1 - over


def test_a_schema_is_short_and_has_no_references() -> None:
    assert schema_of(Wish) == {
        "type": "object",
        "properties": {
            "number": {"type": "integer", "minimum": 1, "description": "how many"},
            "text": {"type": "string"},
            "place": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
        "required": ["number"],
        "additionalProperties": False,
    }


def test_a_name_is_registered_once() -> None:
    registry = Registry()
    tool = function_tool("wish", "Wish.", Wish, Work("ok"))
    registry.register(tool, groups=("a", "b"))
    with pytest.raises(ValueError, match="registered twice"):
        registry.register(tool)
    assert registry.names() == ("wish",)
    assert registry.groups() == {"a": frozenset({"wish"}), "b": frozenset({"wish"})}
    assert registry.specs(ToolPolicy((PolicyLayer(deny=("group:a",)),))) == ()
    assert [one.name for one in registry.specs()] == ["wish"]
