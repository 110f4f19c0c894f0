from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.understanding.dialogue.following import MAX_WORDS, Call, following
from appliance.understanding.languages import language

ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = round(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp()) * 1000

TIMER = Call("timer_set", {"duration_s": 300})
PASTA = Call("timer_set", {"duration_s": 600, "label": "pasta"})
ALARM = Call("alarm_set", {"time": "06:30"})
REMINDER = Call("reminder_set", {"text": "call Ada", "at": "2026-06-10T17:00"})
MILK = Call("list_add", {"list": "shopping", "items": ["milk"]})
VOLUME = Call("volume_set", {"level": 20})
MILES = Call("unit_convert", {"value": 10, "from_unit": "mile", "to_unit": "kilometer"})
CLOCK = Call("clock_now", {"want": "time"})
SUM = Call("calculate", {"expression": "17*24"})

UNDO = Call("undo_last", {})


def heard(text: str, last: Call, tag: str) -> tuple[Call, ...] | None:
    return following(text, last, language(tag), NOW_MS, ZONE)


def timer(duration_s: int, **more: Any) -> Call:
    return Call("timer_set", {"duration_s": duration_s, **more})


@pytest.mark.parametrize(
    ("tag", "text", "last", "calls"),
    [
        ("en", "make it ten", TIMER, (UNDO, timer(600))),
        ("en", "no, make that ten minutes please", TIMER, (UNDO, timer(600))),
        ("en", "sorry, I meant fifteen", TIMER, (UNDO, timer(900))),
        ("en", "change it to an hour", TIMER, (UNDO, timer(3600))),
        ("en", "no, seven minutes", TIMER, (UNDO, timer(420))),
        ("en", "ten minutes instead", PASTA, None),  # it is ten already
        ("en", "twelve minutes instead", PASTA, (UNDO, timer(720, label="pasta"))),
        ("en", "and another one for the eggs", TIMER, (timer(300, label="eggs"),)),
        ("en", "another one", PASTA, (timer(600),)),
        ("en", "and one for 20 minutes", TIMER, (timer(1200),)),
        ("en", "and also eight minutes for the rice", PASTA, (timer(480, label="rice"),)),
        ("en", "again", TIMER, (TIMER,)),
        ("en", "cancel that", TIMER, (UNDO,)),
        ("en", "never mind", TIMER, (UNDO,)),
        ("en", "make it seven", ALARM, (UNDO, Call("alarm_set", {"time": "07:00"}))),
        ("en", "no, on saturday", ALARM, (UNDO, Call("alarm_set", {"time": "06:30", "date": "2026-06-13"}))),
        ("en", "and one at quarter to seven", ALARM, (Call("alarm_set", {"time": "06:45"}),)),
        (
            "en",
            "make it six pm",
            REMINDER,
            (UNDO, Call("reminder_set", {"text": "call Ada", "at": "2026-06-10T18:00"})),
        ),
        ("de", "und noch einen für die Eier", TIMER, (timer(300, label="Eier"),)),
        ("en", "and Earl Grey", MILK, (Call("list_add", {"list": "shopping", "items": ["Earl Grey"]}),)),
        ("en", "and bread", MILK, (Call("list_add", {"list": "shopping", "items": ["bread"]}),)),
        ("en", "eggs and butter too", MILK, (Call("list_add", {"list": "shopping", "items": ["eggs", "butter"]}),)),
        ("en", "no, oat milk", MILK, (UNDO, Call("list_add", {"list": "shopping", "items": ["oat milk"]}))),
        ("en", "make it thirty", VOLUME, (UNDO, Call("volume_set", {"level": 30}))),
        ("en", "and in tokyo?", CLOCK, (Call("clock_now", {"want": "time", "place": "tokyo"}),)),
        ("en", "and in feet?", MILES, (Call("unit_convert", MILES.arguments | {"to_unit": "foot"}),)),
        ("en", "and twenty", MILES, (Call("unit_convert", MILES.arguments | {"value": 20}),)),
        ("en", "and plus five", SUM, (Call("calculate", {"expression": "(17*24)+5"}),)),
        ("de", "mach zehn draus", TIMER, (UNDO, timer(600))),
        ("de", "mach fünfzehn draus", PASTA, (UNDO, timer(900, label="pasta"))),
        ("de", "mach lieber eineinhalb stunden draus", TIMER, (UNDO, timer(5400))),
        ("de", "nein, zehn minuten", TIMER, (UNDO, timer(600))),
        ("de", "und in wien?", CLOCK, (Call("clock_now", {"want": "time", "place": "vienna"}),)),
        ("de", "nein, hafermilch", MILK, (UNDO, Call("list_add", {"list": "shopping", "items": ["hafermilch"]}))),
        ("fr", "et à londres ?", CLOCK, (Call("clock_now", {"want": "time", "place": "London"}),)),
        (
            "fr",
            "non, du lait d'avoine",
            MILK,
            (UNDO, Call("list_add", {"list": "shopping", "items": ["lait d'avoine"]})),
        ),
        ("fr", "et un de vingt minutes", TIMER, (timer(1200),)),
        ("de", "ich meinte eine viertelstunde", TIMER, (UNDO, timer(900))),
        ("de", "und noch einen für die eier", TIMER, (timer(300, label="eier"),)),
        ("de", "und butter", MILK, (Call("list_add", {"list": "shopping", "items": ["butter"]}),)),
        ("de", "stell ihn auf halb acht", ALARM, (UNDO, Call("alarm_set", {"time": "07:30"}))),
        ("de", "das war falsch", TIMER, (UNDO,)),
        ("de", "nochmal", TIMER, (TIMER,)),
        ("fr", "mets plutôt dix", TIMER, (UNDO, timer(600))),
        ("fr", "non, dix minutes", TIMER, (UNDO, timer(600))),
        ("fr", "et un autre pour les œufs", TIMER, (timer(300, label="œufs"),)),
        ("fr", "et du beurre", MILK, (Call("list_add", {"list": "shopping", "items": ["beurre"]}),)),
        ("fr", "plutôt à sept heures", ALARM, (UNDO, Call("alarm_set", {"time": "07:00"}))),
        ("fr", "laisse tomber", TIMER, (UNDO,)),
    ],
)
def test_a_short_sentence_after_a_call_changes_or_repeats_it(
    tag: str, text: str, last: Call, calls: tuple[Call, ...] | None
) -> None:
    assert heard(text, last, tag) == calls


