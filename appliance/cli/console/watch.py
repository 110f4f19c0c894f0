"""When a code is made and shown. Sans-IO: it is told what is so and which key was pressed, and says what to do.

Who stands in front of the box may pair: that is the proof of this product. A box that nobody has paired yet shows a
code by itself. On one that is paired a key asks first, says what a code gives, and every code that is shown is logged.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from appliance.cli.console.facts import Facts

_ASKS_S: Final = 20.0
_RETRY_S: Final = 30.0
QUICK_S: Final = 3.0
SLOW_S: Final = 10.0
STARTING_S: Final = 5.0
"""While the gateway starts it needs the processor more than we do."""


class Want(enum.Enum):
    """What to do next."""

    NOTHING = "nothing"
    MAKE = "make"


@dataclass(slots=True)
class Watch:
    """The state of one console. `live`: the code that was made can still be used."""

    live: bool = False
    asks_until: float = field(default=0.0)
    _failed_at: float | None = None

    def asks(self, now: float) -> bool:
        """Tell whether a key waits for its second press."""
        return now < self.asks_until

    def see(self, facts: Facts, now: float) -> Want:
        """Look at the box."""
        if facts.gateway or facts.near_only or not facts.pages:
            self.live = False
            return Want.NOTHING
        if self.live or facts.devices:
            return Want.NOTHING
        if self._failed_at is not None and now - self._failed_at < _RETRY_S:
            return Want.NOTHING
        return Want.MAKE

    def press(self, facts: Facts, now: float) -> Want:
        """A person pressed Enter."""
        if facts.gateway or facts.near_only:
            return Want.NOTHING
        if facts.devices and not self.live and not self.asks(now):
            self.asks_until = now + _ASKS_S
            return Want.NOTHING
        self.asks_until = 0.0
        return Want.MAKE

    def made(self, worked: bool, now: float) -> None:
        """A code was made, or could not be."""
        self.live = worked
        self._failed_at = None if worked else now

    def gone(self) -> None:
        """The code was used, or its time is over."""
        self.live = False

    def pause(self, facts: Facts) -> float:
        """Return the seconds until the next look."""
        if facts.gateway:
            return STARTING_S
        return QUICK_S if self.live else SLOW_S
