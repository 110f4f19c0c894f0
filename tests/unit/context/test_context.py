from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from appliance.context.assembly import MARKS, Assembly, stamp
from appliance.context.budget import estimate_tokens, fit
from appliance.context.prompt import system_prompt
from appliance.context.wire import assistant_entry, shortened, to_message, tool_result_entry, user_entry
from appliance.engine.api import generate_frame
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.template import SpecialTexts
from appliance.generation import GenerateRequest, ModelInfo, ToolSpec
from appliance.messages import Image, JsonObject, Message, Role, Text, ToolCall, ToolResult, Usage
from appliance.tools.selection import Kit, choose, kits

NOW_MS = 1_795_000_000_000


def test_the_static_prompt_is_short_and_holds_nothing_that_varies() -> None:
    prompt = Message(Role.USER, (Text(system_prompt()),))
    assert estimate_tokens(prompt) < 500
    assert system_prompt() is system_prompt()
    assert "2026" not in system_prompt()


def test_the_prompt_names_the_owner_last_and_stays_the_same_until_the_name_changes() -> None:
    named = system_prompt("Ann\n\n  Lee ")
    assert named.startswith(system_prompt() + "\n")
    assert "Ann Lee;" in named.removeprefix(system_prompt()).strip()
    assert len(named.splitlines()) == len(system_prompt().splitlines()) + 1
    assert named is system_prompt("Ann\n\n  Lee ")
    assert system_prompt("  ") == system_prompt()
    longest = Message(Role.USER, (Text(system_prompt("x" * 64)),))
    assert estimate_tokens(longest) < 500


def test_a_model_is_told_the_name_of_the_owner() -> None:
    assembly = Assembly(
        [user_entry("who am I?", (), NOW_MS)],
        zone=ZoneInfo("UTC"),
        tools=lambda _: (),
        session_key="k",
        load_blob=lambda _: None,
        owner="Ann",
        extra_system="Be brief.",
    )
    system = assembly.request(ModelInfo("cloud", "big", "Big")).system
    assert system == f"{system_prompt('Ann')}\n\nBe brief."


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


def test_what_a_bare_provider_does_not_read_leaves_room_for_its_history() -> None:
    """A correction ("make it ten") needs the exchange before it, however many tools there are."""
    tools = [ToolSpec(f"tool_{number}", "does " * 40, {"type": "object"}) for number in range(30)]
    assembly = Assembly(
        [user_entry("set a timer", (), NOW_MS), user_entry("make it ten", (), NOW_MS)],
        zone=ZoneInfo("UTC"),
        tools=lambda _: tools,
        session_key="k",
        load_blob=lambda _: None,
        bare_providers=frozenset({"homarus"}),
    )
    bare = assembly.request(ModelInfo("homarus", "mini", "Mini", context_window=512))
    assert [message.text for message in bare.messages] == ["set a timer", "make it ten"]
    size = assembly.size(ModelInfo("homarus", "mini", "Mini", context_window=512))
    assert (size.system, size.tools, len(size.tool_names)) == (0, 0, 30)


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


_LOCAL = ModelInfo("local", "tiny", "Tiny", context_window=2048, local=True)
_SPECS = [ToolSpec(f"tool_{letter}", "does " * 5, {"type": "object"}) for letter in "abcdefgh"]


def _chosen(specs: Sequence[ToolSpec], text: str, current: str | None) -> Kit | None:
    return choose(kits(specs, 3), text, {}, current)


def _assembly(entries: Sequence[JsonObject], **options: Any) -> Assembly:
    return Assembly(
        entries,
        zone=ZoneInfo("Europe/Berlin"),
        tools=lambda _: _SPECS,
        session_key="k",
        load_blob=lambda _: None,
        kits=_chosen,
        bare_providers=frozenset({"homarus"}),
        **options,
    )


