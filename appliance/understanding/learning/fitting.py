"""Fits the n-gram part to the examples of a box. Needs numpy, so it runs in the engine's environment alone.

Starts from the shipped weights and changes only rows of n-grams that occur in the examples. Loss: cross-entropy of the
examples until each is sure enough, plus the squared change of every score of the anchors. Same input, same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from appliance.understanding.features import features
from appliance.understanding.ngram import NgramModel
from appliance.understanding.text import clean, lowered

MAX_STEPS = 28
"""How far a weight may move, in its units of one byte: what all examples together can do is bounded by it."""
MAX_PER_TOOL = 200
_TYPOS = 3  # misspelt copies of each example
_BATCH, _ANCHORS = 32, 64
_ROUNDS, _LEAST, _MOST = 25, 150, 1500  # passes over the examples; steps at least and at most
_RATE = 0.15
_ENOUGH = 0.985  # an example that is this sure already teaches nothing more
_SMOOTHING = 0.005
_ANCHOR_WEIGHT = 2.0
_DECAY = 2e-4
_SHORTEST_TYPO = 5  # letters of a word that is misspelt


@dataclass(frozen=True, slots=True)
class Bags:
    """Sentences as positions in the table of changed rows; `share` is 1 / sqrt(number of n-grams) of each."""

    places: Sequence[np.ndarray]
    share: np.ndarray
    base: np.ndarray  # scores by the shipped weights


def heard(text: str) -> str:
    """Return a sentence as the models read it."""
    return " ".join(lowered(clean(text).split()))


def misspelt(text: str, count: int) -> list[str]:
    """Return up to `count` copies of a sentence with two letters of one longer word exchanged or one left out."""
    words = text.split()
    long = [at for at, word in enumerate(words) if len(word) >= _SHORTEST_TYPO and word.isalpha()]
    found = []
    for turn in range(count if long else 0):
        draw = crc32(f"{turn} {text}".encode())  # the same sentence always gives the same copies
        at = long[draw % len(long)]
        word, place = words[at], 1 + (draw >> 8) % (len(words[at]) - 3)
        middle = word[place + 1] + word[place] if turn % 2 == 0 else word[place]
        found.append(" ".join([*words[:at], word[:place] + middle + word[place + 2 :], *words[at + 1 :]]))
    return found


def fit(model: NgramModel, examples: Sequence[tuple[str, str]], anchors: Sequence[str], seed: int = 1) -> NgramModel:
    """Return the model after learning (text, tool) pairs; the newest MAX_PER_TOOL of a tool count."""
    wanted = _bounded(examples)
    texts = [(one, tool) for text, tool in wanted for one in dict.fromkeys([text, *misspelt(text, _TYPOS)])]
    rows = np.frombuffer(model.rows, np.uint8).reshape(-1, len(model.classes) + len(model.languages))
    found = [features(text) for text, _ in texts]
    changed = np.array(sorted({at for one in found for at in one}), np.int64)
    if not len(changed):
        return model
    touched = [one for text in anchors if np.isin(one := features(heard(text)), changed, kind="sort").any()]
    taught, held = _bags(model, rows, changed, found), _bags(model, rows, changed, touched)
    right = np.array([model.classes.index(tool) for _, tool in texts])
    moved = _descended(taught, right, held, len(changed), model.scale * MAX_STEPS, seed)
    result = rows.astype(np.int16)
    steps = np.clip(np.rint(moved / model.scale), -MAX_STEPS, MAX_STEPS).astype(np.int16)
    result[changed, : len(model.classes)] += steps
    # a byte is its weight plus 128; 0 never occurs in shipped weights, which are symmetric
    return replace(model, rows=np.clip(result, 1, 255).astype(np.uint8).tobytes())


def _bounded(examples: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return each sentence once, as the models read it, at most MAX_PER_TOOL of a tool, in a fixed order."""
    newest = dict(reversed([(heard(text), tool) for text, tool in examples]))
    counts: dict[str, int] = {}
    kept = []
    for text, tool in newest.items():
        counts[tool] = counts.get(tool, 0) + 1
        if counts[tool] <= MAX_PER_TOOL:
            kept.append((text, tool))
    return sorted(kept)


def _bags(model: NgramModel, rows: np.ndarray, changed: np.ndarray, found: Sequence[Sequence[int]]) -> Bags:
    places, base = [], []
    split, bias = len(model.classes), np.array(model.bias[: len(model.classes)])
    for one in found:
        at = np.array(one)
        score = rows[at, :split].astype(np.int64).sum(0) - 128 * len(at)
        base.append(score * (model.scale / math.sqrt(len(at))) + bias)
        places.append(np.searchsorted(changed, at[np.isin(at, changed, kind="sort")]))
    share = np.array([1 / math.sqrt(len(one)) for one in found])
    return Bags(places, share, np.array(base).reshape(-1, split))


def _descended(taught: Bags, right: np.ndarray, held: Bags, width: int, limit: float, seed: int) -> np.ndarray:
    """Return how far each changed row moves, by Adagrad on batches of examples and anchors."""
    rng = np.random.default_rng(seed)
    classes = taught.base.shape[1]
    moved, squares = np.zeros((width, classes)), np.full((width, classes), 1e-8)
    # an n-gram that other sentences have too moves less: what is particular to an example shall carry it
    common = np.bincount(np.concatenate([*held.places, np.zeros(0, np.int64)]), minlength=width)
    rate = (_RATE / np.sqrt(1 + common))[:, None]
    target = np.full((len(right), classes), _SMOOTHING / classes)
    target[np.arange(len(right)), right] += 1 - _SMOOTHING
    steps = min(_MOST, max(_LEAST, math.ceil(len(right) / _BATCH) * _ROUNDS))
    for _ in range(steps):
        batch = rng.choice(len(right), min(_BATCH, len(right)), replace=False)
        design, used = _design(taught, batch)
        chances = _softmax(taught.base[batch] + design @ moved[used])
        open_ = chances[np.arange(len(batch)), right[batch]] < _ENOUGH
        slopes = [(used, design.T @ ((chances - target[batch]) * open_[:, None]) / len(batch))]
        if len(held.places):
            anchors = rng.choice(len(held.places), min(_ANCHORS, len(held.places)), replace=False)
            design, used = _design(held, anchors)
            slopes.append((used, design.T @ (design @ moved[used]) * (_ANCHOR_WEIGHT / len(anchors))))
        for used, slope in slopes:
            slope = slope + _DECAY * moved[used]
            squares[used] += slope * slope
            moved[used] = np.clip(moved[used] - rate[used] * slope / np.sqrt(squares[used]), -limit, limit)
    return moved


def _design(bags: Bags, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of a batch's n-grams as a matrix, and the rows that its columns stand for."""
    lengths = [len(bags.places[at]) for at in batch]
    used, inverse = np.unique(np.concatenate([bags.places[at] for at in batch]), return_inverse=True)
    design = np.zeros((len(batch), len(used)))
    design[np.repeat(np.arange(len(batch)), lengths), inverse] = np.repeat(bags.share[batch], lengths)
    return design, used


def _softmax(scores: np.ndarray) -> np.ndarray:
    parts = np.exp(scores - scores.max(1, keepdims=True))
    result: np.ndarray = parts / parts.sum(1, keepdims=True)
    return result
