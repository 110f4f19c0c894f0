"""Whatever an abort, a crash or a timer leaves in a transcript, a service gets each call with its result."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from appliance.context.pairing import paired
from appliance.messages import Message, Role, Text, ToolCall, ToolResult


def user(text: str = "hello") -> Message:
    return Message(Role.USER, (Text(text),))


def said(text: str = "hm", *ids: str) -> Message:
    return Message(Role.ASSISTANT, (Text(text), *(ToolCall(one, "note_add", {}) for one in ids)))


def result(call_id: str, text: str = "done") -> Message:
    return Message(Role.TOOL, (ToolResult(call_id, "note_add", text),))


def test_a_whole_conversation_stays_as_it_is() -> None:
    whole = (user(), said("one moment", "a", "b"), result("a"), result("b"), said())
    assert paired(whole) == whole


def test_a_call_that_was_broken_off_gets_a_result_that_says_so() -> None:
    healed = paired((user(), said("one moment", "a", "b"), result("a"), user("and now?")))
    assert [message.role.value for message in healed] == ["user", "assistant", "tool", "tool", "user"]
    (last,) = healed[3].parts
    assert isinstance(last, ToolResult)
    assert (last.call_id, last.is_error) == ("b", True)


def test_a_timer_that_spoke_while_a_tool_ran_comes_after_the_result() -> None:
    timer = said("Your timer is done.")
    assert paired((user(), said("", "a"), timer, result("a"))) == (user(), said("", "a"), result("a"), timer)


def test_a_result_belongs_to_the_latest_call_of_its_name() -> None:
    again = (user(), said("", "a"), result("a", "first"), said("", "a"), result("a", "second"))
    assert paired(again) == again


def test_a_result_whose_call_was_cut_off_is_left_out() -> None:
    assert paired((result("a"), user())) == (user(),)


_messages = st.one_of(
    st.just(user()),
    st.just(said()),
    st.sampled_from(["a", "b"]).map(result),
    st.sampled_from([("a",), ("a", "b")]).map(lambda ids: said("", *ids)),
)


def _others(messages: Sequence[Message]) -> list[Message]:
    return [one for one in messages if one.role is not Role.TOOL]


@given(st.lists(_messages, max_size=12))
def test_every_call_is_followed_by_its_results_and_nothing_else_is_lost(messages: list[Message]) -> None:
    healed = paired(messages)
    assert _others(healed) == _others(messages)
    expected: list[str] = []
    for message in healed:
        if message.role is Role.TOOL:
            (part,) = message.parts
            assert isinstance(part, ToolResult)
            assert part.call_id == expected.pop(0)
        else:
            assert not expected
            expected = [part.id for part in message.parts if isinstance(part, ToolCall)]
    assert not expected
    assert paired(healed) == healed
