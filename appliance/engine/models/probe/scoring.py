"""Judges what a model said, and draws from it how many tools it may see and when it should hand over. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from appliance.engine.models.probe.cases import LEAST_TOOLS, MOST_TOOLS, AnswerProbe, CallProbe

DEFAULT_TOOLS = 5
MAX_CONFIDENCE = 0.9  # a threshold above this would hand over good answers of any model
_ENOUGH = 0.7  # of all probes up to a number of tools
_LEAST = 0.6  # of the probes at that number
_KEPT = 0.5  # of the right answers must stay above the threshold
_HARDLY = 1 / 3  # of the probes; to say nothing and call nothing is right in four of thirty
_PENALTY = 1.0  # a wrong answer that is kept costs as much as a right one that is handed over


class Said(msgspec.Struct, frozen=True):
    """What came of one probe: text, calls by name and arguments, confidence (geometric mean probability)."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    confidence: float = 0.0


class Judged(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict on one probe. `tools` is 0 for a probe without tools."""

    id: str
    right: bool
    confidence: float
    tools: int = 0
    language: str = "en"


def judge_call(probe: CallProbe, said: Said) -> Judged:
    """Judge a probe with tools: exactly the right call, or none at all."""
    right = len(said.calls) == 1 and _is(probe, *said.calls[0]) if probe.tool else not said.calls
    return Judged(probe.id, right, said.confidence, probe.tools, probe.language)


def judge_answer(probe: AnswerProbe, said: Said) -> Judged:
    """Judge a probe without tools by the words that it must contain."""
    text = _folded(said.text)
    right = any(re.search(rf"(?<!\w){re.escape(_folded(word))}", text) for word in probe.any)
    return Judged(probe.id, right, said.confidence, language=probe.language)


def _is(probe: CallProbe, name: str, arguments: Mapping[str, Any]) -> bool:
    return name == probe.tool and all(
        key in arguments and _fits(wanted, arguments[key]) for key, wanted in probe.arguments.items()
    )


def _fits(wanted: str | bool | int, given: Any) -> bool:
    if isinstance(wanted, str):
        return isinstance(given, str) and _folded(wanted) in _folded(given)
    if isinstance(wanted, bool) or isinstance(given, bool):
        return given is wanted
    return isinstance(given, int | float) and given == wanted


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def tools_per_turn(judged: Sequence[Judged]) -> int:
    """Return how many tools the model may see at once: as many as it still chose well among, at least 3, at most 6."""
    best, seen = LEAST_TOOLS, []
    for count in range(LEAST_TOOLS, MOST_TOOLS + 1):
        here = [one.right for one in judged if one.tools == count]
        seen += here
        if not here or sum(here) < _LEAST * len(here) or sum(seen) < _ENOUGH * len(seen):
            return best
        best = count
    return best


def least_confidence(judged: Sequence[Judged]) -> float:
    """Return the confidence below which the model should hand over, 0 for never, at most 0.9.

    The threshold between two answers that keeps the most right ones minus wrong ones, the lowest of equals; at least
    half of the right ones stay. A model that is hardly ever right hands over what it can.
    """
    right = [one.confidence for one in judged if one.right]
    if not judged:
        return 0.0
    if len(right) < _HARDLY * len(judged):
        return MAX_CONFIDENCE
    ordered = sorted({one.confidence for one in judged})
    middles = [(low + high) / 2 for low, high in itertools.pairwise(ordered)]

    def gain(threshold: float) -> float:
        kept = [one for one in judged if one.confidence >= threshold]
        return sum(1 if one.right else -_PENALTY for one in kept)

    able = [one for one in (0.0, *middles) if sum(value >= one for value in right) >= _KEPT * len(right)]
    return round(min(max(able, key=lambda one: (gain(one), -one)), MAX_CONFIDENCE), 3)
