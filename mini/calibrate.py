"""Finds how the two votes are joined and how sure they must be, on the sentences of mini/calibration.

Per language: the weight of the votes and the bend of the log-odds by likelihood, with an offset per class; then, for
reading and for writing tools, the lowest confidence at which wrong calls stay within the goals.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.understanding.languages import TAGS
from appliance.understanding.ngram import NgramModel, load
from appliance.understanding.text import clean, lowered
from appliance.understanding.understander import Understander, Weights, weights_folder
from appliance.understanding.vocabulary import ESCALATE, TOPICS, WRITING
from appliance.understanding.voting.calibration import Calibration, joined
from appliance.understanding.voting.embedded import EmbeddedVoter
from appliance.understanding.voting.head import NAME, decode, read
from mini.sentences import CALIBRATION, NOW_MS, ZONE, Row, engine, rows

_OUTSIDE = (ESCALATE, *TOPICS)
_LEVELS = [n / 200 for n in range(100, 200)]
# shares of the hand-overs that may become a call, by whether the tool writes
_GOAL = {True: 0.007, False: 0.013}
_WRONG = 0.01  # share of the requests that may become another tool
_THIRDS = (0.0, 0.1, 0.2, 0.3)  # what a vote by embeddings may weigh
_STEADY = 0.6  # few sentences decide a threshold: this part comes from all languages together
_PATIENCE_S = 30.0  # a measurement waits for every vote
_STRIDE = 0.5  # of one Newton step: sentences of one opinion would throw it far
_ROUNDS = 40
_FAR = 9.0  # log-odds beyond that are all the same
_RIDGE = 1.5  # pulls every number as that many sentences would


@dataclass(frozen=True, slots=True)
class Votes:
    """One sentence: its right class and what the two models said."""

    gold: str
    read: Mapping[str, float]
    counted: Mapping[str, float]
    embedded: Mapping[str, float] | None = None


async def votes(
    understander: Understander, model: NgramModel, sentences: Sequence[Row], third: EmbeddedVoter | None = None
) -> list[Votes]:
    """Ask every model about every sentence."""
    found = []
    for row in sentences:
        text = " ".join(lowered(clean(row.text).split()))
        embedded = None if third is None else await third.probabilities(text)
        found.append(Votes(row.tool, await understander.language_scores(text), model.probabilities(text), embedded))
    return found


def weighed(asked: Sequence[Votes]) -> Calibration:
    """Return the calibration of a language with the likeliest shares; nothing is bent and all is let through."""
    thirds = _THIRDS if any(one.embedded is not None for one in asked) else (0.0,)
    shapes = [Calibration(n / 20, 1.0, 0.0, 0.0, 0.0, third=third) for n in range(2, 19) for third in thirds]
    return min(shapes, key=lambda shape: (_surprise(asked, shape), shape.weight, shape.third))


def _surprise(asked: Sequence[Votes], calibration: Calibration) -> float:
    """Return the mean negative log-likelihood of the right class."""
    total = 0.0
    for one in asked:
        chances = joined(one.read, one.counted, calibration, one.embedded)
        names = _OUTSIDE if one.gold == ESCALATE else (one.gold,)
        total -= math.log(max(1e-9, sum(chances[name] for name in names)))
    return total / len(asked)


@dataclass(frozen=True, slots=True)
class Trial:
    """What is guessed and called without a threshold: `tool` is `escalate` where an argument was missing."""

    gold: str
    guess: str
    tool: str
    sure: float

    @property
    def right(self) -> bool:
        return self.guess == self.gold or (self.gold == ESCALATE and self.guess in _OUTSIDE)

    @property
    def refused(self) -> bool:
        """Whether no call would have come of it anyway."""
        return self.guess not in _OUTSIDE and self.tool == ESCALATE and self.gold == ESCALATE


@dataclass(slots=True)
class Bend:
    """The log-odds of a guess are `slope[lang] * x + offset[lang] + classes[guess]`."""

    slope: dict[str, float]
    offset: dict[str, float]
    classes: dict[str, float]


def bent(trials: Mapping[str, Sequence[Trial]]) -> Bend:
    """Fit the bend by one-dimensional Newton steps, every number pulled towards "as it is"."""
    points = [
        (tag, one.guess, _odds(one.sure), float(one.right)) for tag in trials for one in trials[tag] if not one.refused
    ]
    found = Bend(dict.fromkeys(trials, 1.0), dict.fromkeys(trials, 0.0), {})
    for _ in range(_ROUNDS):
        for tag in trials:
            own = [point for point in points if point[0] == tag]
            found.slope[tag] += _step(found, own, found.slope[tag] - 1.0, lambda x: x)
            found.offset[tag] += _step(found, own, found.offset[tag], lambda x: 1.0)
        for name in sorted({point[1] for point in points}):
            own = [point for point in points if point[1] == name]
            found.classes[name] = found.classes.get(name, 0.0) + _step(
                found, own, found.classes.get(name, 0.0), lambda x: 1.0
            )
    return found


def _odds(probability: float) -> float:
    return max(-_FAR, min(_FAR, math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))))


def _step(
    bend: Bend, points: Sequence[tuple[str, str, float, float]], away: float, slope: Callable[[float], float]
) -> float:
    gradient, curve = _RIDGE * away, _RIDGE
    for tag, guess, x, right in points:
        score = bend.slope[tag] * x + bend.offset[tag] + bend.classes.get(guess, 0.0)
        p = 1 / (1 + math.exp(-score))
        gradient += (p - right) * slope(x)
        curve += p * (1 - p) * slope(x) ** 2
    return max(-_STRIDE, min(_STRIDE, -gradient / curve))


def threshold(trials: Sequence[Trial], writing: bool) -> float:
    """Return the lowest level at which calls of tools that write (or read) stay within the goals."""
    outside = max(1, sum(one.gold == ESCALATE for one in trials))
    inside = max(1, len(trials) - outside)
    kind = [one for one in trials if one.tool not in (one.gold, ESCALATE) and (one.tool in WRITING) == writing]
    for level in _LEVELS:
        wrong = [one for one in kind if one.sure >= level]
        accepted = sum(one.gold == ESCALATE for one in wrong)
        if accepted <= _GOAL[writing] * outside and len(wrong) - accepted <= _WRONG * inside:
            return level
    return _LEVELS[-1]


def _unseen(trials: Mapping[str, Sequence[Trial]]) -> dict[str, list[Trial]]:
    """Return the trials with the confidence that a bend fitted on the other half gives them.

    A bend knows the mistakes it was fitted on: thresholds found there would be too low.
    """
    halves = [{tag: found[start::2] for tag, found in trials.items()} for start in (0, 1)]
    result: dict[str, list[Trial]] = {tag: [] for tag in trials}
    for half, other in (halves, halves[::-1]):
        bend = bent(other)
        for tag, found in half.items():
            shape = Calibration(0.5, bend.slope[tag], bend.offset[tag], 0.0, 0.0, bend.classes)
            result[tag] += [replace(one, sure=shape.confidence(one.sure, one.guess)) for one in found]
    return result


def settled(shapes: Mapping[str, Calibration], trials: Mapping[str, Sequence[Trial]]) -> dict[str, Calibration]:
    """Return the calibrations bent, with their thresholds; the trials' `sure` is the joint probability."""
    bend = bent(trials)
    classes = {name: round(value, 3) for name, value in bend.classes.items()}
    curved = {
        tag: replace(shape, slope=round(bend.slope[tag], 3), offset=round(bend.offset[tag], 3), classes=classes)
        for tag, shape in shapes.items()
    }
    known = _unseen(trials)
    together = [one for found in known.values() for one in found]
    result = {}
    for tag, shape in curved.items():
        level = {
            writing: _STEADY * threshold(together, writing) + (1 - _STEADY) * threshold(known[tag], writing)
            for writing in (True, False)
        }
        reading = min(level[False], level[True])
        result[tag] = replace(shape, reading=round(reading, 3), writing=round(level[True], 3))
    return result


