"""Finds how the two votes are joined and how sure they must be, on the sentences of mini/calibration.

Per language: the weight of the votes and the bend of the log-odds by likelihood; then, for reading and for writing
tools, the lowest confidence at which wrong calls stay within the goals.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.understanding.languages import TAGS
from appliance.understanding.ngram import NgramModel, load
from appliance.understanding.text import clean, lowered
from appliance.understanding.understander import Calibration, Understander, Weights, joined, weights_folder
from appliance.understanding.vocabulary import ESCALATE, TOPICS, WRITING
from mini.sentences import CALIBRATION, NOW_MS, ZONE, Row, engine, rows

_OUTSIDE = (ESCALATE, *TOPICS)
_WEIGHTS = [n / 20 for n in range(2, 19)]
_LEVELS = [n / 200 for n in range(100, 200)]
# shares of the hand-overs that may become a call: the goals of the issue
_GOAL = {True: 0.007, False: 0.013}  # by whether the tool writes
_WRONG = 0.01  # share of the requests that may become another tool
_STEADY = 0.6  # few sentences decide a threshold: this part comes from all languages together
_STRIDE = 0.2  # of one Newton step: sentences of one opinion would throw it far
_RIDGE = 4.0  # pulls slope and offset to 1 and 0, as that many sentences would


@dataclass(frozen=True, slots=True)
class Votes:
    """One sentence: its right class and what the two models said."""

    gold: str
    read: Mapping[str, float]
    counted: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Guess:
    """The best class of a sentence, its joint probability, and whether it was right."""

    gold: str
    guess: str
    probability: float

    @property
    def right(self) -> bool:
        return self.guess == self.gold or (self.gold == ESCALATE and self.guess in _OUTSIDE)


async def votes(understander: Understander, model: NgramModel, sentences: Sequence[Row]) -> list[Votes]:
    """Ask both models about every sentence."""
    found = []
    for row in sentences:
        text = " ".join(lowered(clean(row.text).split()))
        found.append(Votes(row.tool, await understander.language_scores(text), model.probabilities(text)))
    return found


def guesses(asked: Sequence[Votes], calibration: Calibration) -> list[Guess]:
    found = []
    for one in asked:
        chances = joined(one.read, one.counted, calibration)
        best = max(chances, key=lambda name: chances[name])
        found.append(Guess(one.gold, best, chances[best]))
    return found


def fitted(asked: Sequence[Votes]) -> Calibration:
    """Return weight, slope and offset of a language; the thresholds are still open."""
    best = min((_surprise(asked, weight), weight) for weight in _WEIGHTS)[1]
    plain = Calibration(best, 1.0, 0.0, 0.0, 0.0)
    slope, offset = _bent(guesses(asked, plain))
    return Calibration(best, round(slope, 3), round(offset, 3), 0.0, 0.0)


def _surprise(asked: Sequence[Votes], weight: float) -> float:
    """Return the mean negative log-likelihood of the right class."""
    calibration = Calibration(weight, 1.0, 0.0, 0.0, 0.0)
    total = 0.0
    for one in asked:
        chances = joined(one.read, one.counted, calibration)
        names = _OUTSIDE if one.gold == ESCALATE else (one.gold,)
        total -= math.log(max(1e-9, sum(chances[name] for name in names)))
    return total / len(asked)


def _bent(found: Sequence[Guess]) -> tuple[float, float]:
    """Return slope and offset of the log-odds by Newton's method, pulled towards (1, 0)."""
    slope, offset = 1.0, 0.0
    points = [
        (max(-9.0, min(9.0, math.log(max(one.probability, 1e-9) / max(1 - one.probability, 1e-9)))), one.right)
        for one in found
    ]
    for _ in range(100):
        g0, g1 = _RIDGE * (slope - 1), _RIDGE * offset
        h00, h01, h11 = _RIDGE, 0.0, _RIDGE
        for x, right in points:
            p = 1 / (1 + math.exp(-(slope * x + offset)))
            g0 += (p - right) * x
            g1 += p - right
            h00 += p * (1 - p) * x * x
            h01 += p * (1 - p) * x
            h11 += p * (1 - p)
        determinant = h00 * h11 - h01 * h01
        slope -= max(-_STRIDE, min(_STRIDE, (h11 * g0 - h01 * g1) / determinant))
        offset -= max(-_STRIDE, min(_STRIDE, (h00 * g1 - h01 * g0) / determinant))
    return slope, offset


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be called without any threshold: the right tool, the called one (or `escalate`), and how sure."""

    gold: str
    tool: str
    sure: float


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


def settled(shapes: Mapping[str, Calibration], trials: Mapping[str, Sequence[Trial]]) -> dict[str, Calibration]:
    """Return the calibrations with their thresholds."""
    together = [one for found in trials.values() for one in found]
    result = {}
    for tag, shape in shapes.items():
        level = {
            writing: _STEADY * threshold(together, writing) + (1 - _STEADY) * threshold(trials[tag], writing)
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


async def calibrate(weights: Path) -> dict[str, Calibration]:
    model = load(weights / "ngram.bin")
    sentences = {tag: rows(CALIBRATION / f"{tag}.jsonl") for tag in TAGS}
    with tempfile.TemporaryDirectory() as folder:
        async with engine(weights / "homarus-mini.gguf", Path(folder)) as (client, _):
            asking = Understander(client, Weights(model, {}), SystemClock())
            shapes = {tag: fitted(await votes(asking, model, found)) for tag, found in sentences.items()}
            open_to_all = Understander(client, Weights(model, shapes), SystemClock())
            trials = {tag: await _trials(open_to_all, found, tag) for tag, found in sentences.items()}
    return settled(shapes, trials)


async def _trials(understander: Understander, sentences: Sequence[Row], tag: str) -> list[Trial]:
    found = [await understander.understand(row.text, NOW_MS, ZONE, tag) for row in sentences]
    return [Trial(row.tool, one.tool, one.confidence) for row, one in zip(sentences, found, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=weights_folder(), help="folder with the weights")
    options = parser.parse_args()
    found = asyncio.run(calibrate(options.weights))
    lines = [f'  "{tag}": {json.dumps(asdict(one))}' for tag, one in found.items()]
    (options.weights / "calibration.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for tag, one in found.items():
        print(tag, one)


if __name__ == "__main__":
    main()
