"""The watch over one answer: what the engine asks after every token."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any, Protocol

from appliance.engine.monitor.judge import COLLAPSE_WINDOW, Collapse, Flatness, Reason, Signal, Verdict
from appliance.engine.monitor.repetition import SEAM, Repetition

_BOUND_PATIENCE = 4  # keys, brackets and equal rows of JSON repeat by right; an endless string still ends


class Reader(Protocol):
    """`Signals`, or what stands for it."""

    def copy(self, logits: Any, row: Any) -> Any: ...

    def read(self, logits: Any, token: int) -> Signal: ...


class Watch:
    """Follows one answer. Cost: one pass of `Signals` over the logits and a few microseconds.

    `signals` is shared by all answers of the engine thread. `prompt`: tokens that the answer may quote. `bound`: a
    grammar decides what may come, so only endless repetition counts. With `judging` False it only measures.
    """

    def __init__(
        self, signals: Reader, prompt: Sequence[int] = (), *, bound: bool = False, judging: bool = True
    ) -> None:
        self._signals = signals
        self._repetition = Repetition(prompt, patience=_BOUND_PATIENCE if bound else 1) if judging else None
        free = judging and not bound
        self._flatness = Flatness() if free else None
        self._collapse = Collapse() if free else None
        self._sums = array("d", (0.0,))  # of the logarithms of the chosen probabilities, up to each token
        self.signal = Signal(0.0, 1.0, 0.0)
        self._row: Any = None

    @property
    def tokens(self) -> int:
        return len(self._sums) - 1

    @property
    def entropy(self) -> float:
        """Nats, of the newest token."""
        return self.signal.entropy

    @property
    def confidence(self) -> float:
        """The geometric mean of the probabilities of all chosen tokens; 1 before the first."""
        return self.confidence_of(0)

    def confidence_of(self, start: int, end: int | None = None) -> float:
        """Return the geometric mean probability of the answer's tokens [start, end)."""
        end = self.tokens if end is None else min(end, self.tokens)
        if end <= start:
            return 1.0
        return math.exp((self._sums[end] - self._sums[start]) / (end - start))

    def keep(self, logits: Any) -> Any:
        """Return logits for a `step` that comes after the next decode; they are kept until the next call."""
        self._row = self._signals.copy(logits, self._row)
        return self._row

    def step(self, logits: Any, token: int) -> Verdict | None:
        """Take the logits of one step and the token chosen from them; return a verdict when the answer must halt."""
        signal = self.signal = self._signals.read(logits, token)
        self._sums.append(self._sums[-1] + signal.chosen)
        return self.judge(signal, token)

    def judge(self, signal: Signal, token: int) -> Verdict | None:
        """Judge the next token by its signal alone."""
        repetition, flatness, collapse = self._repetition, self._flatness, self._collapse
        if repetition is None:
            return None
        if (since := repetition.take(token)) is not None:
            return Verdict(Reason.REPETITION, since)
        if flatness is not None and (since := flatness.take(signal)) is not None:
            return Verdict(Reason.FLAT, since)
        if collapse is not None and (since := collapse.take(token, signal)) is not None:
            quoted = repetition.quoted(since + SEAM, since + COLLAPSE_WINDOW - SEAM)
            return None if quoted else Verdict(Reason.COLLAPSE, since)
        return None