def error(found: Sequence[tuple[bool, float]], bins: int = 10) -> float:
    """Return the expected calibration error of (right, confidence) pairs: the mean gap over ten equal bins."""
    ordered = sorted(found, key=lambda pair: pair[1])
    total = 0.0
    for at in range(bins):
        part = ordered[at * len(ordered) // bins : (at + 1) * len(ordered) // bins]
        if part:
            total += abs(sum(right for right, _ in part) - sum(sure for _, sure in part))
    return total / max(1, len(ordered))


async def calibrate(weights: Path, embeddings: Path | None = None) -> dict[str, Calibration]:
    """Return the calibration of every language: of two votes, or of three with the model file of the embeddings."""
    model = load(weights / "ngram.bin")
    sentences = {tag: rows(CALIBRATION / f"{tag}.jsonl") for tag in TAGS}
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client, _ = await stack.enter_async_context(engine(weights / "homarus-mini.gguf", folder))
        asking = Understander(client, Weights(model, {}), SystemClock())
        third = None
        if embeddings is not None:
            embedder, _ = await stack.enter_async_context(engine(embeddings, folder))
            third = EmbeddedVoter(embedder, decode(read(weights / NAME)), {}, patience_s=_PATIENCE_S)
        shapes = {tag: weighed(await votes(asking, model, found, third)) for tag, found in sentences.items()}
        open_to_all = Understander(client, Weights(model, shapes), SystemClock())
        if third is not None:
            open_to_all.vote_with(replace(third, calibrations=shapes))
        trials = {tag: await _trials(open_to_all, found, tag) for tag, found in sentences.items()}
    return settled(shapes, trials)


async def _trials(understander: Understander, sentences: Sequence[Row], tag: str) -> list[Trial]:
    found = [await understander.understand(row.text, NOW_MS, ZONE, tag) for row in sentences]
    return [Trial(row.tool, one.guess, one.tool, one.confidence) for row, one in zip(sentences, found, strict=True)]


def written(found: Mapping[str, Calibration]) -> dict[str, object]:
    """Return the calibrations as JSON values; the offsets of classes stand there once."""
    shapes = {
        tag: {name: value for name, value in asdict(one).items() if name != "classes"} for tag, one in found.items()
    }
    return {**shapes, "classes": next(iter(found.values())).classes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=weights_folder(), help="folder with the weights")
    parser.add_argument("--embeddings", type=Path, help="model file of the embeddings: calibrate three votes")
    options = parser.parse_args()
    found = asyncio.run(calibrate(options.weights, options.embeddings))
    facts = written(found)
    if options.embeddings:
        path = options.weights / NAME
        path.write_text(json.dumps({**read(path), "calibration": facts}, indent=1) + "\n", encoding="utf-8")
    else:
        lines = [f'  "{name}": {json.dumps(value)}' for name, value in facts.items()]
        (options.weights / "calibration.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for tag, one in found.items():
        print(tag, replace(one, classes={}))


if __name__ == "__main__":
    main()
