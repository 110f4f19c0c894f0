"""Where the open text of a request stands, by rule."""

from __future__ import annotations

import pytest

from appliance.understanding.english.spans import ruled


@pytest.mark.parametrize(
    ("tool", "said", "spans"),
    [
        ("note_add", "note to self: dentist moved to thursday", {"text": "dentist moved to thursday"}),
        ("note_add", "jot down that the check number is 1043", {"text": "the check number is 1043"}),
        ("note_add", "i parked in row b, remember that", {"text": "i parked in row b"}),
        ("note_add", "put in my notes that tom prefers tea please", {"text": "tom prefers tea"}),
        (
            "list_add",
            "add rice cakes and two pears to my shopping list",
            {"items": "rice cakes and two pears", "list": "shopping"},
        ),
        ("list_add", "onto the list: rice, beans", {"items": "rice, beans"}),
        ("list_add", "calpol needs to go on the list", {"items": "calpol"}),
        (
            "list_add",
            "add some limes and mint to the shopping list thanks",
            {"items": "some limes and mint", "list": "shopping"},
        ),
        ("reminder_set", "remind me at quarter to three to fetch the kids", {"text": "fetch the kids"}),
        ("reminder_set", "remind me at ten to ring the surgery", {"text": "ring the surgery"}),
        ("reminder_set", "so i don't forget, remind me at one to post the letter", {"text": "post the letter"}),
        (
            "reminder_set",
            "don't let me forget my umbrella at quarter to eight",
            {"text": "my umbrella at quarter to eight"},
        ),
        ("reminder_set", "tomorrow i have to bring cake to work, remind me at 7", {"text": "bring cake to work"}),
        ("note_search", "what did my note about the boat say", {"query": "the boat"}),
        ("list_add", "shopping list: bleach", {"items": "bleach", "list": "shopping"}),
        ("list_add", "i'm out of bleach, put that on my grocery list", {"items": "bleach", "list": "grocery"}),
        ("list_add", "on my packing list put a rain jacket", {"items": "a rain jacket", "list": "packing"}),
        ("list_remove", "take the pears off the shopping list", {"items": "the pears", "list": "shopping"}),
        ("list_remove", "i finished the laundry, check it off my to-do list", {"items": "laundry", "list": "to-do"}),
        ("list_show", "read my to do list to me", {"list": "to do"}),
        ("list_clear", "delete everything on the camping list", {"list": "camping"}),
        ("reminder_set", "i have to call ines back, remind me at six", {"text": "call ines back"}),
        ("reminder_set", "remind me about the parcel", {"text": "the parcel"}),
        ("reminder_cancel", "cancel the parcel reminder", {"text": "parcel"}),
        ("note_search", "do i have any notes on orchids?", {"query": "orchids"}),
        ("note_delete", "delete my suitcase note", {"query": "suitcase"}),
        ("timer_set", "start a 12 minute bread timer", {"label": "bread"}),
        ("timer_set", "start a 12 minute timer", {}),
        ("alarm_cancel", "turn off my 7 am alarm", {}),
        ("clock_now", "what time is it in new york right now?", {"place": "new york"}),
        ("clock_now", "what time is it", {}),
        ("date_lookup", "how many days till new year's", {"when": "new year's"}),
        ("date_lookup", "what will the date be three weeks from now?", {"when": "three weeks from now"}),
        ("list_clear", "start a fresh shopping list", {"list": "shopping"}),
        (
            "reminder_set",
            "remind me to email dr. patel next thursday at 2:30pm",
            {"text": "email dr. patel next thursday at 2:30pm"},
        ),
        ("box_health", "is everything in order", {}),
    ],
)
def test_open_text_is_found_by_the_words_around_it(tool: str, said: str, spans: dict[str, str]) -> None:
    assert ruled(tool, said) == spans


@pytest.mark.parametrize(
    "words", ["add ", "note that ", "to my ", "a, ", "is on the ", "remind me to ", "when is ", "x"]
)
def test_a_long_sentence_does_not_send_a_rule_astray(words: str) -> None:
    sentence = (words * 400)[:400].strip()
    for tool in ("note_add", "list_add", "list_remove", "reminder_set", "date_lookup", "clock_now", "timer_set"):
        assert all(found in sentence for found in ruled(tool, sentence).values())
