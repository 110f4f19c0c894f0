"""What waits and what runs in one session: the single writer of its turns.

A queue lives from the first inbound until nothing is left to do. All of it runs in the event loop's thread;
between a check and its act there is no await.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from appliance.dispatch.control import Batch, RunControl
from appliance.dispatch.queue_modes import (
    Arrival,
    DropPolicy,
    QueueSettings,
    arrive,
    batch_size,
    overflow,
    quiet_in_ms,
)
from appliance.foundation.clock import Clock
from appliance.sessions.model import Inbound


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued inbound with the settings that held when it arrived."""

    inbound: Inbound
    settings: QueueSettings
    at_once: bool = False


class SessionQueue:
    """The queue of one session.

    `execute` runs a batch (its last inbound gives the run its name); it raises only when it is cancelled.
    """

    def __init__(self, *, clock: Clock, execute: Callable[[Batch, RunControl], Awaitable[None]]) -> None:
        self._clock = clock
        self._execute = execute
        self._waiting: list[Waiting] = []
        self._last_arrival_ms = 0
        self._closed = False
        self.active: RunControl | None = None

    @property
    def busy(self) -> bool:
        return self.active is not None

    @property
    def waiting(self) -> tuple[Inbound, ...]:
        """What is queued and does not run yet, oldest first."""
        steering = self.active.steering if self.active else []
        return (*steering, *(one.inbound for one in self._waiting))

    def decide(self, settings: QueueSettings, coming: int = 0) -> Arrival:
        """Return what would happen to a message that arrives after `coming` others that are being accepted."""
        return arrive(settings, busy=self.busy, waiting=len(self.waiting) + coming)

    def add(self, inbound: Inbound, settings: QueueSettings) -> list[Inbound]:
        """Take an inbound that is durable already; return those that give way to it at the cap."""
        lost: list[Inbound] = []
        self._last_arrival_ms = self._clock.now_ms()
        arrival = self.decide(settings)
        if arrival is Arrival.STEER and self.active is not None:
            self.active.steering.append(inbound)
        else:
            at_once = arrival in (Arrival.RUN, Arrival.INTERRUPT)
            self._waiting.append(Waiting(inbound, settings, at_once))
            if settings.drop is not DropPolicy.SUMMARIZE:
                for _ in range(overflow(settings, len(self._waiting))):
                    lost.append(self._waiting.pop(0).inbound)
            if arrival is Arrival.INTERRUPT and self.active is not None:
                self.active.abort("interrupted")
        return lost

    def abort(self, reason: str) -> None:
        """End the running turn, if there is one."""
        if self.active is not None:
            self.active.abort(reason)

    def close(self) -> None:
        """Begin nothing more; what waits is left where it is, durable, and so is a turn that waits for its lane."""
        self._closed = True
        if self.active is not None:
            self.active.postpone()

    def cancel(self, run_id: str) -> bool:
        """Take a queued inbound out; False when it does not wait here."""
        before = len(self.waiting)
        self._waiting = [one for one in self._waiting if one.inbound.run_id != run_id]
        if self.active is not None:
            self.active.steering[:] = [one for one in self.active.steering if one.run_id != run_id]
        return len(self.waiting) < before

    async def work(self) -> None:
        """Run what waits, one batch after the other, until nothing is left."""
        while self._waiting and not self._closed:
            await self._quiet()
            batch = None if self._closed else self._take()
            if batch is None:
                continue
            self.active = control = RunControl(batch.inbounds[-1])
            try:
                await self._execute(batch, control)
            finally:
                self.active = None
                # What came too late for a tool boundary becomes the next turn, before what waits already.
                self._waiting[:0] = [Waiting(one, QueueSettings(), at_once=True) for one in control.steering]

    async def _quiet(self) -> None:
        """Wait until nobody types any more; each arrival meanwhile begins the wait anew."""
        while self._waiting and not self._waiting[0].at_once:
            settings = self._waiting[0].settings
            wait_ms = quiet_in_ms(settings, self._last_arrival_ms, self._clock.now_ms())
            if wait_ms <= 0:
                return
            await self._clock.sleep(wait_ms / 1000)

    def _take(self) -> Batch | None:
        """Take the next turn out of the queue; what is over the cap comes first and is shown in one line each."""
        if not self._waiting:
            return None
        over = overflow(self._waiting[-1].settings, len(self._waiting))
        size = over + batch_size([one.settings.mode for one in self._waiting[over:]])
        inbounds = tuple(one.inbound for one in self._waiting[:size])
        del self._waiting[:size]
        return Batch(inbounds, over)
