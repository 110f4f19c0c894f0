"""The n-gram model: a softmax over hashed features with int8 weights, in pure Python."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from appliance.foundation.errors import ApplianceError
from appliance.understanding.features import BUCKETS, features

MAGIC = b"HMNG1\n"
_MAX_HEADER_BYTES = 65536


class WeightsError(ApplianceError):
    """A weights file is missing or damaged."""

    code = "understanding_weights"


@dataclass(frozen=True, slots=True)
class NgramModel:
    """`rows` holds BUCKETS rows of one signed byte per class; a score is the sum of rows times `scale` plus bias."""

    classes: tuple[str, ...]
    scale: float
    bias: tuple[float, ...]
    rows: bytes

    def probabilities(self, text: str) -> dict[str, float]:
        """Return the probability of every class for a sentence."""
        width = len(self.classes)
        rows = self.rows
        found = features(text)
        # numbers are stored with an offset of 128, so that a row is plain bytes and zip adds them at C speed
        columns = zip(*(rows[at * width : at * width + width] for at in found), strict=True)
        factor = self.scale / math.sqrt(len(found))
        offset = 128 * len(found)
        scores = [(sum(c) - offset) * factor + b for c, b in zip(columns, self.bias, strict=True)]
        top = max(scores)
        weights = [math.exp(s - top) for s in scores]
        total = sum(weights)
        return {name: w / total for name, w in zip(self.classes, weights, strict=True)}


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
        classes, bias, rows = tuple(header["classes"]), tuple(header["bias"]), data[start + length :]
        if len(bias) != len(classes) or len(rows) != len(classes) * BUCKETS:
            raise ValueError("the weights are cut short")
        return NgramModel(classes, float(header["scale"]), bias, rows)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise WeightsError(
            f"The n-gram weights {path.name} cannot be read ({error}); install the package again."
        ) from error
