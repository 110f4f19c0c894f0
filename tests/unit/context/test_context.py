from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from appliance.context.assembly import Assembly, stamp
from appliance.context.budget import estimate_tokens, fit
from appliance.context.prompt import system_prompt
from appliance.context.wire import assistant_entry, shortened, to_message, tool_result_entry, user_entry
from appliance.generation import ModelInfo
from appliance.messages import Image, Message, Role, Text, ToolCall, ToolResult, Usage

NOW_MS = 1_795_000_000_000


def test_the_static_prompt_is_short_and_holds_nothing_that_varies() -> None:
    prompt = Message(Role.USER, (Text(system_prompt()),))
    assert estimate_tokens(prompt) < 500
    assert system_prompt() is system_prompt()
    assert "2026" not in system_prompt()


def test_entries_and_messages_are_two_forms_of_the_same_thing() -> None:
    call = ToolCall("c1", "calculate", {"expression": "1+1"})
    said = assistant_entry(
        "One moment.",
        (call,),
        provider="p",
        model="m",
        usage=Usage(3, None),
        stop_reason="tool_calls",
        now_ms=NOW_MS,
    )
    result = ToolResult("c1", "calculate", "2", data={"value": 2})
    assert to_message(said, lambda _: None) == Message(Role.ASSISTANT, (Text("One moment."), call))
    assert to_message(tool_result_entry(result, NOW_MS), lambda _: None) == Message(Role.TOOL, (result,))
    assert said["usage"] == {"input": 3, "totalTokens": 3}


def test_an_image_is_loaded_by_its_hash_and_a_lost_one_is_named() -> None:
    entry = user_entry("look", ({"type": "image", "mimeType": "image/png", "blob": "abc"},), NOW_MS)
    seen = to_message(entry, {"abc": b"png"}.get)
    lost = to_message(entry, lambda _: None)
    assert seen == Message(Role.USER, (Text("look"), Image("image/png", b"png")))
    assert lost is not None
    assert "gone" in lost.text


def test_a_failed_answer_is_not_shown_to_a_model() -> None:
    failed = assistant_entry(
        "", (), provider="", model="", usage=None, stop_reason="error", now_ms=NOW_MS, error="no model"
    )
    assert to_message(failed, lambda _: None) is None


def test_a_shortened_message_is_one_line_of_bounded_length() -> None:
    at_cap = shortened(user_entry("x" * 160, (), NOW_MS))
    past = shortened(user_entry("x" * 161 + "\nmore", (), NOW_MS))
    assert at_cap["content"] == "x" * 160
    assert past["content"] == "x" * 160 + "…"


def test_stamps_name_the_zone_and_stay_the_same() -> None:
    assert stamp(NOW_MS, ZoneInfo("Europe/Berlin")) == "[Wed 2026-11-18 12:06 CET] "


def test_bare_providers_see_the_words_alone() -> None:
    assembly = Assembly(
        [user_entry("set a timer", (), NOW_MS)],
        zone=ZoneInfo("UTC"),
        tools=lambda _: (),
        session_key="k",
        load_blob=lambda _: None,
        bare_providers=frozenset({"homarus"}),
    )
    bare = assembly.request(ModelInfo("homarus", "mini", "Mini"))
    stamped = assembly.request(ModelInfo("cloud", "big", "Big"))
    assert bare.messages[0].text == "set a timer"
    assert stamped.messages[0].text.endswith("] set a timer")


@given(st.lists(st.sampled_from(["user", "assistant"]), max_size=30), st.integers(0, 400))
def test_a_cut_history_starts_with_a_person_keeps_its_end_and_fits(roles: list[str], budget: int) -> None:
    history = [Message(Role(role), (Text(f"{n} " + "word " * 5),)) for n, role in enumerate(roles)]
    kept = fit(history, budget)
    assert list(kept) == history[len(history) - len(kept) :]
    people = [message for message in kept if message.role is Role.USER]
    if any(message.role is Role.USER for message in history):
        assert kept[0].role is Role.USER
        if len(people) > 1:
            assert sum(map(estimate_tokens, kept)) <= budget
