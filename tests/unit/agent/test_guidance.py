from __future__ import annotations

import pytest

from appliance.agent.guidance import guidance
from appliance.generation import FailureKind, ModelError

MINI = ("homarus/mini", ModelError(FailureKind.ESCALATE, "too much"))


def _failed(ref: str, kind: FailureKind) -> tuple[str, ModelError]:
    return ref, ModelError(kind, "x")


@pytest.mark.parametrize(
    ("language", "word"), [("en", "timers"), ("de", "Timer"), ("fr", "minuteurs"), ("fi", "timers"), ("de-AT", "Timer")]
)
def test_a_box_alone_says_what_it_can_do_in_the_language_of_the_person(language: str, word: str) -> None:
    text = guidance([MINI], language)
    assert text is not None
    assert word in text
    assert "homarus models recommend" in text
    assert guidance([], None) is not None


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_without_a_way_out_it_says_what_was_tried_why_not_and_what_would_help(language: str) -> None:
    attempts = [MINI, _failed("local/tiny", FailureKind.ESCALATE), _failed("anthropic/big", FailureKind.OFFLINE)]
    text = guidance(attempts, language)
    assert text is not None
    assert "local/tiny (" in text
    assert "anthropic/big (" in text
    assert "homarus/mini" not in text
    assert "homarus config set offline false" in text


def test_a_lost_connection_is_not_blamed_on_the_switch() -> None:
    text = guidance([MINI, _failed("anthropic/big", FailureKind.NETWORK)], "en")
    assert text is not None
    assert "cannot be reached" in text
    assert "`offline`" not in text


@pytest.mark.parametrize(
    "attempt",
    [
        _failed("anthropic/big", FailureKind.AUTH),
        _failed("anthropic/big", FailureKind.NOT_FOUND),
        _failed("local/tiny", FailureKind.UNAVAILABLE),
    ],
)
def test_what_is_broken_stays_an_error(attempt: tuple[str, ModelError]) -> None:
    assert guidance([MINI, attempt], "en") is None
    assert guidance([MINI, attempt, _failed("openai/big", FailureKind.OFFLINE)], "en") is None


def test_an_absent_engine_is_part_of_the_story() -> None:
    attempts = [_failed("local/any", FailureKind.NOT_FOUND), _failed("openai/big", FailureKind.OFFLINE)]
    assert "local/any (not on this box)" in str(guidance(attempts, "en"))