@pytest.mark.parametrize(
    ("tag", "text", "last"),
    [
        ("en", "set a timer for ten minutes", MILK),
        ("en", "no thanks, that's all", MILK),
        ("en", "and then?", MILK),
        ("en", "and what about you", MILK),
        ("en", "make it nice", TIMER),
        ("en", "and who won the game yesterday?", TIMER),
        ("en", "how about a joke", TIMER),
        ("en", "what time is it", TIMER),
        ("de", "und warum nicht", MILK),
        ("de", "wie wird das wetter", TIMER),
        ("de", "nein danke", MILK),
        ("fr", "et toi ?", TIMER),
        ("fr", "non merci", MILK),
        ("fr", "quelle heure est-il", TIMER),
        ("de", "und morgen?", CLOCK),  # a day is no place
        ("en", "and on friday?", CLOCK),
        ("fr", "et demain ?", CLOCK),
        ("en", "cancel that", CLOCK),  # nothing was written
        ("en", "make it ten", Call("box_health", {})),
    ],
)
def test_another_wish_or_chat_is_left_to_the_models(tag: str, text: str, last: Call) -> None:
    assert heard(text, last, tag) is None


@pytest.mark.parametrize(("words", "is_heard"), [(MAX_WORDS, True), (MAX_WORDS + 1, False)])
def test_a_long_sentence_is_a_wish_of_its_own(words: int, is_heard: bool) -> None:
    text = " ".join(["no"] * (words - 3) + ["make", "it", "ten"]).replace("no ", "no, ")
    assert (heard(text, TIMER, "en") is not None) is is_heard
