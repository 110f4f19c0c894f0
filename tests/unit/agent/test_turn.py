from appliance.agent.turn import Ending, Finish, Infer, RunTools, Turn, TurnLimits
from appliance.generation import StopReason
from appliance.messages import ToolCall


def call(name: str = "clock_now", **arguments: object) -> ToolCall:
    return ToolCall(f"call-{name}", name, arguments)


def test_a_turn_starts_with_the_model_and_ends_when_it_calls_no_tool() -> None:
    turn = Turn()
    assert turn.start() == Infer()
    assert turn.answered([], StopReason.END) == Finish(Ending.STOP)


def test_tools_are_followed_by_the_model() -> None:
    turn = Turn()
    turn.start()
    assert turn.answered([call()], StopReason.TOOL_CALLS) == RunTools((call(),))
    assert turn.ran() == Infer()


def test_the_same_call_is_refused_once_it_was_repeated_too_often() -> None:
    turn = Turn(TurnLimits(max_repeats=2))
    for _ in range(2):
        step = turn.answered([call(place="Oslo")], StopReason.TOOL_CALLS)
        assert isinstance(step, RunTools)
        assert len(step.calls) == 1
    step = turn.answered([call(place="Oslo"), call(place="Rome")], StopReason.TOOL_CALLS)
    assert isinstance(step, RunTools)
    assert [one.arguments["place"] for one in step.calls] == ["Rome"]
    assert [one.arguments["place"] for one, _ in step.refused] == ["Oslo"]


def test_more_calls_than_the_cap_are_refused_and_the_cap_itself_is_not() -> None:
    limits = TurnLimits(max_calls_per_step=3)
    calls = [call(n=n) for n in range(4)]
    at_cap = Turn(limits).answered(calls[:3], StopReason.TOOL_CALLS)
    past = Turn(limits).answered(calls, StopReason.TOOL_CALLS)
    assert isinstance(at_cap, RunTools)
    assert isinstance(past, RunTools)
    assert (len(at_cap.calls), len(at_cap.refused)) == (3, 0)
    assert (len(past.calls), len(past.refused)) == (3, 1)


def test_a_turn_ends_at_its_step_limit() -> None:
    turn = Turn(TurnLimits(max_steps=2))
    turn.start()
    assert turn.ran() == Infer()
    assert turn.ran() == Finish(Ending.STEP_LIMIT)


def test_a_cut_or_refused_answer_is_named() -> None:
    assert Turn().answered([], StopReason.LENGTH) == Finish(Ending.LENGTH)
    assert Turn().answered([], StopReason.REFUSED) == Finish(Ending.REFUSED)
