"""Choosing a token from logits: greedy or by chance, within a grammar, and the probabilities behind the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

_FEW = 64  # likely tokens that are tried before the whole vocabulary: the grammar costs time per token


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
    """Return tokens in falling order of probability and their probabilities, cut by top-k and top-p."""
    count = len(logits)
    if 0 < sampling.top_k < count:
        order = np.argpartition(logits, count - sampling.top_k)[count - sampling.top_k :]
    else:
        order = np.arange(count)
    scaled = logits[order].astype(np.float64) / sampling.temperature
    ranks = np.argsort(-scaled, kind="stable")
    order, scaled = order[ranks], scaled[ranks]
    weights = np.exp(scaled - scaled[0])
    weights /= weights.sum()
    if sampling.top_p < 1:
        kept = int(np.searchsorted(np.cumsum(weights), sampling.top_p)) + 1
        order, weights = order[:kept], weights[:kept] / weights[:kept].sum()
    return order, weights


def choose_within(logits: Any, sampling: Sampling, chance: Any, limit: Limit) -> int | None:
    """Return a token that `limit` allows, None when there is none (a dead end of the grammar).

    The free choice is checked first: most of the time it fits, and then the grammar saw one token only.
    """
    token = choose(logits, sampling, chance)
    if limit.allows(token):
        return token
    few = _likely(logits, _FEW)
    token_or_none = _choose_among(logits, few, sampling, chance, limit)
    if token_or_none is None and len(few) < len(logits):
        return _choose_among(logits, np.arange(len(logits)), sampling, chance, limit)
    return token_or_none


def _likely(logits: Any, count: int) -> Any:
    if len(logits) <= count:
        return np.arange(len(logits))
    return np.argpartition(logits, len(logits) - count)[len(logits) - count :]


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
