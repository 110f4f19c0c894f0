from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.generation import ToolSpec
from appliance.tools.selection import MAX_TOOLS, MIN_TOOLS, Kit, choose, kits

_NAMES = (
    "clock_now date_lookup calculate unit_convert box_health timer_set timer_list timer_cancel alarm_set alarm_list "
    "alarm_cancel reminder_set reminder_list reminder_cancel note_add note_list note_search note_delete list_add "
    "list_show list_remove list_clear volume_set media_control light_set scene_set undo_last"
).split()


def _specs(*names: str) -> list[ToolSpec]:
    return [ToolSpec(name, name, {"type": "object"}) for name in names or _NAMES]


def _names(kit: Kit | None) -> list[str]:
    assert kit is not None
    return [tool.name for tool in kit.tools]


@pytest.mark.parametrize("size", [MIN_TOOLS, 4, 5, MAX_TOOLS])
def test_no_kit_is_larger_than_asked_and_every_tool_is_in_one(size: int) -> None:
    found = kits(_specs(*_NAMES, "web_search", "door_open"), size)
    assert max(len(kit.tools) for kit in found) <= size
    assert {name for kit in found for name in _names(kit)} == {*_NAMES, "web_search", "door_open"}
    assert len({kit.name for kit in found}) == len(found)


@pytest.mark.parametrize(("wanted", "taken"), [(2, MIN_TOOLS), (7, MAX_TOOLS)])
def test_sizes_outside_three_to_six_are_moved_to_the_nearer_bound(wanted: int, taken: int) -> None:
    assert kits(_specs(*_NAMES, *"abcdefg"), wanted) == kits(_specs(*_NAMES, *"abcdefg"), taken)


def test_few_tools_are_one_kit_and_no_tools_are_none() -> None:
    assert [kit.name for kit in kits(_specs(*_NAMES[:5]), 5)] == ["all"]
    assert len(kits(_specs(*_NAMES[:6]), 5)) > 1
    assert kits([], 5) == ()
    assert choose((), "set a timer", {"timer_set": 1.0}, None) is None


@given(st.permutations(_NAMES[5:12]))
def test_the_same_tools_make_the_same_kits_in_the_order_of_the_theme(names: list[str]) -> None:
    assert [_names(kit) for kit in kits(_specs(*names), 3)] == [_names(kit) for kit in kits(_specs(*_NAMES[5:12]), 3)]


def test_a_conversation_begins_with_the_kit_of_a_hint_or_the_general_one() -> None:
    found = kits(_specs())
    assert choose(found, "boil eggs", {"timer_set": 0.06}, None) == next(kit for kit in found if kit.name == "timers")
    assert choose(found, "tell me of the sea", {"timer_set": 0.04}, None) == found[0]
    assert choose(found, "tell me of the sea", {}, None) == found[0]


def test_a_conversation_keeps_its_kit_until_a_clear_wish() -> None:
    found = kits(_specs())
    weak, clear = {"note_add": 0.29}, {"note_add": 0.31}
    assert _names(choose(found, "and then", weak, "lists"))[0] == "list_add"
    assert _names(choose(found, "write that down", clear, "lists"))[0] == "note_add"
    assert _names(choose(found, "is there more", {"undo_last": 0.9}, "lists"))[0] == "list_add", "it has that tool"


def test_a_tool_that_is_named_wins_over_everything() -> None:
    found = kits(_specs())
    assert "list_clear" in _names(choose(found, "use list_clear please", {"timer_set": 0.99}, "timers"))


def test_a_kit_that_is_gone_is_replaced() -> None:
    found = kits(_specs())
    assert choose(found, "hm", {}, "a kit of last year") == found[0]


def test_scores_of_tools_that_are_not_offered_count_for_nothing() -> None:
    found = kits(_specs(*_NAMES[5:]))
    assert choose(found, "what is 2 plus 2", {"calculate": 0.99, "escalate": 1.0}, None) == found[0]
