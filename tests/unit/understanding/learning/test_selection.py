"""Which turns teach the embedded model."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.understanding.learning.selection import Done, Turn, agrees, lesson, plain, taken_back

ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = 1_781_076_600_000  # 2026-06-10 09:30 in Berlin
TIMER = Done("timer_set", {"duration_s": 1200})


def turn(text: str, *calls: Done) -> Turn:
    return Turn(text, calls, NOW_MS)


def test_one_call_of_a_known_tool_that_worked_teaches() -> None:
    assert lesson(turn("ping me in 20 minutes", TIMER)) == TIMER


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("ping me in 20 minutes", ()),
        ("ping me in 20 minutes", (TIMER, TIMER)),
        ("ping me in 20 minutes", (Done("timer_set", {"duration_s": 1200}, failed=True),)),
        ("ping me in 20 minutes", (Done("web_search", {"query": "ping"}),)),
        ("take that back now", (Done("undo_last", {}),)),
        ("make it stop now", (Done("timer_cancel", {}),)),
        ("again", (Done("timer_list", {}),)),
        ("word " * 71, (TIMER,)),
        ("w " * 60 + "x" * 300, (TIMER,)),
    ],
    ids=["no call", "two calls", "failed", "not ours", "undo", "writes without arguments", "one word", "words", "long"],
)
def test_what_proves_nothing_teaches_nothing(text: str, calls: tuple[Done, ...]) -> None:
    assert lesson(turn(text, *calls)) is None


def test_a_text_at_the_cap_teaches_and_one_past_it_does_not() -> None:
    text = "ping me " + "x" * 392
    assert lesson(turn(text, TIMER)) == TIMER
    assert lesson(turn(text + "x", TIMER)) is None


@pytest.mark.parametrize(
    ("tag", "text", "call", "same"),
    [
        ("en", "ping me in 20 minutes", TIMER, True),
        ("en", "ping me in 20 minutes", Done("timer_set", {"duration_s": 1200.0, "label": None}), True),
        ("en", "ping me in 20 minutes", Done("timer_set", {"duration_s": 1260}), False),
        ("en", "ping me in 20 minutes", Done("timer_set", {"duration_s": 1200, "label": "pasta"}), False),
        (
            "de",
            "setz Butter auf die Einkaufsliste",
            Done("list_add", {"items": ["butter"], "list": "Einkaufsliste"}),
            True,
        ),
        ("de", "setz Butter auf die Einkaufsliste", Done("list_add", {"items": ["butter", "milk"]}), False),
        ("fr", "fais-moi signe dans 20 minutes", TIMER, True),
        ("en", "how is my box holding up", Done("box_health", {}), True),
    ],
)
def test_arguments_must_be_those_that_the_parsers_read(tag: str, text: str, call: Done, same: bool) -> None:
    assert agrees(turn(text, call), call, tag, ZONE) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"at": "2026-06-10T18:00:00+02:00"}, {"at": "2026-06-10T18:00"}),
        ({"items": ["Milk", " eggs. "]}, {"items": ["eggs", "milk"]}),
        ({"value": 3, "to": None}, {"value": 3.0}),
    ],
)
def test_equal_meanings_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert plain(one, ZONE) == plain(other, ZONE)


def test_a_switch_is_no_number() -> None:
    assert str(plain({"on": True}, ZONE)) != str(plain({"on": 1}, ZONE))


@pytest.mark.parametrize(
    ("tag", "after"),
    [
        ("en", turn("no, that is wrong")),
        ("de", turn("Nein, das nicht")),
        ("fr", turn("non, pas ça")),
        ("en", turn("take it away", Done("timer_cancel", {"all": True}))),
        ("en", turn("whatever", Done("undo_last", {}))),
        ("en", turn("make it ten minutes")),
        ("de", turn("mach zehn Minuten draus")),
    ],
)
def test_what_the_next_turn_takes_back_teaches_nothing(tag: str, after: Turn) -> None:
    assert taken_back(TIMER, after, tag, ZONE)


@pytest.mark.parametrize("after", [turn("thanks"), turn("what is the capital of Peru"), turn("Nora called")])
def test_a_next_turn_about_something_else_lets_it_stand(after: Turn) -> None:
    assert not taken_back(TIMER, after, "en", ZONE)
