"""Which stored ranges, one after another, restore most of a text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.engine.cache.rewind import Memory, Part, Rules, continues

_MAX_TRIES = 64  # ends that are tried for a sliding window before the text is read again instead


@dataclass(frozen=True, slots=True)
class Stored:
    """A state that is kept somewhere: positions [start, end) of its text. `near`: in memory, not in a file."""

    name: str
    start: int
    end: int
    near: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """Take the positions [start, end) out of `stored`."""

    stored: Stored
    start: int
    end: int


Found = Sequence[tuple[int, Stored]]  # with how many tokens of the text each one shares


def longest(rules: Rules, found: Found, limit: int) -> list[Piece]:
    """Return the pieces that restore as many of the first `limit` tokens as the rules allow, in order."""
    if rules.memory is Memory.FULL:
        return _greedy(found, limit, _any)
    if rules.memory is Memory.WHOLE:
        whole = [stored for shared, stored in found if shared >= stored.end <= limit and stored.start == 0]
        best = max(whole, key=lambda stored: (stored.end, stored.near), default=None)
        return [] if best is None else [Piece(best, 0, best.end)]
    ends = {stored.end for shared, stored in found if shared >= stored.end <= limit}
    for end in sorted(ends, reverse=True)[:_MAX_TRIES]:
        for allowed in (_any, _entire):
            pieces = _greedy(found, end, allowed)
            if continues(rules, _parts(pieces), end):
                return pieces
    return []


def missing(rules: Rules, found: Found, length: int) -> tuple[int, int] | None:
    """Return the range of a text of `length` tokens that must be saved so that all of it can be restored."""
    pieces = longest(rules, found, length)
    known = pieces[-1].end if pieces else 0
    if known == length:
        return None
    if rules.memory is Memory.WHOLE:
        return 0, length
    if rules.memory is Memory.SLIDING:
        reached = _greedy(found, length, _any)
        if reached and length - reached[-1].end >= rules.window:
            known = reached[-1].end
    return known, length


def _any(_shared: int, _stored: Stored) -> bool:
    return True


def _entire(shared: int, stored: Stored) -> bool:
    return shared >= stored.end


def _greedy(found: Found, limit: int, allowed: Callable[[int, Stored], bool]) -> list[Piece]:
    """Cover [0, limit) from the left, each time with what reaches furthest."""
    usable = [(min(shared, stored.end, limit), stored) for shared, stored in found if allowed(shared, stored)]
    pieces: list[Piece] = []
    position = 0
    while True:
        ahead = [(end, stored) for end, stored in usable if stored.start <= position < end]
        if not ahead:
            return pieces
        # of equal ones that of which nothing is left over, which is in memory, which is smaller
        end, stored = max(ahead, key=lambda entry: (entry[0], entry[0] == entry[1].end, entry[1].near, entry[1].start))
        pieces.append(Piece(stored, position, end))
        position = end


def _parts(pieces: Sequence[Piece]) -> list[Part]:
    return [Part(piece.start, piece.end, piece.stored.start, piece.stored.end) for piece in pieces]
