"""Choosing a token from logits: greedy or by chance, within a grammar, and the probabilities behind the choice."""

from __future__ import annotations

import functools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

_NUCLEUS = 1024  # tokens that are tried for top-p before all are sorted
_FEW = 64  # likely tokens that are tried before the whole vocabulary: the grammar costs time per token
_RANKS = 64  # numbers of which only the largest is looked at first
_WIDE = 2  # times as many columns as are wanted: else nothing is gained


_UNUSABLE = "the model computed no usable numbers"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose. `temperature` 0 is greedy; `top_k` 0 and `top_p` 1 switch those limits off."""

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95


class Limit(Protocol):
    """What may come next; tokens that it disallows are never returned."""

    def allows(self, token: int) -> bool: ...

    def allowed(self, tokens: Any) -> Any:
        """Return a boolean mask; `allows` may still be stricter."""


class UnusableError(ValueError):
    """The logits are no numbers, or all are ruled out."""


def choose(logits: Any, sampling: Sampling, chance: Any) -> int:
    """Return one token. `logits`: float32 of any length; `chance`: a numpy Generator. Raises UnusableError."""
    if sampling.temperature <= 0:
        token = int(np.argmax(logits))  # the first one that is no number, where there is one
        _check(float(logits[token]))
        return token
    count = len(logits)
    top = sampling.top_k if 0 < sampling.top_k < count else count
    if top > _FEW:
        _check(float(logits.max()))
        order, weights = _distribution(logits, top, sampling)
        return int(order[min(int(np.searchsorted(np.cumsum(weights), chance.random())), len(order) - 1)])
    tokens, values = _leading(logits, top)
    return tokens[_drawn(values, sampling, chance.random())]


def _check(peak: float) -> None:
    if not math.isfinite(peak):
        raise UnusableError(_UNUSABLE)


def _drawn(values: list[float], sampling: Sampling, draw: float) -> int:
    """Return which of a few logits, best first, is meant by `draw` of [0, 1). In Python: numpy's calls cost more."""
    peak, temperature = values[0], sampling.temperature
    sums = list(accumulate(math.exp((value - peak) / temperature) for value in values))
    kept = len(sums) - 1
    if sampling.top_p < 1:
        kept = min(bisect_left(sums, sampling.top_p * sums[-1]), kept)
    return min(bisect_right(sums, draw * sums[kept]), kept)


def _leading(logits: Any, count: int) -> tuple[list[int], list[float]]:
    """Return the `count` best tokens and their logits, best first. Raises UnusableError."""
    order = likely(logits, count)
    values = logits[order].tolist()
    if not (max(values) > -math.inf and sum(values) < math.inf):  # what is no number makes their sum none
        raise UnusableError(_UNUSABLE)
    ranked = sorted(zip(values, order.tolist(), strict=True), reverse=True)
    return [token for _, token in ranked], [value for value, _ in ranked]


def _distribution(logits: Any, top: int, sampling: Sampling) -> tuple[Any, Any]:
    """Return tokens and their probabilities, cut by top-k and top-p."""
    count = len(logits)
    order = likely(logits, top) if top < count else np.arange(count)
    weights = _softmax(logits[order], sampling.temperature)
    if sampling.top_p >= 1:
        return order, weights
    return _nucleus(order, weights, sampling.top_p)


def _nucleus(order: Any, weights: Any, share: float) -> tuple[Any, Any]:
    """Return the fewest tokens that have `share` of the probability.

    Most often they are among a few; only a very flat distribution is sorted as a whole (50 ms for 152k tokens).
    """
    for few in (_NUCLEUS, len(order)):
        candidates = likely(weights, few)
        ranks = candidates[np.argsort(-weights[candidates], kind="stable")]
        reached = np.cumsum(weights[ranks])
        if reached[-1] >= share or few >= len(order):
            break
    kept = ranks[: int(np.searchsorted(reached, share)) + 1]
    return order[kept], weights[kept] / weights[kept].sum()


def _softmax(logits: Any, temperature: float) -> Any:
    scaled = logits.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max())
    return weights / weights.sum()


def choose_within(logits: Any, sampling: Sampling, chance: Any, limit: Limit) -> int | None:
    """Return a token that `limit` allows, None when there is none (a dead end of the grammar).

    The free choice is checked first: most of the time it fits, and then the grammar saw one token only.
    """
    token = choose(logits, sampling, chance)
    if limit.allows(token):
        return token
    few = likely(logits, _FEW)
    token_or_none = _choose_among(logits, few, sampling, chance, limit)
    if token_or_none is None and len(few) < len(logits):
        return _choose_among(logits, np.arange(len(logits)), sampling, chance, limit)
    return token_or_none


def likely(logits: Any, count: int) -> Any:
    """Return the `count` best indices in no order, those of what is no number before all others.

    The numbers are read as columns of 64, in one pass for the largest of each: the best numbers stand in the columns
    with the best of those. A quarter of the time of sorting out 152k as one row.
    """
    width, rest = divmod(len(logits), _RANKS)
    if width < _WIDE * count:
        return _best(logits, count)
    body = logits[: width * _RANKS].reshape(_RANKS, width)
    columns = _best(np.maximum.reduce(body, axis=0), count)
    among = (columns + _rows(width)).ravel()
    if rest:
        among = np.concatenate([among, np.arange(width * _RANKS, len(logits))])
    return among[_best(logits[among], count)]


@functools.cache
def _rows(width: int) -> Any:
    """Return where each row of so many numbers begins, as a column. A process knows a few widths."""
    return np.arange(0, width * _RANKS, width)[:, None]


def _best(values: Any, count: int) -> Any:
    if len(values) <= count:
        return np.arange(len(values))
    return values.argpartition(len(values) - count)[len(values) - count :]


def _choose_among(logits: Any, tokens: Any, sampling: Sampling, chance: Any, limit: Limit) -> int | None:
    fitting = tokens[limit.allowed(tokens)]
    while len(fitting):
        index = choose(logits[fitting], sampling, chance)
        token = int(fitting[index])
        if limit.allows(token):
            return token
        fitting = np.delete(fitting, index)
    return None


def log_probabilities(logits: Any, tokens: Sequence[int]) -> list[float]:
    """Return the natural-log probabilities of `tokens` over all of `logits`, as plain floats."""
    values = logits.astype(np.float64)
    top = values.max()
    normaliser = top + np.log(np.exp(values - top).sum())
    return [float(values[token] - normaliser) for token in tokens]
