"""How many tokens to guess: what verifying them costs on this box, measured, against how often guesses were right."""

from __future__ import annotations

from bisect import bisect_left

MAX_DRAFT = 3  # a longer one loses below an acceptance of about 0.7 on two to four cores
_GAIN = 1.05  # expected at least; a smaller one drowns in the noise of the measurement
_MAX_ROWS = 32
_UNIT_WEIGHT = 0.2  # of a new step in the seconds of one row: follows the load of the box
_COST_WEIGHT = 0.05  # of a new step in what several rows cost relative to one: a fact of box and model
_PAIR_STEPS = 4  # steps so near each other met the same load: only they are compared
_DRIFT = 1 / 512  # per step, back to the assumption: a slow moment must not stop drafting for good
_MAX_COST_PER_ROW = 3.0
_ODDS_WEIGHT = 1 / 8

# Rows of one decode and their time relative to one row: between a 0.5B and a 1B model on two cores. Only the start:
# what this box measures takes its place.
_ASSUMED = ((1, 1.0), (2, 1.3), (4, 1.85), (8, 3.1), (16, 4.4), (32, 7.0))


class VerifyCost:
    """What a decode of n rows costs relative to one row, a moving average over the steps of this process."""

    def __init__(self) -> None:
        self._relative = [assumed(rows) for rows in range(_MAX_ROWS + 1)]
        self._since_one = _PAIR_STEPS  # steps since one row was decoded alone
        self.seconds = 0.0  # of one row; 0 until the first report

    def report(self, rows: int, seconds: float) -> None:
        """Learn from one step that decoded `rows` rows, newest tokens and drafts, nothing of a prompt."""
        if not 0 < rows <= _MAX_ROWS or seconds <= 0:
            return
        self._since_one = 0 if rows == 1 else self._since_one + 1
        if rows > 1 and self._since_one <= _PAIR_STEPS:
            cost = min(max(seconds / self.seconds, 1.0), _MAX_COST_PER_ROW * rows)
            self._relative[rows] += _COST_WEIGHT * (cost - self._relative[rows])
        else:
            unit = seconds / self._relative[rows]
            self.seconds += (unit - self.seconds) * (_UNIT_WEIGHT if self.seconds else 1.0)
        for other in range(2, _MAX_ROWS + 1):
            if other != rows:
                self._relative[other] += _DRIFT * (assumed(other) - self._relative[other])

    def of(self, rows: int) -> float:
        """Return the cost of `rows` rows; one row is 1."""
        return self._relative[min(max(rows, 1), _MAX_ROWS)]


def assumed(rows: int) -> float:
    """Return the cost of `rows` rows before anything was measured."""
    index = bisect_left(_ASSUMED, (rows, 0.0))
    if index == 0:
        return _ASSUMED[0][1]
    (left, low), (right, high) = _ASSUMED[index - 1], _ASSUMED[min(index, len(_ASSUMED) - 1)]
    return high if right == left else low + (high - low) * (rows - left) / (right - left)


class Odds:
    """How often guesses of one kind were right lately; starts from an assumption."""

    def __init__(self, assumption: float) -> None:
        self.value = assumption

    def observe(self, right: bool) -> None:
        """Count one guess."""
        self.value += _ODDS_WEIGHT * (right - self.value)


class DraftLength:
    """Chooses 0 to `longest` tokens: as many as gain most, none where nothing gains."""

    def __init__(self, cost: VerifyCost, longest: int = MAX_DRAFT) -> None:
        self._cost = cost
        self._longest = longest

    def next(self, odds: float, *, rows: int = 1, making: float = 0.0) -> int:
        """Return how many tokens to draft.

        `odds`: the probability that a drafted token is right; `rows`: of the step without drafts (the other
        answers ride along); `making`: seconds to make one drafted token, 0 where that is free.
        """
        best, chosen = _GAIN, 0
        for count in range(1, self._longest + 1):
            gain = self.gain(count, odds, rows=rows, making=making)
            if gain > best:
                best, chosen = gain, count
        return chosen

    def gain(self, count: int, odds: float, *, rows: int = 1, making: float = 0.0) -> float:
        """Return the expected tokens per second with `count` drafted tokens, relative to none."""
        tokens = rows + sum(odds**step for step in range(1, count + 1))
        made = making * count / self._cost.seconds if self._cost.seconds else 0.0
        return tokens / rows * self._cost.of(rows) / (self._cost.of(rows + count) + made)
