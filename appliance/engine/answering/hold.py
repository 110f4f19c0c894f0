"""Holds an answer back until its first tokens were sure enough, so that a weak model can still hand over unseen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.engine import api


@dataclass(slots=True)
class _Mean:
    """Tokens and the sum of the logarithms of their probabilities."""

    count: int = 0
    total: float = 0.0

    def add(self, other: _Mean) -> None:
        self.count += other.count
        self.total += other.total

    def below(self, least: float) -> bool:
        return self.count > 0 and self.total < least * self.count


class Hold:
    """Judges the text by its first `wanted` tokens and every tool call by its own tokens; thinking does not count.

    `least` is a geometric mean probability above 0. What `take` and `finish` return may be shown; once `unsure` is
    true nothing more may.
    """

    def __init__(self, least: float, wanted: int) -> None:
        self._least = math.log(least)
        self._wanted = wanted
        self._held: list[api.StreamAnswer] = []
        self._text = _Mean()
        self._open = _Mean()  # tokens that showed nothing so far: a call that grows, half a character
        self._sure = False
        self.unsure = False

    def take(self, chance: float, frames: Sequence[api.StreamAnswer]) -> list[api.StreamAnswer]:
        """Take the frames of one token; `chance` is the natural logarithm of its probability."""
        self._open.add(_Mean(1, chance))
        self._held += frames
        if any(isinstance(frame, api.Call) for frame in frames):
            # the call stands for itself; text in front of it is judged by what there is
            self.unsure = self._open.below(self._least)
            self._open = _Mean()
            self._judge()
        elif frames:
            if any(isinstance(frame, api.Token) for frame in frames):
                self._text.add(self._open)
            self._open = _Mean()
            if self._text.count >= self._wanted:
                self._judge()
        return self._shown()

    def finish(self, frames: Sequence[api.StreamAnswer], *, ended: bool = True) -> list[api.StreamAnswer]:
        """Take the last frames: the answer ends here, however short.

        `ended`: by itself, not by others. One without a word or a call says as little as one that is not sure.
        """
        self._held += frames
        if any(isinstance(frame, api.Token) for frame in frames):
            self._text.add(self._open)
        if ended and not self._sure and not self._text.count:
            self.unsure = True
        self._judge()
        return self._shown()

    def _judge(self) -> None:
        if not self._sure and not self.unsure:
            self.unsure = self._text.below(self._least)
        self._sure = not self.unsure

    def _shown(self) -> list[api.StreamAnswer]:
        if self.unsure or not self._sure:
            return []
        shown, self._held = self._held, []
        return shown
