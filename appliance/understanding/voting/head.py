"""The head: a softmax over a sentence's vector with one byte a weight, in pure Python."""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from typing import Final

from appliance.understanding.ngram import WeightsError
from appliance.understanding.vocabulary import CLASSES

NAME: Final = "embedded.json"
_OFFSET = 128  # of a weight in its byte


@dataclass(frozen=True, slots=True)
class Head:
    """`columns` holds one row of weights per class, each as long as a vector; a score is their product plus a bias."""

    width: int
    bias: tuple[float, ...]
    columns: tuple[tuple[float, ...], ...]

    def probabilities(self, vector: Sequence[float]) -> dict[str, float]:
        """Return the probability of every class. Raises WeightsError for a vector of another model."""
        if len(vector) != self.width:
            raise WeightsError(f"The embeddings have {len(vector)} numbers, not {self.width}: run scripts/embeddings.")
        scores = [sum(map(mul, own, vector)) + bias for own, bias in zip(self.columns, self.bias, strict=True)]
        top = max(scores)
        parts = [math.exp(score - top) for score in scores]
        total = sum(parts)
        return {name: part / total for name, part in zip(CLASSES, parts, strict=True)}


def encode(columns: Sequence[Sequence[float]], bias: Sequence[float]) -> dict[str, object]:
    """Return a head as JSON values; weights lose all but eight bits."""
    scale = max(abs(one) for own in columns for one in own) / (_OFFSET - 1) or 1.0
    rows = bytes(round(one / scale) + _OFFSET for own in columns for one in own)
    facts = {"classes": list(CLASSES), "width": len(columns[0]), "scale": scale, "bias": [round(b, 5) for b in bias]}
    return {**facts, "rows": b64encode(rows).decode("ascii")}


def decode(facts: Mapping[str, object]) -> Head:
    """Return the head of JSON values. Raises WeightsError."""
    try:
        width, scale, text = int(str(facts["width"])), float(str(facts["scale"])), facts["rows"]
        classes, bias = facts["classes"], facts["bias"]
        if not isinstance(text, str) or not isinstance(bias, list) or classes != list(CLASSES):
            raise ValueError("they are of other classes")
        rows = b64decode(text, validate=True)
        if len(rows) != width * len(CLASSES) or len(bias) != len(CLASSES):
            raise ValueError("the weights are cut short")
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The weights of the embeddings cannot be read ({error}); install the package again.") from (
            error
        )
    columns = (rows[at : at + width] for at in range(0, len(rows), width))
    return Head(width, tuple(map(float, bias)), tuple(tuple((b - _OFFSET) * scale for b in own) for own in columns))


def read(path: Path) -> dict[str, object]:
    """Return the JSON values of a file. Raises WeightsError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path.name} cannot be read ({error}); install the package again.") from error
    if not isinstance(found, dict):
        raise WeightsError(f"{path.name} holds no weights; install the package again.")
    return found
