"""The light of the box follows how it is; root sets it, and only when that changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from appliance.foundation.clock import Clock
from appliance.health import HealthTracker, Severity
from appliance.host.hardware.light import State
from appliance.host.request import HostAbsent, HostError, ask
from appliance.updates.records.files import Records
from appliance.updates.records.model import Action

_log = logging.getLogger(__name__)
_EVERY_S: Final = 5.0

Ask = Callable[[str, Mapping[str, object]], Awaitable[Mapping[str, object]]]


class Light:
    """Tells root what to show. `pairing`: a code is open; `updating`: a version is being installed."""

    def __init__(
        self,
        tracker: HealthTracker,
        clock: Clock,
        *,
        pairing: Callable[[], bool],
        updating: Callable[[], Awaitable[bool]],
        ask_root: Ask = ask,
    ) -> None:
        self._tracker = tracker
        self._clock = clock
        self._pairing = pairing
        self._updating = updating
        self._ask = ask_root
        self._shown: State | None = None

    async def run(self) -> None:
        """Look every few seconds, until it turns out that there is nobody to ask."""
        while await self.once():
            await self._clock.sleep(_EVERY_S)

    async def once(self) -> bool:
        """Show how the box is now; False where there is no light, nor ever will be."""
        state = await self._state()
        if state is self._shown:
            return True
        try:
            answer = await self._ask("led.set", {"state": state.value})
        except HostAbsent:
            return False
        except HostError as error:
            _log.warning("the light cannot be set: %s", error)
        else:
            if answer.get("led") is False:
                return False
        self._shown = state
        return True

    async def _state(self) -> State:
        if await self._updating():
            return State.UPDATING
        if self._pairing():
            return State.PAIRING
        if any(one.severity is not Severity.NOTICE for one in self._tracker.conditions()):
            return State.PROBLEM
        return State.READY


async def updating() -> bool:
    """Tell whether root is installing a version, or goes back to one."""
    status = await asyncio.to_thread(Records.on().status)
    return status is not None and not status.done and status.action in (Action.APPLY, Action.ROLLBACK)
