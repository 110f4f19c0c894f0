"""Whether a re-fitted n-gram part may be taken: nothing got worse on sentences that no fit has seen. Pure.

Judged per language, by the joint vote with the language model's stored scores and by the n-grams alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.understanding.learning.replay import Sentence
from appliance.understanding.ngram import NgramModel
from appliance.understanding.vocabulary import ESCALATE, TOPICS, WRITING
from appliance.understanding.voting.calibration import Calibration, joined

_OUTSIDE = frozenset({ESCALATE, *TOPICS})
JOINT, ALONE = "both votes", "n-grams alone"
WAYS = (JOINT, ALONE)
_READS, WRITES = "hand-overs that reach a reading tool", "hand-overs that reach a writing tool"
_MISSED, _OTHER = "requests that are no longer understood", "requests that become another tool"
# the n-grams never call a tool by themselves: a reading tool that they alone would call does no harm
_NOT_JUDGED = {JOINT: frozenset[str](), ALONE: frozenset({_READS, _OTHER})}


@dataclass(frozen=True, slots=True)
class Judged:
    """The likeliest class of a sentence, and what would be called: `escalate` where that is not sure enough."""

    lang: str
    gold: str
    guess: str
    called: str

    @property
    def faults(self) -> frozenset[str]:
        """What is wrong with it, in the words of a reason."""
        if self.gold in _OUTSIDE:
            reached = WRITES if self.called in WRITING else _READS
            return frozenset() if self.called == ESCALATE else frozenset({reached})
        if self.called == self.gold:
            return frozenset()
        return frozenset({_MISSED} if self.called == ESCALATE else {_MISSED, _OTHER})


@dataclass(frozen=True, slots=True)
class Worse:
    """One figure that got worse: the tools that it got worse by, and which of the sentences (by their number)."""

    lang: str
    way: str
    what: str
    before: int
    after: int
    tools: frozenset[str]
    places: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.what} ({self.lang}, {self.way}): {self.after} instead of {self.before}"


def judged(
    model: NgramModel, checks: Sequence[Sentence], calibrations: Mapping[str, Calibration], *, joint: bool
) -> Mapping[str, Sequence[Judged]]:
    """Return what a model makes of the sentences, by way; `joint` says whether their stored scores may be used."""
    found: dict[str, list[Judged]] = {way: [] for way in (WAYS if joint else (ALONE,))}
    for one in checks:
        counted = model.probabilities(one.text)
        calibration = calibrations[one.lang]
        found[ALONE].append(_judged(one, counted, calibration))
        if joint:
            read = {name: math.exp(value) for name, value in one.read.items()}
            found[JOINT].append(_judged(one, joined(read, counted, calibration), calibration))
    return found


def _judged(one: Sentence, chances: Mapping[str, float], calibration: Calibration) -> Judged:
    guess = max(chances, key=lambda name: chances[name])
    called = called_for(guess, chances[guess], calibration)
    return Judged(one.lang, one.gold, guess, called)


def called_for(guess: str, chance: float, calibration: Calibration) -> str:
    """Return the guess where it is sure enough, else `escalate`."""
    sure = calibration.confidence(chance, guess) >= calibration.needed(guess)
    return guess if guess not in _OUTSIDE and sure else ESCALATE


def worse(before: Mapping[str, Sequence[Judged]], after: Mapping[str, Sequence[Judged]]) -> list[Worse]:
    """Return every figure that got worse; none: it may be taken. Both judged the same sentences in the same order."""
    found = []
    for way, old in before.items():
        new = after[way]
        for lang in sorted({one.lang for one in old}):
            pairs = [(n, a, b) for n, (a, b) in enumerate(zip(old, new, strict=True)) if a.lang == lang]
            for what in sorted({fault for _, _, b in pairs for fault in b.faults} - _NOT_JUDGED[way]):
                counts = (sum(what in a.faults for _, a, _ in pairs), sum(what in b.faults for _, _, b in pairs))
                if counts[1] > counts[0]:
                    fresh = [(n, b) for n, a, b in pairs if what in b.faults - a.faults]
                    by, places = frozenset(b.guess for _, b in fresh), tuple(n for n, _ in fresh)
                    found.append(Worse(lang, way, what, *counts, by, places))
    return found
