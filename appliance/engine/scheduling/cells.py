"""Counts the cells of the cache: those that several sequences share are there once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from appliance.engine.cache.residents import Cells


@dataclass(slots=True, eq=False)
class _Block:
    """Neighbouring cells that belong to the same `owners` sequences."""

    length: int
    owners: int


class CountedCells:
    """A cache that knows how many of its cells are in use. `losing` hears of a sequence before it is emptied.

    Whoever decodes or restores says so by `grow`; all else goes through here.
    """

    def __init__(self, cells: Cells, losing: Callable[[int], None] | None = None) -> None:
        self._cells = cells
        self._losing = losing
        self._blocks: dict[int, list[_Block]] = {}
        self.used = 0

    def grow(self, sequence: int, count: int) -> None:
        """Count new cells at the end of a sequence."""
        blocks = self._blocks.setdefault(sequence, [])
        if blocks and blocks[-1].owners == 1:
            blocks[-1].length += count
        elif count:
            blocks.append(_Block(count, 1))
        self.used += count

    def held(self, sequences: Iterable[int]) -> int:
        """Return how many cells these sequences have together."""
        blocks = {id(block): block for sequence in sequences for block in self._blocks.get(sequence, ())}
        return sum(block.length for block in blocks.values())

    def alone(self, sequence: int) -> int:
        """Return how many cells no other sequence has."""
        return sum(block.length for block in self._blocks.get(sequence, ()) if block.owners == 1)

    def cut(self, sequence: int, start: int) -> bool:
        """Take everything from position `start` on out of a sequence. False: it cannot be cut, only dropped."""
        if not self._cells.cut(sequence, start):
            return False
        kept = self._upto(sequence, start)
        for block in self._blocks.get(sequence, [])[kept:]:
            self._release(block)
        del self._blocks.setdefault(sequence, [])[kept:]
        return True

    def drop(self, sequence: int) -> None:
        """Empty a sequence."""
        if self._losing is not None:
            self._losing(sequence)
        self._cells.drop(sequence)
        for block in self._blocks.pop(sequence, ()):
            self._release(block)

    def share(self, source: int, target: int, end: int) -> None:
        """Let `target`, which is empty, begin with the positions [0, end) of `source`."""
        self._cells.share(source, target, end)
        blocks = self._blocks.get(source, [])[: self._upto(source, end)]
        for block in blocks:
            block.owners += 1
        self._blocks[target] = list(blocks)

    def clear(self) -> None:
        """Empty every sequence."""
        self._cells.clear()
        self._blocks.clear()
        self.used = 0

    def _release(self, block: _Block) -> None:
        block.owners -= 1
        if not block.owners:
            self.used -= block.length

    def _upto(self, sequence: int, end: int) -> int:
        """Return how many blocks hold the first `end` cells; the one across that border is split for all owners."""
        position = 0
        for index, block in enumerate(self._blocks.get(sequence, [])):
            if position >= end:
                return index
            if position + block.length > end:
                self._split(block, end - position)
                return index + 1
            position += block.length
        return len(self._blocks.get(sequence, []))

    def _split(self, block: _Block, length: int) -> None:
        rest = _Block(block.length - length, block.owners)
        block.length = length
        for blocks in self._blocks.values():
            for index, other in enumerate(blocks):
                if other is block:
                    blocks.insert(index + 1, rest)
                    break
