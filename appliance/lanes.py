"""First come, first served, with a cap per lane and one for all. It knows nothing of agents.

Lanes share the global cap, so a busy lane can use what others leave, but never more than its own cap. A ticket
is asked for without waiting (`enter`); its `started` future resolves in order of arrival when a place is free.
Who brings work asks `check_room` before it accepts any: what is accepted is never turned away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.foundation.errors import OverloadedError


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """A picture of one lane for diagnostics."""

    lane: str
    queued: int
    active: int
    cap: int


class Ticket:
    """A place in a lane: wait for `started`, call `leave` exactly once (also when it never started)."""

    __slots__ = ("_lanes", "_left", "lane", "started")

    def __init__(self, lanes: Lanes, lane: str, started: asyncio.Future[None]) -> None:
        self._lanes = lanes
        self.lane = lane
        self.started = started
        self._left = False

    def leave(self) -> None:
        """Give the place back, or stop waiting for it."""
        if not self._left:
            self._left = True
            self._lanes._leave(self)


class Lanes:
    """A fixed set of lanes with concurrency caps."""

    def __init__(self, caps: Mapping[str, int], *, global_cap: int, max_waiting: int) -> None:
        self._caps = dict(caps)
        self._global_cap = global_cap
        self._max_waiting = max_waiting
        self._active = dict.fromkeys(caps, 0)
        self._total = 0
        self._waiting: dict[str, deque[Ticket]] = {lane: deque() for lane in caps}
        self._arrivals: deque[Ticket] = deque()

    def check_room(self, coming: int = 0) -> None:
        """Raise OverloadedError when too many wait, those `coming` counted in, to take one more."""
        if (waiting := len(self._arrivals) + coming) >= self._max_waiting:
            raise OverloadedError(f"The box is busy: {waiting} requests wait already. Try again in a moment.")

    def enter(self, lane: str) -> Ticket:
        """Take a place in `lane`."""
        ticket = Ticket(self, lane, asyncio.get_running_loop().create_future())
        self._arrivals.append(ticket)
        self._waiting[lane].append(ticket)
        self._admit()
        return ticket

    def facts(self) -> tuple[LaneFacts, ...]:
        """Return what each lane holds now."""
        return tuple(
            LaneFacts(lane, len(self._waiting[lane]), self._active[lane], cap) for lane, cap in self._caps.items()
        )

    def _admit(self) -> None:
        # Arrival order over all lanes; a lane at its cap is stepped over so that it cannot hold up the others.
        while self._total < self._global_cap and (ticket := self._first_admissible()) is not None:
            self._arrivals.remove(ticket)
            self._waiting[ticket.lane].remove(ticket)
            self._active[ticket.lane] += 1
            self._total += 1
            ticket.started.set_result(None)

    def _first_admissible(self) -> Ticket | None:
        free = {lane for lane, cap in self._caps.items() if self._waiting[lane] and self._active[lane] < cap}
        return next((ticket for ticket in self._arrivals if ticket.lane in free), None) if free else None

    def _leave(self, ticket: Ticket) -> None:
        if ticket.started.done() and not ticket.started.cancelled():
            self._active[ticket.lane] -= 1
            self._total -= 1
        else:
            self._arrivals.remove(ticket)
            self._waiting[ticket.lane].remove(ticket)
            ticket.started.cancel()
        self._admit()
