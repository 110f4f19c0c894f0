"""Which sequence of the cache holds which tokens: finds the longest common prefix, shares it, forgets the oldest.

Bookkeeping only, over a small seam (`Cells`) that the native context satisfies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from appliance.engine.cache.rewind import Memory, shortest


class Cells(Protocol):
    """The cache itself."""

    def cut(self, sequence: int, start: int) -> bool: ...

    def drop(self, sequence: int) -> None: ...

    def share(self, source: int, target: int, end: int) -> None: ...

    def clear(self) -> None: ...


@dataclass(slots=True)
class Resident:
    """A sequence of the cache: `tokens` are those whose states are in it, for the session that used it last.

    It cannot be cut below `floor` tokens (a restored sliding window, see rewind.py). A `pinned` one is shared and
    never taken over, and is evicted after all others. Only its `owner` ("" is this box) finds what is in it.
    """

    sequence: int
    tokens: list[int] = field(default_factory=list)
    session_key: str = ""
    busy: bool = False
    last_used: int = 0
    floor: int = 0
    pinned: bool = False
    owner: str = ""


class SequenceCache:
    """The sequences 0..count-1. `can_rewind` False (recurrent models): a prefix is reused only as a whole."""

    def __init__(self, cells: Cells, count: int, *, can_rewind: bool) -> None:
        self._cells = cells
        self._memory = Memory.SLIDING if can_rewind else Memory.WHOLE  # `floor` tells a full one from a sliding one
        self._residents = [Resident(sequence) for sequence in range(count)]
        self._tick = 0

    @property
    def resident(self) -> int:
        """Return how many sequences hold something."""
        return sum(1 for entry in self._residents if entry.tokens)

    @property
    def serving(self) -> bool:
        """Whether any sequence is in use."""
        return any(entry.busy for entry in self._residents)

    def idle(self) -> list[Resident]:
        """Return the sequences that hold something and are not in use."""
        return [entry for entry in self._residents if entry.tokens and not entry.busy]

    def known(self, prompt: Sequence[int], owner: str = "") -> int:
        """Return how many tokens of `prompt` a sequence begins with; nothing is changed."""
        return max((self._reusable(entry, prompt, owner) for entry in self._residents), default=0)

    def acquire(self, prompt: Sequence[int], session_key: str, owner: str = "") -> Resident | None:
        """Return a sequence that begins with as much of `prompt` as the cache knows, None if all are busy.

        At least the last token is left out: it must be decoded to have logits. Of equal prefixes the one of the
        same session is taken over; another session's prefix is shared, so that it keeps its own. What another owner
        said is as good as unknown: who asks must not learn from speed or counts what others talk about.
        """
        self._tick += 1
        best = max(self._residents, key=lambda entry: self._rank(entry, prompt, session_key, owner))
        reuse = self._reusable(best, prompt, owner)
        same = bool(session_key) and (best.session_key, best.owner) == (session_key, owner)
        mine = same or reuse == len(best.tokens)
        if mine and not best.busy and not best.pinned:
            target = best
        else:
            free = self._free(other_than=best if reuse else None)
            if free is None:
                return None
            target = self._begin(free, best, prompt, reuse)
        self._shorten(target, self._reusable(target, prompt, owner))
        target.busy, target.session_key, target.last_used, target.owner = True, session_key, self._tick, owner
        return target

    def _rank(self, entry: Resident, prompt: Sequence[int], session_key: str, owner: str) -> tuple[int, bool, bool]:
        same = bool(session_key) and (entry.session_key, entry.owner) == (session_key, owner)
        return self._reusable(entry, prompt, owner), same, not entry.busy

    def _reusable(self, entry: Resident, prompt: Sequence[int], owner: str) -> int:
        if entry.tokens and entry.owner != owner:
            return 0
        common = common_prefix(entry.tokens, prompt[:-1])
        return common if common >= shortest(self._memory, entry.floor, len(entry.tokens)) else 0

    def _free(self, other_than: Resident | None) -> Resident | None:
        idle = [entry for entry in self._residents if not entry.busy and entry is not other_than]
        if not idle:  # the owner of the prefix itself is better than nothing
            return None if other_than is None or other_than.busy else other_than
        return min(idle, key=lambda entry: (bool(entry.tokens), entry.pinned, entry.last_used))

    def _begin(self, target: Resident, source: Resident, prompt: Sequence[int], reuse: int) -> Resident:
        if target is source:
            return target
        self.forget(target)
        if reuse:  # of a recurrent state only ever the whole: llama.cpp copies it when one of the two goes on
            self._cells.share(source.sequence, target.sequence, reuse)
            target.tokens = list(prompt[:reuse])
            target.floor, target.owner = source.floor, source.owner
        return target

    def _shorten(self, target: Resident, length: int) -> None:
        if length == len(target.tokens):
            return
        if length and self._cells.cut(target.sequence, length):
            del target.tokens[length:]
        else:
            self.forget(target)

    def release(self, entry: Resident) -> None:
        """Give a sequence back; what it holds stays for the next turn."""
        entry.busy = False
        if not entry.tokens:
            self.forget(entry)

    def rewind(self, entry: Resident) -> None:
        """Make the cache hold exactly `entry.tokens` again after a decode that broke off."""
        if entry.tokens and not self._cells.cut(entry.sequence, len(entry.tokens)):
            entry.tokens.clear()
        if not entry.tokens:
            self._cells.drop(entry.sequence)

    def forget(self, entry: Resident) -> None:
        """Empty a sequence."""
        self._cells.drop(entry.sequence)
        _clear(entry)

    def evict(self) -> bool:
        """Empty the idle sequence that was not used for longest. False: there is none."""
        idle = self.idle()
        if not idle:
            return False
        self.forget(min(idle, key=lambda entry: (entry.pinned, entry.last_used)))
        return True

    def reset(self) -> None:
        """Empty everything, busy or not: after an error nothing in the cache can be trusted.

        Who is busy goes on in its sequence: that remains its own.
        """
        self._cells.clear()
        for entry in self._residents:
            if entry.busy:
                entry.tokens.clear()
                entry.floor = 0
            else:
                _clear(entry)


def _clear(entry: Resident) -> None:
    entry.tokens.clear()
    entry.session_key, entry.floor, entry.pinned, entry.owner = "", 0, False, ""


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return the length of the longest common prefix of two lists or two tuples.

    By halves: comparing slices is many times faster than comparing one token after another.
    """
    same, end = 0, min(len(left), len(right))
    if left[:end] == right[:end]:
        return end
    while end - same > 1:
        middle = (same + end) // 2
        if left[same:middle] == right[same:middle]:
            same = middle
        else:
            end = middle
    return same
