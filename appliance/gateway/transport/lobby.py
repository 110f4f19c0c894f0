"""The bounded waiting room of connections that nobody vouches for yet.

Every accepted socket enters; it leaves when it authenticated or closed. When the room is full the one that waited
longest is put out, so that ten thousand silent sockets cost as much memory as `limit` of them. Each source has a share
of the room: whoever fills its own puts out its own, and the others keep their place.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

MAX_WAITING: Final = 512
"""A real handshake takes milliseconds: even a flood of 10,000 connects a second leaves a client 50 ms."""


MAX_HEAVY: Final = 96
"""Guests that speak TLS cost 50 kB each and not one, so fewer of them may wait."""


MAX_PER_SOURCE: Final = 64
"""Many for one household behind one address; a browser opens six, and each needs its place for milliseconds."""

MAX_NEAR: Final = 256
"""Programs of this machine, and whoever comes through a proxy on it: half of the room."""

_IPV6_NETWORK: Final = 64
"""A machine chooses freely among the addresses of its network, so the network counts."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a connection comes from, as far as shares go."""

    name: str
    near: bool = False


HERE: Final = Source("loopback", near=True)
CONTROL: Final = Source("control", near=True)
"""The control sockets have a share of their own: no program that floods the port keeps the owner out."""


def source_of(peername: object) -> Source:
    """Return the source of a socket by its peer name, (host, port, …) for TCP; everything else is a control socket."""
    if not isinstance(peername, tuple) or not peername:
        return CONTROL
    try:
        ip = ipaddress.ip_address(str(peername[0]).split("%", 1)[0])
    except ValueError:
        return CONTROL
    if ip.is_loopback:
        return HERE
    if ip.version == 6:
        return Source(str(ipaddress.ip_network((ip, _IPV6_NETWORK), strict=False)))
    return Source(str(ip))


class Guest(Protocol):
    """A connection as the waiting room sees it."""

    def expel(self, *, late: bool) -> None:
        """Close now: `late` when its time ran out, otherwise to make room."""

    def gone(self) -> bool:
        """True when the socket closed without telling."""


class Lobby:
    """Connections in the order in which they came."""

    def __init__(
        self,
        *,
        limit: int = MAX_WAITING,
        heavy_limit: int = MAX_HEAVY,
        per_source: int = MAX_PER_SOURCE,
        near: int = MAX_NEAR,
        monotonic: Callable[[], float],
    ) -> None:
        self._per_source = per_source
        self._near = near
        self._sources: dict[Guest, Source] = {}
        self._shares: dict[Source, OrderedDict[Guest, None]] = {}
        self._limit = limit
        self._heavy_limit = heavy_limit
        self._monotonic = monotonic
        self._guests: OrderedDict[Guest, float] = OrderedDict()
        self._heavy: OrderedDict[Guest, None] = OrderedDict()  # those of them that cost more

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest, patience_s: float, *, source: Source = HERE, heavy: bool = False) -> None:
        """Let `guest` wait at most `patience_s` seconds.

        A full share puts out the one of this source that waited longest, a full room the one of all.
        """
        self._guests[guest] = self._monotonic() + patience_s
        self._count(guest, source)
        if heavy:
            self._heavy[guest] = None
        share = self._shares[source]
        if len(share) > (self._near if source.near else self._per_source):
            self._put_out(next(iter(share)))
        elif len(self._heavy) > self._heavy_limit:
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
            source = self._uncount(old)
            if source is not None:
                self._count(new, source)
            if old in self._heavy:
                del self._heavy[old]
                self._heavy[new] = None

    def leave(self, guest: Guest) -> None:
        self._guests.pop(guest, None)
        self._heavy.pop(guest, None)
        self._uncount(guest)

    def _count(self, guest: Guest, source: Source) -> None:
        self._uncount(guest)
        self._sources[guest] = source
        self._shares.setdefault(source, OrderedDict())[guest] = None

    def _uncount(self, guest: Guest) -> Source | None:
        source = self._sources.pop(guest, None)
        if source is not None:
            share = self._shares[source]
            del share[guest]
            if not share:
                del self._shares[source]
        return source

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
        self._sources.clear()
        self._shares.clear()
        for guest in guests:
            guest.expel(late=False)
