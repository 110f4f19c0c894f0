"""The sentences that ship with the package so that a box can tell whether a re-fit made anything worse.

One xz file of JSON lines. The first line names the language model whose scores are inside; each other line is a
sentence: `t` text, `l` language, `g` right class, and for those that judge `s`: {class: log-probability in 1/16} of
the classes that the language model found likeliest. Sentences without `s` hold the fit in place and judge nothing.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.understanding.ngram import WeightsError
from appliance.understanding.vocabulary import CLASSES

NAME = "replay.jsonl.xz"
STEP = 16.0
_FORMAT = 1
_MAX_BYTES = 8_000_000  # unpacked
_FAR = -12.0  # the log-probability of a class that is not written down
KEPT = 8  # classes of a sentence that are written down


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its right class; `read` is the language model's log-probability of every class, or empty."""

    text: str
    lang: str
    gold: str
    read: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Replay:
    """`anchors` hold a fit in place, `checks` judge it; the two share no sentence. `model` is the GGUF's SHA-256."""

    anchors: Sequence[Sentence]
    checks: Sequence[Sentence]
    model: str


def load(path: Path) -> Replay:
    """Read the file. Raises WeightsError."""
    try:
        with lzma.open(path) as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ValueError("it is too long")
        head, *lines = data.decode("utf-8").splitlines()
        header = json.loads(head)
        if header["format"] != _FORMAT or tuple(header["classes"]) != CLASSES:
            raise ValueError("it belongs to other weights")
        found = [_sentence(json.loads(line)) for line in lines]
        model = str(header["model"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, lzma.LZMAError) as error:
        raise WeightsError(
            f"The replay set {path.name} cannot be read ({error}); install the package again."
        ) from error
    return Replay([one for one in found if not one.read], [one for one in found if one.read], model)


def _sentence(row: Mapping[str, object]) -> Sentence:
    text, lang, gold, scores = row["t"], row["l"], row["g"], row.get("s")
    if not isinstance(text, str) or not isinstance(lang, str) or gold not in CLASSES:
        raise ValueError("a sentence is no sentence")
    if not isinstance(scores, dict):
        return Sentence(text, lang, str(gold), {})
    known = {CLASSES[int(at)]: value / STEP for at, value in scores.items()}
    return Sentence(text, lang, str(gold), {one: known.get(one, _FAR) for one in CLASSES})


def pack(sentences: Sequence[Sentence], model: str) -> bytes:
    """Return the file for these sentences."""
    lines: list[object] = [{"format": _FORMAT, "classes": CLASSES, "model": model}]
    for one in sentences:
        row: dict[str, object] = {"t": one.text, "l": one.lang, "g": one.gold}
        if one.read:
            best = sorted(one.read.items(), key=lambda pair: -pair[1])[:KEPT]
            likely = {name: round(value * STEP) for name, value in best if value > _FAR}
            row["s"] = {str(CLASSES.index(name)): value for name, value in likely.items()}
        lines.append(row)
    text = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
    return lzma.compress(text.encode(), preset=9)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex. Blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
