"""What a client saw of one streamed answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(slots=True)
class Streamed:
    """Moments in seconds of a clock that only grows: the request was sent, each token came. `tokens`: of the answer."""

    began: float = 0.0
    times: list[float] = field(default_factory=list)
    tokens: int = 0
    cached: int = 0
    restored: str = ""
    drafted: int = 0
    accepted: int = 0

    @property
    def first_s(self) -> float:
        """Seconds to the first token."""
        return self.times[0] - self.began

    @property
    def rate(self) -> float:
        """Tokens per second from the first token to the last."""
        return (self.tokens - 1) / (self.times[-1] - self.times[0])


def together(answers: Sequence[Streamed]) -> float:
    """Return the tokens per second of all, over the time in which all of them were writing."""
    start, end = max(answer.times[0] for answer in answers), min(answer.times[-1] for answer in answers)
    if end <= start:
        raise RuntimeError("the answers did not overlap: they must be longer")
    return sum(start < moment <= end for answer in answers for moment in answer.times) / (end - start)


def worst_gap(answers: Sequence[Streamed], start: float, end: float) -> float:
    """Return the longest time without a token in any answer, as far as it lies between two moments."""
    gaps = [
        after - before
        for answer in answers
        for before, after in pairwise(answer.times)
        if after > start and before < end
    ]
    if not gaps:
        raise RuntimeError("nobody was writing at that time: the answers must be longer")
    return max(gaps)
