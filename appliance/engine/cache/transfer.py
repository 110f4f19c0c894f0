"""Between a running context and the store: what is saved of a sequence, and how it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from appliance.engine.cache.cover import Piece
from appliance.engine.cache.envelope import Blob
from appliance.engine.cache.rewind import Memory
from appliance.engine.cache.store import Found, PrefixStore


class States(Protocol):
    """The native side: states of sequences as bytes, and ranges that are shared without copying."""

    def size(self, sequence: int) -> int: ...

    def export(self, sequence: int) -> Blob: ...

    def insert(self, sequence: int, blob: Blob, start: int, end: int, *, exact: bool) -> bool: ...

    def share_range(self, source: int, target: int, start: int, end: int) -> None: ...

    def drop(self, sequence: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Restored:
    """`length` tokens came back out of `tier` (ram or disk); the sequence cannot be cut below `floor` of them."""

    length: int = 0
    tier: str = ""
    floor: int = 0


class Transfer:
    """Saves and restores through one scratch sequence that nobody else uses."""

    def __init__(self, store: PrefixStore, states: States, scratch: int) -> None:
        self.store = store
        self._states = states
        self._scratch = scratch
        self._refused = ""

    @property
    def joins(self) -> bool:
        """Whether something can be restored behind tokens that are in a sequence already."""
        return self.store.rules.memory is Memory.FULL

    def save(self, sequence: int, tokens: Sequence[int], *, pinned: bool = False) -> bool:
        """Save what the store lacks of `tokens`, which are exactly those in `sequence`. False: nothing was saved."""
        lacking = self.store.missing(tokens)
        if lacking is None:
            return False
        if self.store.rules.memory is Memory.WHOLE:
            return self._put(sequence, tokens, 0, pinned)
        self._states.drop(self._scratch)
        self._states.share_range(sequence, self._scratch, *lacking)
        try:
            return self._put(self._scratch, tokens, lacking[0], pinned)
        finally:
            self._states.drop(self._scratch)

    def _put(self, sequence: int, tokens: Sequence[int], start: int, pinned: bool) -> bool:
        if not self.store.takes(self._states.size(sequence)):
            return False
        return self.store.put(tokens, start, self._states.export(sequence), pinned=pinned)

    def restore(self, sequence: int, found: Found, *, have: int = 0) -> Restored:
        """Bring `found` into a sequence that holds the first `have` tokens (0: empty; above 0 only if `joins`).

        Fewer tokens than found come back when a file was damaged or the cells did not suffice; nothing else is in
        the sequence then. Each piece needs cells for all that was saved with it while it is brought in.
        """
        memory = self.store.rules.memory
        length = have
        for piece, blob in self.store.load(found, after=have):
            if not self._insert(sequence, piece, blob, have):
                break
            length = piece.end
        if length != found.length and memory is not Memory.FULL:
            self._states.drop(sequence)
            length = 0
        if length <= have:
            return Restored(length)
        return Restored(length, found.tier, 0 if memory is Memory.FULL else length)

    def _insert(self, sequence: int, piece: Piece, blob: Blob, have: int) -> bool:
        stored, memory = piece.stored, self.store.rules.memory
        if memory is Memory.WHOLE:
            taken = self._states.insert(sequence, blob, stored.start, stored.end, exact=False)
        else:
            self._states.drop(self._scratch)
            taken = self._states.insert(self._scratch, blob, stored.start, stored.end, exact=memory is Memory.FULL)
            if taken:
                self._states.share_range(self._scratch, sequence, max(piece.start, have), piece.end)
            self._states.drop(self._scratch)
        self._judge(piece, taken)
        return taken

    def _judge(self, piece: Piece, taken: bool) -> None:
        """Forget a piece that was refused twice in a row: once may be a lack of cells."""
        name = piece.stored.name
        if not taken and name == self._refused:
            self.store.reject(piece)
        self._refused = "" if taken else name
