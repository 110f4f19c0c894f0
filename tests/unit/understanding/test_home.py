"""Volume, media, light and scenes: from English words to exact arguments, or to a hand-over."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.understanding.arguments import BUILDERS
from appliance.understanding.languages import language
from appliance.understanding.request import Request
from appliance.understanding.text import clean, lowered

ENGLISH = language("en")
ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp() * 1000)


def built(tool: str, said: str) -> dict[str, Any] | None:
    words = clean(said).split()
    spans = ENGLISH.ruled(tool, " ".join(lowered(words)))
    return BUILDERS[tool](Request.of(ENGLISH, words, spans, NOW_MS, ZONE))


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("set the volume to 40 percent", {"level": 40}),
        ("volume 7", {"level": 70}),
        ("volume to 7%", {"level": 7}),
        ("put the volume at eleven", {"level": 11}),
        ("volume 0", {"level": 0}),
        ("volume 100", {"level": 100}),
        ("volume 101", None),
        ("turn the music up by 20 percent", {"change": 20}),
        ("lower the volume by 15", {"change": -15}),
        ("turn it down to 15", {"level": 15}),
        ("louder please", {"change": 10}),
        ("not so loud", {"change": -10}),
        ("bring the sound down ten", {"change": -10}),
        ("put the sound on mute", {"muted": True}),
        ("cut the sound", {"muted": True}),
        ("give me the sound back", {"muted": False}),
        ("a bit quieter", {"change": -5}),
        ("make it a lot louder", {"change": 20}),
        ("it's too loud in the kitchen", {"change": -10, "place": "kitchen"}),
        ("turn the TV down", {"change": -10, "place": "TV"}),
        ("max volume", {"level": 100}),
        ("turn it all the way down", {"level": 0}),
        ("half volume in the Living Room", {"level": 50, "place": "Living Room"}),
        ("mute the bedroom speaker", {"muted": True, "place": "bedroom speaker"}),
        ("unmute", {"muted": False}),
        ("turn the sound back on", {"muted": False}),
        ("the volume", None),
    ],
)
def test_a_volume_is_a_level_a_change_or_silence(said: str, arguments: dict[str, Any] | None) -> None:
    assert built("volume_set", said) == arguments


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("turn on the lights", {"on": True}),
        ("turn off the kitchen lights", {"on": False, "place": "kitchen"}),
        ("lights out in the garage please", {"on": False, "place": "garage"}),
        ("dim the bedroom lights to 30%", {"brightness": 30, "place": "bedroom"}),
        ("dim the lights to zero percent", {"brightness": 1}),
        ("dim the lights", {"change": -10}),
        ("brighten the office a little", {"change": 5, "place": "office"}),
        ("raise the hallway light by 25 percent", {"change": 25, "place": "hallway"}),
        ("make the living room blue", {"color": "blue", "place": "living room"}),
        ("set the desk lamp to warm white", {"color": "warm white", "place": "desk lamp"}),
        ("set the lights to red at 40 percent", {"brightness": 40, "color": "red"}),
        ("full brightness in the study", {"brightness": 100, "place": "study"}),
        ("the light", None),
    ],
)
def test_a_light_is_switched_dimmed_or_coloured(said: str, arguments: dict[str, Any] | None) -> None:
    assert built("light_set", said) == arguments


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("play some jazz", {"action": "play", "query": "jazz"}),
        ("Play Bohemian Rhapsody by Queen in the kitchen",
         {"action": "play", "query": "Bohemian Rhapsody by Queen", "place": "kitchen"}),
        ("put on some Miles Davis please", {"action": "play", "query": "Miles Davis"}),
        ("i'd like to hear the new album by Adele on spotify", {"action": "play", "query": "the new album by Adele"}),
        ("play something", {"action": "play"}),
        ("put some music on", {"action": "play"}),
        ("pause", {"action": "pause"}),
        ("pause the music in the bedroom", {"action": "pause", "place": "bedroom"}),
        ("stop the music", {"action": "stop"}),
        ("turn the radio off", {"action": "stop"}),
        ("continue playing", {"action": "resume"}),
        ("resume the podcast", {"action": "resume"}),
        ("next song", {"action": "next"}),
        ("skip this one", {"action": "next"}),
        ("go back to the previous track", {"action": "previous"}),
        ("the song", None),
    ],
)  # fmt: skip
def test_media_get_an_action_and_what_is_to_be_played(said: str, arguments: dict[str, Any] | None) -> None:
    assert built("media_control", said) == arguments


@pytest.mark.parametrize(
    ("said", "scene"),
    [
        ("activate movie night mode", "movie night"),
        ("set the scene to Cozy", "Cozy"),
        ("switch the house to away mode", "away"),
        ("start the good morning scene please", "good morning"),
        ("bedtime scene", "bedtime"),
        ("scene: romantic dinner", "romantic dinner"),
        ("scene", None),
    ],
)
def test_a_scene_has_a_name(said: str, scene: str | None) -> None:
    assert built("scene_set", said) == (None if scene is None else {"scene": scene})


def test_undo_takes_no_arguments() -> None:
    assert built("undo_last", "undo that") == {}
