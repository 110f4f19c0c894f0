from __future__ import annotations

import pytest

from appliance.agent.courtesy import Courtesy, courtesy_in
from appliance.agent.guidance import polite
from appliance.generation import FailureKind, ModelError

MINI = ("homarus/mini", ModelError(FailureKind.ESCALATE, "too much"))


@pytest.mark.parametrize(
    ("message", "courtesy", "language"),
    [
        ("Hello!", Courtesy.HELLO, "en"),
        ("  hi,  there ", Courtesy.HELLO, "en"),
        ("Thank you very much.", Courtesy.THANKS, "en"),
        ("What can you do?", Courtesy.ABILITIES, "en"),
        ("Guten Morgen", Courtesy.HELLO, "de"),
        ("Wie geht’s?", Courtesy.HELLO, "de"),
        ("Gute Nacht!", Courtesy.BYE, "de"),
        ("Que peux-tu faire ?", Courtesy.ABILITIES, "fr"),
        ("Ça va ?", Courtesy.HELLO, "fr"),
    ],
)
def test_manners_are_known_in_three_languages(message: str, courtesy: Courtesy, language: str) -> None:
    assert courtesy_in(message) == (courtesy, language)


@pytest.mark.parametrize(
    "message",
    ["", "hello, what is the capital of Peru", "thanks to whom was it built", "help me with my letter", "h" * 10**6],
)
def test_a_message_that_wants_more_is_no_courtesy(message: str) -> None:
    assert courtesy_in(message) is None


def test_a_greeting_is_answered_in_its_own_language_with_what_the_box_can_do() -> None:
    text = polite("Bonjour !", [MINI])
    assert text is not None
    assert text.startswith("Bonjour !")
    assert "minuteurs" in text


def test_thanks_are_answered_without_a_lecture() -> None:
    assert polite("danke", [MINI]) == "Gern geschehen."


def test_who_asks_what_it_can_do_hears_how_it_can_do_more() -> None:
    assert "homarus models recommend" in str(polite("what can you do?", [MINI]))


def test_something_broken_is_not_covered_by_manners() -> None:
    broken = ("anthropic/big", ModelError(FailureKind.AUTH, "x"))
    assert polite("hello", [MINI, broken]) is None
