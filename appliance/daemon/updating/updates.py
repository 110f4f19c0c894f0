"""The updates of this machine: on a box of ours they are watched, elsewhere the desk is there once somebody asks it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from appliance.config.sections.updates import UpdatesSection
from appliance.foundation.clock import Clock
from appliance.health import HealthTracker
from appliance.host.box import read_box

if TYPE_CHECKING:
    from appliance.daemon.updating.desk import UpdateDesk

_NO_NEWS: Final = (msgspec.UNSET, msgspec.UNSET)


class Updates:
    """The one desk of this gateway."""

    def __init__(
        self, *, settings: Callable[[], UpdatesSection], tracker: HealthTracker, clock: Clock, root: Path = Path("/")
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._clock = clock
        self._root = root
        self._watched = read_box(root) is not None

    @cached_property
    def desk(self) -> UpdateDesk:
        """The desk; the first look at it loads what it knows of updates."""
        from appliance.daemon.updating.desk import UpdateDesk

        return UpdateDesk(settings=self._settings, tracker=self._tracker, clock=self._clock, root=self._root)

    @property
    def snapshot(self) -> tuple[Any, Any]:
        """What a snapshot says: `updateSchedule` and `updateAvailable`."""
        return self.desk.hello if self._watched else _NO_NEWS

    async def run(self, tell: Callable[[str, Any], object]) -> None:
        """Send news to clients with `tell`, for ever; without our image there never are any."""
        if self._watched:
            self.desk.tell_with(tell)
            await self.desk.run()
