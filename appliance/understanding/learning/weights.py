"""The file of a re-fitted n-gram part: the format of the shipped one, with its origin in the header."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.understanding.ngram import MAGIC, NgramModel

NAME = "ngram-learned.bin"
_HEADER_BYTES = 65536
_KEY = "learned"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file was fitted from: the SHA-256 of the shipped weights, and the examples by number and digest."""

    base: str
    examples: int
    digest: str


def encode(model: NgramModel, origin: Origin) -> bytes:
    """Return the bytes of the file."""
    facts = {
        "classes": model.classes,
        "languages": model.languages,
        "scale": model.scale,
        "bias": model.bias,
        _KEY: asdict(origin),
    }
    header = json.dumps(facts).encode()
    return MAGIC + struct.pack("<I", len(header)) + header + model.rows


def origin_of(path: Path) -> Origin | None:
    """Return what a file was fitted from, None when it is absent, damaged or shipped. Blocks."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return None
            (length,) = struct.unpack("<I", file.read(4))
            return Origin(**json.loads(file.read(min(length, _HEADER_BYTES)))[_KEY])
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None
