"""Decides from the signals of many steps whether an answer has degenerated: windows, thresholds, hysteresis."""

from __future__ import annotations

import enum
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

_WINDOW = 32  # tokens: one odd word is nothing, two sentences are
# Flat: every continuation is as good as another, as with broken weights or a state of another model. Text stays
# below 4 nats on average even at temperature 1; the entropy of a vocabulary of 152k is at most 11.9.
_FLAT_ENTROPY = 6.5
_FLAT_TOP = 0.1
_CALM_ENTROPY = 5.0  # below it the suspicion ends: between the two it stays as it is
_FLAT_TOKENS = 48  # of suspicion before the verdict
# Collapse: the model is sure of every token and says nearly nothing but the same few. Quotes and code are sure too
# but varied; counting has ten digits, and a table of zeros is short.
COLLAPSE_WINDOW = 640
_COLLAPSE_ENTROPY = 0.05
_COLLAPSE_DISTINCT = 6


class Signal(NamedTuple):
    """What one step said, over the whole vocabulary at temperature 1. Entropy in nats."""

    entropy: float
    top: float  # the best probability
    chosen: float  # natural logarithm of the probability of the chosen token


class Reason(enum.StrEnum):
    """Why an answer was halted; the text goes over the wire."""

    REPETITION = "repetition"
    COLLAPSE = "entropy"
    FLAT = "flat"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer has degenerated. `since_token`: index in it of the first one not worth keeping."""

    reason: Reason
    since_token: int


class Flatness:
    """Whether the model has stopped knowing what to say."""

    def __init__(self) -> None:
        self._entropies = array("f", bytes(4 * _WINDOW))
        self._tops = array("f", bytes(4 * _WINDOW))
        self._entropy = self._top = 0.0
        self._count = 0
        self._since: int | None = None  # where the suspicion began

    def take(self, signal: Signal) -> int | None:
        """Take the signal of the next token; return where flatness began once it is certain."""
        at = self._count % _WINDOW
        self._entropy += (signal.entropy - self._entropies[at]) / _WINDOW
        self._top += (signal.top - self._tops[at]) / _WINDOW
        self._entropies[at], self._tops[at] = signal.entropy, signal.top
        self._count += 1
        if self._count < _WINDOW:
            return None
        if self._entropy > _FLAT_ENTROPY and self._top < _FLAT_TOP:
            if self._since is None:
                self._since = self._count - _WINDOW
        elif self._entropy < _CALM_ENTROPY:
            self._since = None
        if self._since is not None and self._count - self._since >= _WINDOW + _FLAT_TOKENS:
            return self._since
        return None


class Collapse:
    """Whether the model is stuck between a few tokens without repeating them in one exact order."""

    def __init__(self) -> None:
        self._entropies = array("f", bytes(4 * COLLAPSE_WINDOW))
        self._tokens = array("i", bytes(4 * COLLAPSE_WINDOW))
        self._counts: Counter[int] = Counter()
        self._entropy = 0.0
        self._count = 0

    def take(self, token: int, signal: Signal) -> int | None:
        """Take the next token; return where the collapse began."""
        at = self._count % COLLAPSE_WINDOW
        if self._count >= COLLAPSE_WINDOW:
            old = self._tokens[at]
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]
        self._entropy += (signal.entropy - self._entropies[at]) / COLLAPSE_WINDOW
        self._entropies[at], self._tokens[at] = signal.entropy, token
        self._counts[token] += 1
        self._count += 1
        if self._count < COLLAPSE_WINDOW:
            return None
        stuck = self._entropy < _COLLAPSE_ENTROPY and len(self._counts) <= _COLLAPSE_DISTINCT
        return self._count - COLLAPSE_WINDOW if stuck else None
