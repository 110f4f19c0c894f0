"""homarus-mini as a provider: calls, results, hand-overs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from appliance.generation import (
    FailureKind,
    Finished,
    GenerateRequest,
    ModelError,
    StopReason,
    TextDelta,
    ToolCallReady,
    ToolSpec,
)
from appliance.messages import Image, Message, Role, Text, ToolCall, ToolResult
from appliance.understanding.languages import TAGS
from appliance.understanding.provider import MiniProvider
from appliance.understanding.understander import Understander, Weights
from tests.fakes.clock import FakeClock
from tests.unit.understanding.scripted_engine import ScriptedEngine
from tests.unit.understanding.test_understander import CALIBRATION, NEUTRAL

TIMER = ToolSpec("timer_set", "Start a countdown.", {"type": "object"})


def provider(engine: ScriptedEngine) -> MiniProvider:
    clock = FakeClock()
    return MiniProvider(
        Understander(engine, Weights(NEUTRAL, dict.fromkeys(TAGS, CALIBRATION)), clock), clock, lambda: ZoneInfo("UTC")
    )


def request(*messages: Message, tools: tuple[ToolSpec, ...] = (TIMER,)) -> GenerateRequest:
    return GenerateRequest(model="mini", system="", messages=messages, tools=tools)


def user(text: str) -> Message:
    return Message(Role.USER, (Text(text),))


async def test_a_request_becomes_one_tool_call() -> None:
    mini = provider(ScriptedEngine({"timer_set": 0.99}))
    first, last = [item async for item in mini.generate(request(user("timer for ten minutes")))]
    assert isinstance(first, ToolCallReady)
    assert (first.call.name, first.call.arguments) == ("timer_set", {"duration_s": 600})
    assert last == Finished(StopReason.TOOL_CALLS)


def answered(call: ToolCall) -> GenerateRequest:
    result = ToolResult(call.id, call.name, "Timer set for 10 minutes.")
    return request(user("timer"), Message(Role.ASSISTANT, (call,)), Message(Role.TOOL, (result,)))


async def test_the_result_of_its_own_call_is_the_answer() -> None:
    engine = ScriptedEngine({"timer_set": 0.99})
    mini = provider(engine)
    ready, _ = [item async for item in mini.generate(request(user("timer for ten minutes")))]
    assert isinstance(ready, ToolCallReady)
    asked = len(engine.frames)
    items = [item async for item in mini.generate(answered(ready.call))]
    assert items == [TextDelta("Timer set for 10 minutes."), Finished(StopReason.END)]
    assert len(engine.frames) == asked


async def test_the_result_of_a_call_of_another_model_is_handed_over() -> None:
    with pytest.raises(ModelError) as caught:
        _ = [i async for i in provider(ScriptedEngine({})).generate(answered(ToolCall("c1", "timer_set", {})))]
    assert caught.value.kind is FailureKind.ESCALATE


@pytest.mark.parametrize(
    "asked",
    [
        request(user("tell me a story")),
        request(user("timer for ten minutes"), tools=()),
        request(user("timer for ten minutes"), tools=(ToolSpec("note_add", "", {}),)),
        request(Message(Role.USER, (Text("timer for ten minutes"), Image("image/png", b"x")))),
        request(user("timer for ten minutes"), Message(Role.ASSISTANT, (Text("Which?"),))),
        request(),
    ],
)
async def test_what_is_not_for_it_is_handed_over(asked: GenerateRequest) -> None:
    sure = "escalate" if asked.messages and asked.messages[0].text == "tell me a story" else "timer_set"
    with pytest.raises(ModelError, match="more than the embedded model can do") as caught:
        _ = [item async for item in provider(ScriptedEngine({sure: 0.99})).generate(asked)]
    assert caught.value.kind is FailureKind.ESCALATE


async def test_a_wish_for_json_is_handed_over() -> None:
    asked = GenerateRequest("mini", "", (user("timer for ten minutes"),), (TIMER,), response_schema={"type": "object"})
    with pytest.raises(ModelError) as caught:
        _ = [item async for item in provider(ScriptedEngine({"timer_set": 0.99})).generate(asked)]
    assert caught.value.kind is FailureKind.ESCALATE


async def test_a_hand_over_tells_what_came_closest() -> None:
    with pytest.raises(ModelError) as caught:
        _ = [
            item
            async for item in provider(ScriptedEngine({"timer_set": 0.7})).generate(
                request(user("ten minutes of fame"))
            )
        ]
    assert caught.value.details["guess"] == "timer_set"


async def test_it_is_one_local_model_and_makes_no_embeddings() -> None:
    mini = provider(ScriptedEngine({}))
    assert [model.ref for model in mini.models()] == ["homarus/mini"]
    assert mini.models()[0].local
    with pytest.raises(ModelError):
        await mini.embed("mini", ["a"])
    await mini.aclose()


UNDO = ToolSpec("undo_last", "Take the last change back.", {"type": "object"})


def after_a_timer(
    text: str, *, failed: bool = False, call_id: str = "mini-1", undoable: bool = True
) -> GenerateRequest:
    call = ToolCall(call_id, "timer_set", {"duration_s": 300})
    result = ToolResult(call.id, call.name, "Timer set for 5 minutes.", failed, {"undoable": True} if undoable else {})
    before = (
        user("set a timer for five minutes"),
        Message(Role.ASSISTANT, (call,)),
        Message(Role.TOOL, (result,)),
        Message(Role.ASSISTANT, (Text("Timer set for 5 minutes."),)),
    )
    return request(*before, user(text), tools=(TIMER, UNDO))


async def test_a_correction_takes_the_last_call_back_and_calls_again() -> None:
    engine = ScriptedEngine({})
    items = [item async for item in provider(engine).generate(after_a_timer("make it ten"))]
    calls = [item.call for item in items if isinstance(item, ToolCallReady)]
    assert [(call.name, dict(call.arguments)) for call in calls] == [
        ("undo_last", {}),
        ("timer_set", {"duration_s": 600}),
    ]
    assert len({call.id for call in calls}) == 2
    assert engine.frames == []  # no model was needed


async def test_a_correction_of_what_changed_nothing_takes_nothing_else_back() -> None:
    asked = after_a_timer("make it ten", undoable=False)
    items = [item async for item in provider(ScriptedEngine({})).generate(asked)]
    assert [item.call.name for item in items if isinstance(item, ToolCallReady)] == ["timer_set"]


@pytest.mark.parametrize("other", [{"failed": True}, {"call_id": "call_of_a_larger_model"}])
async def test_what_failed_or_came_from_another_model_cannot_be_corrected(other: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        _ = [i async for i in provider(ScriptedEngine({})).generate(after_a_timer("make it ten", **other))]  # type: ignore[arg-type]


async def test_a_change_that_can_be_taken_back_is_told_with_the_offer() -> None:
    call = ToolCall("mini-1", "timer_set", {"duration_s": 600})
    result = ToolResult(call.id, call.name, "Timer set for 10 minutes.", data={"undoable": True})
    asked = request(user("timer"), Message(Role.ASSISTANT, (call,)), Message(Role.TOOL, (result,)))
    first, _ = [item async for item in provider(ScriptedEngine({})).generate(asked)]
    assert first == TextDelta("Timer set for 10 minutes. Say “undo that” to take it back.")


@pytest.mark.parametrize(("said", "told"), [("Noted: 12", "Noted: 12."), ("Noted: why?", "Noted: why?")])
async def test_the_offer_follows_a_whole_sentence(said: str, told: str) -> None:
    call = ToolCall("mini-1", "note_add", {"text": "12"})
    result = ToolResult(call.id, call.name, said, data={"undoable": True})
    asked = request(user("note 12"), Message(Role.ASSISTANT, (call,)), Message(Role.TOOL, (result,)))
    first, _ = [item async for item in provider(ScriptedEngine({})).generate(asked)]
    assert first == TextDelta(f"{told} Say “undo that” to take it back.")
