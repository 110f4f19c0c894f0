"""Which parts of stored states continue a text: the rules of the three kinds of memory, pure.

Measured with small models of each kind: llama.cpp itself says yes to all of it and is then wrong without a word.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Memory(enum.Enum):
    """How a model remembers.

    FULL: a state per position; any range of positions can be saved, cut and joined.
    SLIDING: some layers keep a window; a saved range holds only the last positions of it for these layers.
    WHOLE: recurrent and hybrid models; a state is that of one exact length and cannot be cut or joined.
    """

    FULL = "full"
    SLIDING = "sliding"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Rules:
    """The memory of one model; `window` is that of its sliding layers in tokens, 0 without."""

    memory: Memory = Memory.FULL
    window: int = 0

    @classmethod
    def of(cls, *, recurrent: bool, window: int) -> Rules:
        """Read what llama.cpp says of a model: recurrent or hybrid, and the width of its sliding window."""
        if recurrent:
            return cls(Memory.WHOLE)
        return cls(Memory.SLIDING, window) if window > 0 else cls(Memory.FULL)


@dataclass(frozen=True, slots=True)
class Part:
    """The positions [start, end) taken out of a state that was saved for [saved_start, saved_end)."""

    start: int
    end: int
    saved_start: int
    saved_end: int


def continues(rules: Rules, parts: Sequence[Part], length: int) -> bool:
    """Return whether `parts`, put one after another, are the state of the first `length` tokens.

    FULL: without a gap. SLIDING: also each of the last `window` positions must come out of the last `window` ones
    of its own saved range, since only those were written for the sliding layers. WHOLE: one part, exactly as saved.
    """
    if rules.memory is Memory.WHOLE:
        return len(parts) == 1 and parts[0] == Part(0, length, 0, length) and length > 0
    position = 0
    for part in parts:
        if not part.saved_start <= part.start == position < part.end <= part.saved_end:
            return False
        position = part.end
    if position != length or length == 0:
        return False
    needed = length - rules.window
    return all(
        part.end <= needed or max(part.start, needed) >= part.saved_end - rules.window
        for part in parts
        if rules.memory is Memory.SLIDING
    )


def shortest(memory: Memory, floor: int, length: int) -> int:
    """Return the least length > 0 to which a sequence of `length` tokens may be cut; `floor`: restored up to there.

    A restored sliding state lacks what is before its window, so it cannot go back behind its end.
    """
    return length if memory is Memory.WHOLE else max(floor, 1)
