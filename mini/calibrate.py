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
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.understanding.languages import TAGS
from appliance.understanding.ngram import NgramModel, load
from appliance.understanding.text import clean, lowered
from appliance.understanding.understander import Calibration, Understander, Weights, joined, weights_folder
from appliance.understanding.vocabulary import ESCALATE, TOPICS, WRITING
from mini.sentences import CALIBRATION, Row, engine, rows

_OUTSIDE = (ESCALATE, *TOPICS)
_WEIGHTS = [n / 20 for n in range(2, 19)]
_LEVELS = [n / 100 for n in range(40, 100)]
# shares of the hand-overs that may become a call, a little stricter than the goals of mini/README.md
_GOAL = {True: 0.005, False: 0.01}  # by whether the tool writes
_WRONG = 0.006  # share of the requests that may become another tool, for reading and writing tools each
_STEADY = 0.5  # few sentences decide a threshold: half of it comes from all languages together
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


def threshold(found: Sequence[tuple[Guess, float]], writing: bool) -> float:
    """Return the lowest level at which tools that write (or read) stay within the goals."""
    outside = max(1, sum(one.gold == ESCALATE for one, _ in found))
    inside = max(1, len(found) - outside)
    kind = [(one, sure) for one, sure in found if one.guess not in _OUTSIDE and (one.guess in WRITING) == writing]
    for level in _LEVELS:
        wrong = [one for one, sure in kind if sure >= level and not one.right]
        accepted = sum(one.gold == ESCALATE for one in wrong)
        if accepted <= _GOAL[writing] * outside and len(wrong) - accepted <= _WRONG * inside:
            return level
    return _LEVELS[-1]


def calibrated(asked: Mapping[str, Sequence[Votes]]) -> dict[str, Calibration]:
    """Return the calibration of every language."""
    shapes = {tag: fitted(found) for tag, found in asked.items()}
    sure = {
        tag: [(one, shapes[tag].confidence(one.probability)) for one in guesses(found, shapes[tag])]
        for tag, found in asked.items()
    }
    together = [pair for found in sure.values() for pair in found]
    shared = {writing: threshold(together, writing) for writing in (True, False)}
    result = {}
    for tag, shape in shapes.items():
        own = {writing: threshold(sure[tag], writing) for writing in (True, False)}
        level = {w: round(_STEADY * shared[w] + (1 - _STEADY) * own[w], 3) for w in own}
        result[tag] = Calibration(shape.weight, shape.slope, shape.offset, min(level[False], level[True]), level[True])
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
    with tempfile.TemporaryDirectory() as folder:
        async with engine(weights / "homarus-mini.gguf", Path(folder)) as (client, _):
            understander = Understander(client, Weights(model, {}), SystemClock())
            asked = {tag: await votes(understander, model, rows(CALIBRATION / f"{tag}.jsonl")) for tag in TAGS}
    return calibrated(asked)


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
