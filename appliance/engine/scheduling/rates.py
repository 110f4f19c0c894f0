"""How fast this box reads and writes, as moving averages."""

from __future__ import annotations

_WEIGHT = 0.1  # of a new step
_LEAST_CHUNK_TOKENS = 16  # a shorter chunk says more of the step than of reading


class Rates:
    """Tokens per second: of a prompt that is read alone, and of one answer that is written. 0: unknown."""

    def __init__(self) -> None:
        self.prefill = 0.0
        self.decode = 0.0

    def read(self, tokens: int, seconds: float) -> None:
        """Learn from a step that only read `tokens` of prompts."""
        if tokens >= _LEAST_CHUNK_TOKENS and seconds > 0:
            self.prefill = _moved(self.prefill, tokens / seconds)

    def wrote(self, answers: int, tokens: int, seconds: float) -> None:
        """Learn from a step that only wrote: `tokens` in all to `answers` answers."""
        if answers and seconds > 0:
            self.decode = _moved(self.decode, tokens / answers / seconds)


def _moved(average: float, value: float) -> float:
    return value if average == 0 else average + _WEIGHT * (value - average)
