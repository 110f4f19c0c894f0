"""What the engine thread knows of attention states: the context, who holds which cells, what is saved and comes back.

Every sequence that a request used is owed to the prefix store until it was saved: piece by piece after the turn, or
at once when its cells are needed.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from appliance.engine.cache.residents import Resident, SequenceCache, common_prefix
from appliance.engine.cache.rewind import Memory
from appliance.engine.cache.store import MIN_TOKENS, Found, PrefixStore
from appliance.engine.cache.transfer import Transfer
from appliance.engine.native.context import Context
from appliance.engine.native.library import NativeError
from appliance.engine.native.state import SequenceStates
from appliance.engine.remote.owners import Owners
from appliance.engine.scheduling.cells import CountedCells

LEAST_CELLS = 512  # a smaller cache holds no conversation
_RESTORE_GAIN_TOKENS = 16  # a restore that saves less is not worth its copy
_PIECE_S = 0.015  # aim of one saved piece between two steps; answers that are being written wait for it
_PINNED_SHARE = 4  # at most one sequence in four is pinned
_FIRST_PIECE_TOKENS = 128
_LEAST_PIECE_TOKENS = 64
_IDLE_CELLS = 64  # fewer change little: llama.cpp rounds what it reads up to 256


class Ticks(Protocol):
    """What is needed of time."""

    def monotonic(self) -> float: ...


class Keeper:
    """Owns the context. `make` returns one of so many cells with `sequences` sequences and one more for restores."""

    def __init__(
        self,
        make: Callable[[int], Context],
        *,
        cells: int,
        sequences: int,
        can_rewind: bool,
        store: PrefixStore | None,
        ticks: Ticks,
    ) -> None:
        self._make = make
        self._sequences = sequences
        self._can_rewind = can_rewind
        self._store = store
        self.owners = Owners(store)
        self._ticks = ticks
        self._owed: dict[int, Resident] = {}
        self._chores: collections.deque[Resident] = collections.deque()
        self._piece = _FIRST_PIECE_TOKENS
        self._pinned: list[Resident] = []
        self._open(cells)

    def _open(self, cells: int) -> None:
        self.context = self._make(cells)
        self._cells = CountedCells(self.context, self._losing)
        self._pinned.clear()
        self._kv = SequenceCache(self._cells, self._sequences, can_rewind=self._can_rewind)
        self.states = SequenceStates(self.context)
        self._transfers: dict[str, Transfer] = {}

    def _transfer(self, owner: str) -> Transfer | None:
        """Return what saves and restores for an owner, None where nothing is stored."""
        store = self.owners.store(owner)
        known = self._transfers.get(owner)
        if store is not None and (known is None or known.store is not store):
            known = self._transfers[owner] = Transfer(store, self.states, self._sequences)
        return known

    def close(self) -> None:
        """Save what is owed, free the context and let the store write what it can."""
        self.save_all()
        self.context.close()
        if self._store is not None:
            self._store.close()

    # ---- numbers

    @property
    def cells(self) -> int:
        return self.context.cells

    @property
    def free(self) -> int:
        """Cells that hold nothing at all."""
        return self.context.cells - self._cells.used

    @property
    def resident(self) -> int:
        """How many sequences hold something."""
        return self._kv.resident

    @property
    def store(self) -> PrefixStore | None:
        return self._store

    def held(self, residents: Iterable[Resident]) -> int:
        """Return how many cells these have together, shared ones counted once."""
        return self._cells.held(resident.sequence for resident in residents)

    def known(self, tokens: Sequence[int], owner: str) -> int:
        """Return how many tokens need not be read again, in a sequence or stored; nothing is changed."""
        store = self.owners.store(owner)
        found = None if store is None else store.longest(tokens)
        return max(self._kv.known(tokens, owner), 0 if found is None else found.length)

    # ---- a request comes and goes

    def take(
        self, tokens: Sequence[int], session_key: str, *, keep: bool, owner: str = ""
    ) -> tuple[Resident, str] | None:
        """Return a sequence with as much of `tokens` as is known, and from where; None when all are busy.

        From where: resident, ram, disk, peer or "" (nothing was known). The last token is always left to be decoded.
        """
        resident = self._kv.acquire(tokens, session_key, owner)
        if resident is None:
            return None
        self._narrow()
        source = self._restored(resident, tokens) or ("resident" if resident.tokens else "")
        if keep:
            self._owed[resident.sequence] = resident
        return resident, source

    def _narrow(self) -> None:
        """Empty idle sequences that are in memory too.

        A step computes attention over every cell up to the last one that holds something, whoever it belongs to:
        1,000 idle cells cost eight answers of a 0.5B model a tenth of their speed; to bring them back takes 2 ms.
        """
        idle = [(resident, self._cells.alone(resident.sequence)) for resident in self._kv.idle()]
        if sum(count for _, count in idle) < _IDLE_CELLS:
            return
        for resident, count in idle:
            if count and self._in_memory(resident):
                self._kv.forget(resident)

    def _in_memory(self, resident: Resident) -> bool:
        """Return whether all of a sequence would come back without a file."""
        store = self.owners.store(resident.owner)
        if store is None or store.rules.memory is not Memory.FULL:
            return False
        found = store.longest((*resident.tokens, 0))  # the last token is never looked for
        return found is not None and found.tier != "disk" and found.length > len(resident.tokens) - MIN_TOKENS

    def _restored(self, resident: Resident, tokens: Sequence[int]) -> str:
        """Bring back what the store knows beyond what is resident; return its tier, "" when that is nothing."""
        transfer = self._transfer(resident.owner)
        if transfer is None:
            return ""
        found = transfer.store.longest(tokens)
        have = len(resident.tokens)
        if found is None or found.length < have + _RESTORE_GAIN_TOKENS:
            return ""
        if have and not transfer.joins:
            self._owed.pop(resident.sequence, None)
            self._empty(resident)
            have = 0
        while self.free < _room(found, have) and self.evict():
            pass
        restored = transfer.restore(resident.sequence, found, have=have)
        if restored.length <= have:
            return ""
        self._cells.grow(resident.sequence, restored.length - have)
        resident.tokens[have:] = tokens[have : restored.length]
        resident.floor = restored.floor
        return restored.tier

    def _empty(self, resident: Resident) -> None:
        self._cells.drop(resident.sequence)
        resident.tokens.clear()
        resident.floor = 0

    def count(self, source: str) -> None:
        """Count where the beginning of a new request came from."""
        if self._store is not None:
            self._store.count(source)

    def fed(self, resident: Resident, count: int) -> None:
        """Hear that a decode put `count` more tokens into a sequence; `resident.tokens` follows by the caller."""
        self._cells.grow(resident.sequence, count)

    def trim(self, resident: Resident) -> None:
        """Make a sequence hold exactly `resident.tokens` again."""
        self._kv.rewind(resident)

    def release(self, resident: Resident) -> None:
        """Give a sequence back; what it holds stays, and is saved soon if it is owed."""
        self._kv.release(resident)
        if resident.sequence in self._owed:
            self._chores.append(resident)

    def forget(self, resident: Resident) -> None:
        """Empty a sequence that is in use, after saving what is owed, and give it back."""
        self._kv.forget(resident)
        self._kv.release(resident)

    def shorten(self, resident: Resident, length: int) -> None:
        """Forget what is behind the first `length` tokens; where that is impossible, do not save any of it."""
        if length >= len(resident.tokens):
            return
        if self._cells.cut(resident.sequence, length):
            del resident.tokens[length:]
        else:
            self._owed.pop(resident.sequence, None)

    def pin(self, resident: Resident) -> None:
        """Keep a sequence longer than others: a beginning that many share was read ahead. The oldest pin goes first."""
        pinned = [other for other in self._pinned if other.pinned]
        known = any(common_prefix(other.tokens, resident.tokens) + 1 >= len(resident.tokens) for other in pinned)
        if not known:
            resident.pinned = True
            pinned.append(resident)
        for other in pinned[: -max(1, self._sequences // _PINNED_SHARE)]:
            other.pinned = False
        self._pinned = [other for other in pinned if other.pinned]

    def evict(self) -> bool:
        """Empty the idle sequence that was not used for longest. False: there is none."""
        return self._kv.evict()

    def reset(self) -> None:
        """Empty everything unsaved: after an error nothing in the cache can be trusted."""
        self._owed.clear()
        self._chores.clear()
        self._kv.reset()

    def shared(self, tokens: Sequence[int], residents: Iterable[Resident]) -> int:
        """Return how many cells of these sequences a prompt would begin with."""
        return max((common_prefix(resident.tokens, tokens[:-1]) for resident in residents), default=0)

    # ---- saving

    @property
    def has_chores(self) -> bool:
        return bool(self._chores)

    def do_chore(self) -> None:
        """Save one piece of one sequence, about as much as takes 15 ms."""
        resident = self._chores[0]
        start = self._ticks.monotonic()
        if not self._save_piece(resident):
            self._chores.popleft()
            if self._kv.serving:
                self._narrow()
            return
        took = self._ticks.monotonic() - start
        if took > 2 * _PIECE_S:
            self._piece = max(_LEAST_PIECE_TOKENS, self._piece // 2)
        elif took < _PIECE_S / 2:
            self._piece *= 2

    def _save_piece(self, resident: Resident) -> bool:
        """Return whether there is more to save."""
        store = self.owners.store(resident.owner)
        if store is None or resident.sequence not in self._owed:
            return False
        tokens: Sequence[int] = resident.tokens
        lacking = store.missing(tokens) if tokens else None
        if lacking is None:
            self._owed.pop(resident.sequence)
            return False
        end = lacking[0] + self._piece
        if store.rules.memory is Memory.FULL and end + _LEAST_PIECE_TOKENS <= len(tokens):
            tokens = tokens[:end]
        if not self._save(resident, tokens):
            self._owed.pop(resident.sequence)
            return False
        return True

    def checkpoint(self, resident: Resident) -> None:
        """Save the state at the end of a prompt where it cannot be cut out of a longer one after the answer."""
        store = self.owners.store(resident.owner)
        if store is not None and store.rules.memory is not Memory.FULL and resident.sequence in self._owed:
            self._save(resident, resident.tokens)

    def _losing(self, sequence: int) -> None:
        """Save what is owed of a sequence before it is emptied."""
        resident = self._owed.pop(sequence, None)
        if resident is not None and resident.tokens:
            self._save(resident, resident.tokens)

    def _save(self, resident: Resident, tokens: Sequence[int]) -> bool:
        transfer = self._transfer(resident.owner)
        if transfer is None:
            return False
        try:
            return transfer.save(resident.sequence, tokens, pinned=resident.pinned)
        except (NativeError, MemoryError):  # then it is computed again one day; the answer goes on
            return False

    def save_all(self) -> None:
        """Save everything that is owed, however long it takes."""
        for sequence in list(self._owed):
            self._losing(sequence)
        self._chores.clear()

    # ---- another size

    def resize(self, cells: int) -> None:
        """Make a context of `cells` cells instead; every sequence is empty then. No sequence may be in use.

        Where that cannot be made it is the size before, or half of that, and so on: memory that was given back may be
        gone. Raises NativeError below LEAST_CELLS.
        """
        sizes = [cells, self.context.cells]
        while sizes[-1] // 2 >= LEAST_CELLS:
            sizes.append(sizes[-1] // 2)
        self.save_all()
        self.context.close()
        for size in sizes[:-1]:
            with contextlib.suppress(NativeError):
                self._open(size)
                return
        self._open(sizes[-1])


def _room(found: Found, have: int) -> int:
    """Return the cells that a restore behind `have` tokens needs at its widest moment."""
    widest = max((piece.stored.end - piece.stored.start for piece in found.pieces if piece.end > have), default=0)
    return found.length - have + widest
