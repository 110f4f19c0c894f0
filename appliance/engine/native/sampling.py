"""Choosing a token from logits: greedy or by chance, within a grammar, and the probabilities behind the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

_NUCLEUS = 1024  # tokens that are tried for top-p before all are sorted
_FEW = 64  # likely tokens that are tried before the whole vocabulary: the grammar costs time per token
_STRIDE = 64  # between two numbers of the sample that says where the best ones begin
_SPARE = 5  # so many of the sample above the border: some hundred of all, seldom fewer than are wanted


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


def choose(logits: Any, sampling: Sampling, chance: Any) -> int:
    """Return one token. `logits`: float32 of any length; `chance`: a numpy Generator."""
    if sampling.temperature <= 0:
        return int(np.argmax(logits))
    order, weights = _distribution(logits, sampling)
    return int(order[min(int(np.searchsorted(np.cumsum(weights), chance.random())), len(order) - 1)])


def _distribution(logits: Any, sampling: Sampling) -> tuple[Any, Any]:
    """Return tokens and their probabilities, cut by top-k and top-p."""
    count = len(logits)
    top = sampling.top_k if 0 < sampling.top_k < count else count
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
    """Return the `count` best indices in no order.

    A sample says about where the border lies: only what is above it is partitioned, a fifth of the time for 152k.
    """
    if len(logits) <= count:
        return np.arange(len(logits))
    sample = logits[::_STRIDE]
    rank = _SPARE + 2 * count // _STRIDE
    if 2 * rank < len(sample):
        near = np.flatnonzero(logits >= np.partition(sample, len(sample) - rank)[len(sample) - rank])
        if count <= len(near) <= len(logits) // 4:  # many equal numbers are no border
            return near[_best(logits[near], count)]
    return _best(logits, count)


def _best(values: Any, count: int) -> Any:
    return np.argpartition(values, len(values) - count)[len(values) - count :]


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
