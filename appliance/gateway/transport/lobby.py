"""The bounded waiting room of connections that nobody vouches for yet.

Every accepted socket enters; it leaves when it authenticated or closed. When the room is full the one that waited
longest is put out, so that ten thousand silent sockets cost as much memory as `limit` of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

MAX_WAITING: Final = 512
"""A real handshake takes milliseconds: even a flood of 10,000 connects a second leaves a client 50 ms."""


MAX_HEAVY: Final = 96
"""Guests that speak TLS cost 50 kB each and not one, so fewer of them may wait."""


class Guest(Protocol):
    """A connection as the waiting room sees it."""

    def expel(self, *, late: bool) -> None:
        """Close now: `late` when its time ran out, otherwise to make room."""

    def gone(self) -> bool:
        """True when the socket closed without telling."""


class Lobby:
    """Connections in the order in which they came."""

    def __init__(
        self, *, limit: int = MAX_WAITING, heavy_limit: int = MAX_HEAVY, monotonic: Callable[[], float]
    ) -> None:
        self._limit = limit
        self._heavy_limit = heavy_limit
        self._monotonic = monotonic
        self._guests: OrderedDict[Guest, float] = OrderedDict()
        self._heavy: OrderedDict[Guest, None] = OrderedDict()  # those of them that cost more

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest, patience_s: float, *, heavy: bool = False) -> None:
        """Let `guest` wait at most `patience_s` seconds; a full room puts out the one that waited longest."""
        self._guests[guest] = self._monotonic() + patience_s
        if heavy:
            self._heavy[guest] = None
        if len(self._heavy) > self._heavy_limit:
            self._put_out(next(iter(self._heavy)))
        elif len(self._guests) > self._limit:
            self._put_out(next(iter(self._guests)))

    def _put_out(self, guest: Guest) -> None:
        self.leave(guest)
        guest.expel(late=False)

    def swap(self, old: Guest, new: Guest) -> None:
        """Give `new` the deadline of `old`: an upgrade does not start the clock again."""
        deadline = self._guests.pop(old, None)
        if deadline is not None:
            self._guests[new] = deadline
            if old in self._heavy:
                del self._heavy[old]
                self._heavy[new] = None

    def leave(self, guest: Guest) -> None:
        self._guests.pop(guest, None)
        self._heavy.pop(guest, None)

    def sweep(self) -> None:
        """Put out everyone whose time ran out and forget those who left silently. Call it about once a second."""
        now = self._monotonic()
        for guest, deadline in list(self._guests.items()):
            if guest.gone():
                self.leave(guest)
            elif deadline <= now:
                self.leave(guest)
                guest.expel(late=True)

    def clear(self) -> None:
        """Put everyone out."""
        guests, self._guests = list(self._guests), OrderedDict()
        self._heavy.clear()
        for guest in guests:
            guest.expel(late=False)
