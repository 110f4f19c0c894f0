"""Finds an answer that goes round in circles, exactly and at constant cost per token."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

_GRAM = 8  # tokens that must agree before two places are compared
_TABLE = 1 << 13  # slots of 4 bytes; a collision only delays
_LONGEST = 512  # tokens of a loop: a paragraph
SEAM = 2  # tokens where a quote ends may be cut otherwise than in the original
_RECHECK = 16  # tokens between two looks at a run that was long enough

# Tokens that must repeat what stood `period` before, by the largest period. Long enough for what people ask for and
# answers hold: rules and table borders, a ten by ten matrix of zeros, twenty equal rows of JSON, a refrain.
_NEEDED = ((8, 160), (16, 192), (32, 256), (64, 320))
_LONG_ROUNDS = 3  # of longer loops; nobody says a paragraph four times


def needed(period: int) -> int:
    """Return how many tokens must repeat before a loop of `period` tokens counts as one."""
    for longest, tokens in _NEEDED:
        if period <= longest:
            return tokens
    return max(_NEEDED[-1][1], _LONG_ROUNDS * period)


class Repetition:
    """The tokens of one answer. `prompt` is what it may quote: a loop that stands there as a whole is none."""

    def __init__(self, prompt: Sequence[int] = (), *, patience: int = 1) -> None:
        """`patience` multiplies what is needed (an answer bound to a grammar repeats its keys by right)."""
        self._prompt = array("i", prompt).tobytes()
        self._patience = patience
        self._tokens = array("i")
        self._places = array("i", bytes(4 * _TABLE))  # 0: unused, else the index behind a run of eight
        self.period = 0  # the distance to the place that the answer repeats now, 0: none
        self.run = 0  # tokens that it has repeated from there

    def take(self, token: int) -> int | None:
        """Take the next token; return where the loop began (index of the first token too many), None: no loop."""
        tokens = self._tokens
        tokens.append(token)
        end = len(tokens)
        place = self._note(end)
        if self.period and tokens[end - 1 - self.period] == token:
            self.run += 1
            if place and end - place < self.period and self.run % _RECHECK == 0:
                self._follow(end - place)  # the loop is a shorter one than it seemed
        elif place:
            self._follow(end - place)
        else:
            self.period = self.run = 0
        return self._judge(end)

    def _note(self, end: int) -> int:
        """Remember the last eight tokens; return where the same ended before, near enough, else 0."""
        if end < _GRAM:
            return 0
        gram = self._tokens[-_GRAM:]
        slot = hash(gram.tobytes()) & (_TABLE - 1)
        place = self._places[slot]
        self._places[slot] = end
        near = place and end - place <= _LONGEST
        return place if near and self._tokens[place - _GRAM : place] == gram else 0

    def _follow(self, period: int) -> None:
        tokens = self._tokens
        run, at, limit = 0, len(tokens) - 1, needed(period) * self._patience
        while at >= period and run < limit and tokens[at] == tokens[at - period]:
            run, at = run + 1, at - 1
        self.period, self.run = period, run

    def _judge(self, end: int) -> int | None:
        if not self.period:
            return None
        surplus = self.run - needed(self.period) * self._patience
        if surplus < 0 or surplus % _RECHECK:
            return None
        begin = end - self.run
        while begin > self.period and self._tokens[begin - 1] == self._tokens[begin - 1 - self.period]:
            begin -= 1  # the run is counted no further back than was needed
        return None if self.quoted(begin, end - SEAM) else begin

    def quoted(self, begin: int, end: int) -> bool:
        """Return whether the prompt holds the tokens [begin, end) of the answer in this order."""
        wanted = self._tokens[begin:end].tobytes()
        at = self._prompt.find(wanted)
        while at >= 0 and at % self._tokens.itemsize:
            at = self._prompt.find(wanted, at + 1)
        return at >= 0
