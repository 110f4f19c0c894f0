"""One re-fit from the examples to a file that may be taken, or the reason why there is none.

Examples that make a figure worse are left out, and the rest is fitted again: for every sentence that suffers the
nearest one; all of a tool once more than a third of its examples did harm, or once a hand-over would reach it and it
writes: then they are no accident.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from appliance.foundation.atomicfile import write_atomic
from appliance.understanding import ngram
from appliance.understanding.features import features
from appliance.understanding.learning import replay
from appliance.understanding.learning.guard import ALONE, JOINT, WRITES, Judged, Worse, judged, worse
from appliance.understanding.learning.replay import Sentence
from appliance.understanding.learning.weights import Origin, encode
from appliance.understanding.text import clean, lowered
from appliance.understanding.understander import load_weights

_TRIALS = 8
_HARMFUL = 1 / 3  # share of a tool's examples
_SPARED = 2  # so many of a tool may do harm whatever their share


@dataclass(frozen=True, slots=True)
class Job:
    """`weights` is the folder of the shipped weights, `examples` are (text, tool), `out` is where the result goes."""

    weights: Path
    examples: tuple[tuple[str, str], ...]
    out: Path

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Job:
        """Return the job that was sent. Raises KeyError, ValueError."""
        pairs = tuple((str(text), str(tool)) for text, tool in facts["examples"])
        return cls(Path(facts["weights"]), pairs, Path(facts["out"]))

    def facts(self) -> dict[str, Any]:
        """Return the job as JSON."""
        return {"weights": str(self.weights), "examples": self.examples, "out": str(self.out)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a re-fit. `why` is a sentence where it was not taken; `left_out` counts examples that did harm.

    `right` counts the sentences of the replay set without a fault, before and after.
    """

    taken: bool
    why: str
    examples: int
    left_out: int = 0
    right: tuple[int, int] = (0, 0)

    def facts(self) -> dict[str, Any]:
        """Return the outcome as JSON."""
        return asdict(self)


def digest(examples: Sequence[tuple[str, str]]) -> str:
    """Return what tells two sets of examples apart."""
    return hashlib.sha256(json.dumps(sorted(examples)).encode()).hexdigest()


def decide(job: Job) -> Outcome:
    """Fit and judge; write the weights where nothing got worse. Raises WeightsError, OSError."""
    shipped, sentences = load_weights(job.weights), replay.load(job.weights / replay.NAME)
    joint = replay.sha256(job.weights / "homarus-mini.gguf") == sentences.model
    anchors = [one.text for one in sentences.anchors]

    def judge(model: ngram.NgramModel) -> Mapping[str, Sequence[Judged]]:
        return judged(model, sentences.checks, shipped.calibrations, joint=joint)

    before = judge(shipped.ngram)
    kept = list(job.examples)
    found: list[Worse] = []
    for _ in range(_TRIALS):
        if not kept:
            break
        model = _fitted(shipped.ngram, kept, anchors)
        after = judge(model)
        found = worse(before, after)
        if not found:
            origin = Origin(replay.sha256(job.weights / "ngram.bin"), len(kept), digest(job.examples))
            write_atomic(job.out, encode(model, origin))
            left_out = len(job.examples) - len(kept)
            return Outcome(True, "", len(kept), left_out, (_right(before), _right(after)))
        kept = _harmless(job.examples, kept, found, sentences.checks)
    why = f"It would have made worse: {found[0]}." if found else "There are no examples."
    return Outcome(False, why, 0, len(job.examples))


def _fitted(shipped: ngram.NgramModel, kept: Sequence[tuple[str, str]], anchors: Sequence[str]) -> ngram.NgramModel:
    from appliance.understanding.learning.fitting import fit  # numpy: the rest of this file runs without

    return fit(shipped, kept, anchors)


def _harmless(
    given: Sequence[tuple[str, str]],
    kept: Sequence[tuple[str, str]],
    found: Sequence[Worse],
    checks: Sequence[Sentence],
) -> list[tuple[str, str]]:
    """Return the examples without those that did the harm."""
    gone = set()
    for one in found:
        suspects = [example for example in kept if example[1] in one.tools] or kept
        gone |= {_nearest(checks[place].text, suspects) for place in one.places}
    left = [example for example in kept if example not in gone]
    all_, rest = (Counter(tool for _, tool in examples) for examples in (given, left))
    lost = {tool: all_[tool] - rest[tool] for tool in all_}
    dropped = {tool for tool in all_ if lost[tool] > max(_SPARED, _HARMFUL * all_[tool])}
    dropped |= {tool for one in found if one.what == WRITES for tool in one.tools}
    return [example for example in left if example[1] not in dropped]


def _nearest(text: str, suspects: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return the example that has the largest part of its n-grams in common with a sentence."""
    harmed = set(features(text))

    def shared(one: tuple[str, str]) -> float:
        own = set(features(" ".join(lowered(clean(one[0]).split()))))
        return len(own & harmed) / len(own | harmed)

    return max(suspects, key=shared)


def _right(found: Mapping[str, Sequence[Judged]]) -> int:
    return sum(not one.faults for one in found.get(JOINT, found[ALONE]))
