"""The n-gram model: a softmax over hashed features with int8 weights, in pure Python."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.foundation.errors import ApplianceError
from appliance.understanding.features import BUCKETS, features

MAGIC = b"HMNG2\n"
_MAX_HEADER_BYTES = 65536


class WeightsError(ApplianceError):
    """A weights file is missing or damaged."""

    code = "understanding_weights"


@dataclass(frozen=True, slots=True)
class Vote:
    """Probabilities of the classes and of the languages of one sentence."""

    classes: Mapping[str, float]
    languages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class NgramModel:
    """`rows` holds BUCKETS rows of one byte per class and per language; a score is the sum of rows plus a bias."""

    classes: tuple[str, ...]
    languages: tuple[str, ...]
    scale: float
    bias: tuple[float, ...]
    rows: bytes

    def vote(self, text: str) -> Vote:
        """Return what the n-grams of a sentence say about its tool and its language."""
        width = len(self.classes) + len(self.languages)
        rows = self.rows
        found = features(text)
        # numbers are stored with an offset of 128, so that a row is plain bytes and zip adds them at C speed
        columns = zip(*(rows[at * width : at * width + width] for at in found), strict=True)
        factor = self.scale / math.sqrt(len(found))
        offset = 128 * len(found)
        scores = [(sum(c) - offset) * factor + b for c, b in zip(columns, self.bias, strict=True)]
        split = len(self.classes)
        return Vote(_softmax(self.classes, scores[:split]), _softmax(self.languages, scores[split:]))

    def probabilities(self, text: str) -> Mapping[str, float]:
        """Return the probability of every class for a sentence."""
        return self.vote(text).classes


def _softmax(names: Sequence[str], scores: Sequence[float]) -> dict[str, float]:
    top = max(scores)
    parts = [math.exp(score - top) for score in scores]
    total = sum(parts)
    return {name: part / total for name, part in zip(names, parts, strict=True)}


def load(path: Path) -> NgramModel:
    """Read the weights. Raises WeightsError."""
    try:
        data = path.read_bytes()
        if not data.startswith(MAGIC):
            raise ValueError("no n-gram weights in this file")
        (length,) = struct.unpack_from("<I", data, len(MAGIC))
        if length > _MAX_HEADER_BYTES:
            raise ValueError("the header is too long")
        start = len(MAGIC) + 4
        header = json.loads(data[start : start + length])
        classes, languages = tuple(header["classes"]), tuple(header["languages"])
        bias, rows = tuple(header["bias"]), data[start + length :]
        width = len(classes) + len(languages)
        if not classes or not languages or len(bias) != width or len(rows) != width * BUCKETS:
            raise ValueError("the weights are cut short")
        return NgramModel(classes, languages, float(header["scale"]), bias, rows)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise WeightsError(
            f"The n-gram weights {path.name} cannot be read ({error}); install the package again."
        ) from error