def test_a_model_on_a_box_sees_one_kit_and_the_others_see_every_tool() -> None:
    assembly = _assembly([user_entry("use tool_e", (), NOW_MS)])
    assert [tool.name for tool in assembly.request(_LOCAL).tools] == ["tool_d", "tool_e", "tool_f"]
    assert len(assembly.request(ModelInfo("cloud", "big", "Big")).tools) == len(_SPECS)
    assert len(assembly.request(ModelInfo("homarus", "mini", "Mini", local=True)).tools) == len(_SPECS)


def test_the_kit_of_a_turn_is_that_of_the_turn_before_and_stays_while_it_runs() -> None:
    said = {**assistant_entry("ok", (), provider="local", model="tiny", usage=None, stop_reason="stop", now_ms=NOW_MS)}
    assembly = _assembly([user_entry("hm", (), NOW_MS), {**said, MARKS: {"kit": "more 2"}}])
    assembly.add(user_entry("and now", (), NOW_MS + 1))
    assert [tool.name for tool in assembly.request(_LOCAL).tools] == ["tool_d", "tool_e", "tool_f"]
    assembly.add(user_entry("use tool_a", (), NOW_MS + 2))
    assert [tool.name for tool in assembly.request(_LOCAL).tools] == ["tool_d", "tool_e", "tool_f"]
    assert assembly.marks["kit"] == "more 2"


def test_a_background_run_says_so() -> None:
    assert _assembly([user_entry("x", (), NOW_MS)], background=True).request(_LOCAL).background
    assert not _assembly([user_entry("x", (), NOW_MS)]).request(_LOCAL).background


@given(st.lists(st.integers(1, 900), min_size=2, max_size=60))
def test_each_turn_begins_as_the_one_before_until_the_window_is_full_and_then_for_many_turns(sizes: list[int]) -> None:
    entries: list[JsonObject] = []
    before: GenerateRequest | None = None
    cuts = 0
    for number, size in enumerate(sizes):
        entries.append(user_entry("w" * size, (), NOW_MS + number))
        assembly = _assembly(entries[-40:])  # as many as the store gives
        request = assembly.request(_LOCAL)
        if before is not None:
            assert (request.system, request.tools) == (before.system, before.tools)
            same = request.messages[: len(before.messages)] == before.messages
            cuts += not same
        before = request
        said = assistant_entry("ok", (), provider="local", model="tiny", usage=None, stop_reason="stop", now_ms=NOW_MS)
        entries.append({**said, MARKS: assembly.marks})
    # a cut leaves at least a quarter of the window free, about 460 tokens; 900 characters are 290
    assert cuts <= 1 + sum(size // 3 + 20 for size in sizes) // 400 + len(sizes) // 10


def test_the_prompt_of_a_turn_is_the_beginning_of_the_next_ones_prompt() -> None:
    def rendered(request: GenerateRequest) -> str:
        pieces = maker.prompt(generate_frame(request).input).pieces
        return "".join(pieces)

    maker = PromptMaker(None, SpecialTexts.of({"<|im_start|>", "<|im_end|>"}), lambda: datetime(2026, 11, 21))
    entries: list[JsonObject] = [user_entry("use tool_b now", (), NOW_MS)]
    first = _assembly(entries)
    one = rendered(first.request(_LOCAL))
    call = ToolCall("c1", "tool_b", {"n": 1})
    names = {"provider": "local", "model": "tiny", "usage": None}
    entries.append(assistant_entry("", (call,), stop_reason="tool_calls", now_ms=NOW_MS + 1, **names))
    entries.append(tool_result_entry(ToolResult("c1", "tool_b", "done"), NOW_MS + 2))
    first.add(entries[1])
    first.add(entries[2])
    two = rendered(first.request(_LOCAL))
    said = assistant_entry("It is done.", (), stop_reason="stop", now_ms=NOW_MS + 3, **names)
    entries += [{**said, MARKS: first.marks}, user_entry("thanks", (), NOW_MS + 90_000_000)]
    three = rendered(_assembly(entries).request(_LOCAL))
    assert two.startswith(one)
    assert three.startswith(two)
