"""The decisions of the tuner: pure functions of measured times, so that recorded ones can be tried on them.

Two options are compared in pairs of rounds close in time, in changing order: a neighbour that comes or goes hits both
rounds of a pair or makes one outlier, and the median of the ratios stays. Pairs in which others used the cores are
not counted at all.
"""

from __future__ import annotations

import enum
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_PAIRS = 3
MOST_PAIRS = 7
MOST_TRIES = 12  # pairs, with those that others disturbed
QUIET_CORES = 0.3  # that others may use while a pair is taken
FASTER = 0.97  # of the time: what more threads or another attention must reach
CLEARLY_FASTER = 0.90  # what a coarser cache must reach, since it also costs a little quality
STILL_GOOD = 1.25  # how much slower a coarser cache may be where memory is short
EQUAL = 1.0  # fewer threads win a draw: the others have the cores
_AGREEING = 2 / 3  # of the pairs must be on the same side as their median
_SAME_RATE = 1.03

# A turn: what is new of a prompt is read (the rest is kept), an answer is written. Tokens.
READ_TOKENS, WRITE_TOKENS = 150, 80

SHARED_CHUNKS = (16, 32, 64)
ALONE_CHUNKS = (64, 128, 256)
STEP_BOUND_S = 0.3  # others wait that long for their next word while a prompt is read
_ROWS = 32  # answers and drafts beside a chunk in one batch
_BATCH_STEP = 64


class State(enum.Enum):
    """What came of a comparison."""

    CLEAR = "clear"
    UNCLEAR = "unclear"  # the pairs contradict each other
    BUSY = "busy"  # others used the cores
    SHORT = "short"  # not enough time for three pairs


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds of the same work with what holds so far and with another option, one after the other."""

    base: float
    other: float
    quiet: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ratio` (median, other over base; 0 unknown) of `pairs` quiet pairs, and whether the other one wins."""

    state: State
    ratio: float = 0.0
    pairs: int = 0
    wins: bool = False

    @property
    def final(self) -> bool:
        """Whether more pairs could not change it, or not for the time they take."""
        return self.state is State.CLEAR or self.pairs >= MOST_PAIRS


def judge(pairs: Sequence[Pair], need: float) -> Verdict:
    """Compare: the other option wins when its time is at most `need` of the base, and most pairs say so."""
    ratios = [pair.other / pair.base for pair in pairs if pair.quiet and pair.base > 0]
    if len(ratios) < LEAST_PAIRS:
        disturbed = any(not pair.quiet for pair in pairs)
        return Verdict(State.BUSY if disturbed else State.SHORT, pairs=len(ratios))
    ratio = statistics.median(ratios)
    wins = ratio <= need
    agreeing = sum((one <= need) is wins for one in ratios)
    clear = agreeing >= _AGREEING * len(ratios)
    return Verdict(State.CLEAR if clear else State.UNCLEAR, ratio, len(ratios), wins and clear)


def enough(pairs: Sequence[Pair], verdict: Verdict) -> bool:
    """Tell whether a comparison may end."""
    return verdict.final or len(pairs) >= MOST_TRIES


def ladder(cores: int) -> tuple[int, ...]:
    """Return the thread counts worth a look: each up to four, then in growing steps, the two largest always."""
    steps = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, cores - 1, cores}
    return tuple(sorted(count for count in steps if 1 <= count <= cores))


def turn_seconds(read_s: float, write_s: float) -> float:
    """Return what a turn costs, of seconds per token read and written."""
    return READ_TOKENS * read_s + WRITE_TOKENS * write_s


def shared_chunk(steps: Mapping[int, float], bound: float) -> int:
    """Return the largest chunk whose step stays within `bound` seconds, the smallest one where none does."""
    within = [chunk for chunk, seconds in steps.items() if seconds <= bound]
    return max(within, default=min(steps))


def alone_chunk(seconds: Mapping[int, float]) -> int:
    """Return the smallest chunk that reads about as fast as the fastest; `seconds` of each whole chunk."""
    per_token = {chunk: value / chunk for chunk, value in seconds.items()}
    best = min(per_token.values())
    return min(chunk for chunk, value in per_token.items() if value <= best * _SAME_RATE)


def batch_for(alone: int, shared: int) -> int:
    """Return the batch that holds a chunk and the answers beside it; a larger one would only cost memory."""
    need = max(alone, shared + _ROWS)
    return -(-need // _BATCH_STEP) * _BATCH_STEP


def memory_is_short(available: int, state_bytes: int) -> bool:
    """Tell whether the states of one conversation (4096 tokens) take more than a quarter of what is free."""
    return available > 0 and state_bytes * 4 > available


def quiet_median(samples: Sequence[tuple[float, bool]]) -> float | None:
    """Return the median of the seconds that were taken while nobody else used the cores; None: there are none."""
    quiet = [seconds for seconds, calm in samples if calm]
    return statistics.median(quiet) if quiet else None


def quant_advice(turns: Mapping[str, float], own: str) -> str:
    """Say which quantisation is fastest here. `turns`: cost of a turn by name, of equal matrices; `own`: the file's."""
    if not turns:
        return ""
    best = min(turns, key=lambda name: turns[name])
    others = ", ".join(f"{name} takes {turns[name] / turns[best]:.2f} times as long" for name in turns if name != best)
    text = f"For matrices of this width {best} is the fastest here" + (f"; {others}." if others else ".")
    if own in turns and turns[own] > turns[best] * (2 - CLEARLY_FASTER):
        text += f" A {best} file of this model would answer faster than {own}."
    return text
