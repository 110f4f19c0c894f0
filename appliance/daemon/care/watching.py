"""The checks of the box, asked now and then by the gateway itself and whenever somebody asks the doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from appliance.foundation.clock import Clock
from appliance.health import Condition, HealthTracker
from appliance.health.look import Look

if TYPE_CHECKING:  # imported at the first look
    from appliance.health.checks import Check

_FIRST_S: Final = 60.0  # the start of a small box has more urgent work
_EVERY_S: Final = 600.0
_FRESH_S: Final = 5.0  # whoever asks again and again starts no more programs than this


class Watch:
    """Keeps the conditions of the watched checks true. `look` says what is looked at, and when that is.

    `checks` are all that there are, if not others are given.
    """

    def __init__(
        self, look: Callable[[], Look], tracker: HealthTracker, clock: Clock, checks: Sequence[Check] | None = None
    ) -> None:
        self._look = look
        self._tracker = tracker
        self._clock = clock
        self._checks = checks
        self._told: set[tuple[str, str]] = set()
        self._asking = asyncio.Lock()
        self._answer: tuple[float, tuple[Condition, ...]] | None = None

    async def examine(self) -> tuple[Condition, ...]:
        """Ask every check and return what is wrong; an answer of the last seconds is given again."""
        async with self._asking:
            now_s = self._clock.monotonic()
            if self._answer is None or now_s - self._answer[0] > _FRESH_S:
                self._answer = (now_s, await asyncio.to_thread(self._found))
            return self._answer[1]

    async def run(self) -> None:
        """Look every ten minutes, for ever."""
        await self._clock.sleep(_FIRST_S)
        while True:
            await self.once()
            await self._clock.sleep(_EVERY_S)

    async def once(self) -> None:
        """Ask the watched checks; declare what is wrong and take back what no longer is."""
        found = await asyncio.to_thread(self._found, watched=True)
        now = {(one.code, one.subject) for one in found}
        for one in found:
            self._tracker.set(one)
        for code, subject in self._told - now:
            self._tracker.clear(code, subject)
        self._told = now

    def _found(self, *, watched: bool = False) -> tuple[Condition, ...]:
        """Ask all checks, or the watched ones alone. Blocks."""
        from appliance.health.checks import CHECKS, examine

        checks = CHECKS if self._checks is None else self._checks
        return tuple(examine(self._look(), [one for one in checks if one.watched or not watched]))
