"""From a sentence and its copied spans to exact arguments, on Wednesday, 10 June 2026, 9:30 in Berlin."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.understanding.arguments import BUILDERS, MAX_TIMER_S
from appliance.understanding.languages import language
from appliance.understanding.request import Request
from appliance.understanding.vocabulary import ESCALATE, TOOLS

ENGLISH = language("en")
ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp() * 1000)


def built(tool: str, said: str, **spans: str) -> dict[str, Any] | None:
    return BUILDERS[tool](Request.of(ENGLISH, said.split(), spans, NOW_MS, ZONE))


def test_every_tool_has_a_builder() -> None:
    assert set(BUILDERS) == set(TOOLS) - {ESCALATE}


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("wake me at quarter to seven", {"time": "06:45"}),
        ("I have to be up by 5:30 tomorrow", {"time": "05:30", "date": "2026-06-11"}),
        ("alarm for 8 on weekdays", {"time": "08:00", "repeat": "weekdays"}),
        ("set the alarm for ten to nine tonight", {"time": "20:50", "date": "2026-06-10"}),
        ("wake me up in 20 minutes", {"time": "09:50"}),
        ("wake me up in 16 hours", {"time": "01:30", "date": "2026-06-11"}),
        ("alarm at 3", {"time": "15:00"}),
        ("wake me up at 3", {"time": "03:00"}),
        ("set an alarm for 6 a.m. on friday", {"time": "06:00", "date": "2026-06-12"}),
        ("every monday wake me up at 6", {"time": "06:00", "repeat": "mon"}),
        ("alarm for midnight", {"time": "00:00"}),
        ("set an alarm", None),
        ("set alarms for 2pm and 3pm", None),
        ("wake me up every hour at 7", None),
    ],
)
def test_an_alarm_gets_a_time_of_day(said: str, arguments: dict[str, Any] | None) -> None:
    assert built("alarm_set", said) == arguments


@pytest.mark.parametrize(
    ("said", "text", "arguments"),
    [
        ("remind me to call Anna at 3pm", "call anna", {"text": "call Anna", "at": "2026-06-10T15:00"}),
        ("in an hour remind me to eat", "eat", {"text": "eat", "in_s": 3600}),
        ("remind me to eat", "eat", {"text": "eat"}),
        ("remind me about it on friday", "it", {"text": "it", "at": "2026-06-12T09:00"}),
        ("remind me to rest tonight", "rest", {"text": "rest", "at": "2026-06-10T20:00"}),
        (
            "remind me to call Anna at 5pm tomorrow",
            "call anna at 5pm tomorrow",
            {"text": "call Anna", "at": "2026-06-11T17:00"},
        ),
        (
            "remind me about the 3pm meeting at 2",
            "the 3pm meeting",
            {"text": "the 3pm meeting", "at": "2026-06-10T14:00"},
        ),
        (
            "every evening at nine remind me to read",
            "read",
            {"text": "read", "at": "2026-06-10T21:00", "repeat": "daily"},
        ),
        ("a reminder for 5 to go", "go", {"text": "go", "at": "2026-06-10T17:00"}),
        ("remind me at 9 to go", "go", {"text": "go", "at": "2026-06-10T21:00"}),
        ("remind me in two days to go", "go", {"text": "go", "at": "2026-06-12T09:00"}),
        ("remind me to stretch every hour", "stretch", None),
        ("remind me to go when mom arrives", "go", None),
        ("remind me to go", "something else", None),
        (
            "every weekday at 8:45 remind me of standup",
            "standup",
            {"text": "standup", "at": "2026-06-11T08:45", "repeat": "weekdays"},
        ),
        ("remind Anna to bring the cake", "bring the cake", None),
        ("remind me to rest when i get home", "rest when i get home", None),
    ],
)
def test_a_reminder_gets_its_moment(said: str, text: str, arguments: dict[str, Any] | None) -> None:
    assert built("reminder_set", said, text=text) == arguments


@pytest.mark.parametrize(
    ("tool", "said", "spans", "arguments"),
    [
        ("timer_set", "25 min", {}, {"duration_s": 1500}),
        ("timer_set", "a pasta timer for 9 minutes", {"label": "pasta"}, {"duration_s": 540, "label": "pasta"}),
        ("timer_set", "set a timer", {}, None),
        ("timer_set", "timers for 5 minutes and for 10 minutes", {}, None),
        ("timer_cancel", "stop every timer", {}, {"all": True}),
        ("timer_cancel", "stop the ten minute timer", {}, {"duration_s": 600}),
        ("timer_cancel", "stop the timer", {}, {}),
        ("alarm_cancel", "remove my 7 am alarm", {}, {"time": "07:00"}),
        ("alarm_cancel", "no alarm tomorrow", {}, {}),
        ("reminder_cancel", "cancel my reminders", {}, {"all": True}),
        (
            "note_add",
            "note: Ben owes me 20 euros.",
            {"text": "ben owes me 20 euros."},
            {"text": "Ben owes me 20 euros"},
        ),
        ("note_add", "take a note", {}, None),
        ("note_search", "find the note about the wifi?", {"query": "the wifi?"}, {"query": "wifi"}),
        (
            "list_add",
            "add eggs, butter and flour to groceries",
            {"items": "eggs, butter and flour", "list": "groceries"},
            {"list": "grocery", "items": ["eggs", "butter", "flour"]},
        ),
        (
            "list_add",
            "put some oat milk on the shopping list",
            {"items": "some oat milk"},
            {"list": "shopping", "items": ["oat milk"]},
        ),
        (
            "list_add",
            "add call mom and dad to my to do list",
            {"items": "call mom and dad", "list": "to do"},
            {"list": "to-do", "items": ["call mom and dad"]},
        ),
        ("list_add", "add to the list", {}, None),
        ("list_clear", "clear the list", {}, {"list": "shopping"}),
        ("list_clear", "tick everything off", {}, {"list": "shopping"}),
        ("list_clear", "clear the list of winners", {}, None),
        ("alarm_set", "another alarm five minutes after six", {}, {"time": "06:05"}),
        ("alarm_set", "get me up an hour earlier than eight, at seven", {}, {"time": "07:00"}),
        (
            "list_remove",
            "lose the crisps from the list",
            {"items": "the crisps", "list": "crisps from the"},
            {"list": "shopping", "items": ["crisps"]},
        ),
        (
            "list_remove",
            "take the milk off the list",
            {"items": "the milk", "list": "milk off the"},
            {"list": "shopping", "items": ["milk"]},
        ),
        ("reminder_cancel", "cancel every reminder for today", {"text": "today"}, None),
        (
            "list_add",
            "add renew library card to to-do",
            {"items": "renew library card", "list": "to-do"},
            {"list": "to-do", "items": ["renew library card"]},
        ),
        ("list_show", "give me the list", {"list": "give me the"}, {}),
        ("reminder_cancel", "drop the reminder for thursday", {"text": "thursday"}, {}),
        ("list_show", "what's on my list", {"list": "what's on my"}, {}),
        ("note_delete", "delete the note", {"query": "note"}, None),
        ("timer_set", "timer 7", {}, {"duration_s": 420}),
        ("timer_set", "stick the timer on for forty, the crumble's in", {}, {"duration_s": 2400}),
        ("timer_set", "count down from thirty", {}, None),
        ("timer_set", "timer for 7 eggs", {}, None),
        ("timer_set", "timer 181", {}, None),
        ("alarm_set", "the exam is at nine, wake me at seven", {}, {"time": "07:00"}),
        ("alarm_set", "flight's at eight so get me up at five", {}, {"time": "05:00"}),
        ("alarm_set", "alarm 0645", {}, {"time": "06:45"}),
        ("alarm_set", "wake me at seven, alarm at eight", {}, None),
        ("alarm_set", "midnight alarm", {"label": "midnight"}, {"time": "00:00"}),
        ("list_clear", "clear my packing list", {"list": "packing"}, {"list": "packing"}),
        ("list_show", "which lists do i have", {}, {}),
        ("list_show", "what do i need to buy", {}, {"list": "shopping"}),
        ("clock_now", "what's the time in Tokyo?", {"place": "tokyo?"}, {"place": "Tokyo", "want": "time"}),
        ("clock_now", "what day is it", {}, {"want": "date"}),
        ("clock_now", "the date and the time", {}, {"want": "both"}),
        ("date_lookup", "how long until halloween?", {"when": "halloween?"}, {"when": "halloween"}),
        ("date_lookup", "how long until then", {}, None),
        ("date_lookup", "what's tomorrow's date", {"when": "tomorrow's"}, {"when": "tomorrow"}),
        ("date_lookup", "when is new year's", {"when": "new year's"}, {"when": "new year's"}),
        ("calculate", "what is 12 * 4?", {}, {"expression": "12*4"}),
        ("calculate", "what is twelve", {}, None),
        ("unit_convert", "2.5 miles in km", {}, {"value": 2.5, "from_unit": "mile", "to_unit": "kilometer"}),
        ("unit_convert", "5 euros in dollars", {}, None),
        ("box_health", "how are you", {}, {}),
    ],
)
def test_the_arguments_are_exact_or_the_request_is_handed_over(
    tool: str, said: str, spans: dict[str, str], arguments: dict[str, Any] | None
) -> None:
    assert built(tool, said, **spans) == arguments


def test_the_longest_timer_is_a_week() -> None:
    assert built("timer_set", "a timer for 7 days") == {"duration_s": MAX_TIMER_S}
    assert built("timer_set", "a timer for 7 days and 1 hour") is None


def test_a_reminder_in_the_hour_that_daylight_saving_skips_has_a_local_time() -> None:
    now = int(datetime(2027, 3, 27, 12, 0, tzinfo=ZONE).timestamp() * 1000)
    request = Request.of(ENGLISH, "remind me tomorrow at 2:30 am to rest".split(), {"text": "rest"}, now, ZONE)
    assert BUILDERS["reminder_set"](request) == {"text": "rest", "at": "2027-03-28T02:30"}


def test_words_on_two_sides_of_a_copied_span_do_not_grow_together() -> None:
    # "5" and "minutes" are not neighbours once the text between them is taken out
    request = Request.of(ENGLISH, "remind me at 5 call mom minutes later".split(), {"text": "call mom"}, NOW_MS, ZONE)
    assert "|" in request.outside("text").parts
