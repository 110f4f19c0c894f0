"""Asks what was kept again when a way out is back: in order, one at a time, after the questions of people."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from appliance.dispatch.dispatcher import Submitted
from appliance.dispatch.ending import tell_said
from appliance.dispatch.later.keeper import Keeper
from appliance.dispatch.later.patience import Patience
from appliance.dispatch.later.rows import GoneError, Kept
from appliance.events import Bus
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError, ClosedError, OverloadedError
from appliance.lanes import LaneFacts
from appliance.sessions.model import Acceptance, Inbound, Run

_log = logging.getLogger(__name__)
_LOOK_S = 5.0
_RUN_S = 3600.0  # longer than a run may take


class Door(Protocol):
    """Where inbounds go in (dispatch.dispatcher)."""

    async def submit(
        self, inbound: Inbound, *, accept: Callable[[Inbound], Awaitable[Acceptance]] | None = None
    ) -> Submitted: ...
    async def wait(self, run_id: str, timeout_s: float) -> Run | None: ...
    def active(self, session_key: str) -> tuple[str, ...]: ...
    def waiting(self, session_key: str) -> tuple[Inbound, ...]: ...
    def lanes(self) -> Sequence[LaneFacts]: ...


class Uplink(Protocol):
    """What is known of the way to a model (daemon.models)."""

    async def reaches(self, ref: str, *, routed: bool) -> bool:
        """Tell whether the service of a model takes a connection; `routed`: there is a default route."""
        ...


class Asker:
    """Looks every few seconds while something is kept, and does nothing at all while nothing is."""

    def __init__(
        self,
        keeper: Keeper,
        door: Door,
        uplink: Uplink,
        *,
        bus: Bus,
        clock: Clock,
        has_route: Callable[[], bool | None],
        patience: Patience | None = None,
    ) -> None:
        self._keeper = keeper
        self._door = door
        self._uplink = uplink
        self._bus = bus
        self._clock = clock
        self._has_route = has_route
        self._patience = patience or Patience()
        self._woken = asyncio.Event()
        keeper.changed = self._woken.set

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            if not self._keeper.count:
                self._woken.clear()
                await self._woken.wait()
                self._patience.failed(self._clock.monotonic())  # it could not be reached just now
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - what is kept must outlive any one fault
                _log.error("what is kept cannot be asked: %s", error, exc_info=not isinstance(error, ApplianceError))
                self._patience.failed(self._clock.monotonic())
            await self._clock.sleep(_LOOK_S)

    async def look(self) -> int:
        """Give up what is too old, then ask what can be asked; return how many were."""
        for kept in self._keeper.expired():
            await self._give_up(kept)
        routed = self._has_route() is not False
        if not self._patience.due(self._clock.monotonic(), routed):
            return 0
        asked, tried = 0, dict[str, bool]()
        for kept in self._keeper.kept():
            if not self._quiet(kept.session_key) or not await self._reached(kept, tried, routed):
                continue
            if not await self._ask(kept):
                break
            asked += 1
        if asked:
            self._patience.worked()
        elif tried and not any(tried.values()):
            self._patience.failed(self._clock.monotonic())
        return asked

    def _quiet(self, session_key: str) -> bool:
        """Tell whether nobody waits whose turn comes first."""
        if self._door.active(session_key) or self._door.waiting(session_key):
            return False
        return all(one.queued == 0 for one in self._door.lanes())

    async def _reached(self, kept: Kept, tried: dict[str, bool], routed: bool) -> bool:
        """Tell whether one of the models that were missed can be reached now; each is tried once a look."""
        for ref in kept.refs:
            if ref not in tried:
                tried[ref] = await self._uplink.reaches(ref, routed=routed)
            if tried[ref]:
                return True
        return not kept.refs

    async def _ask(self, kept: Kept) -> bool:
        """Ask one again and wait for its end; False when the others had better wait."""
        inbound = kept.again(self._clock.now_ms())
        try:
            await self._door.submit(inbound, accept=partial(self._keeper.accept, kept))
        except GoneError:
            await self._keeper.drop([kept.run_id])
            return True
        except (OverloadedError, ClosedError):
            return False
        await self._door.wait(inbound.run_id, _RUN_S)
        if any(one.run_id == kept.run_id for one in self._keeper.kept()):
            # It could be reached and yet gave no answer: a way out that is not one.
            self._patience.failed(self._clock.monotonic())
            return False
        return True

    async def _give_up(self, kept: Kept) -> None:
        entry = await self._keeper.give_up(kept)
        if entry is not None:
            run_id = f"later:{kept.run_id}:expired"
            tell_said(self._bus, self._clock, entry, run_id=run_id, agent_id=kept.agent_id, reason="later")
