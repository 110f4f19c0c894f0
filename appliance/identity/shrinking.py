"""Which rights became fewer, and since when: asked before every request, so that a revocation is heard at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

_REMEMBERED: Final = 4096


class Shrunk(NamedTuple):
    """Rights of one role of a device that ended or became fewer; `reason` is for people."""

    device_id: str
    role: str
    reason: str


class Shrinks:
    """The rights that shrank since this process started. Memory only: a new process has no old sockets."""

    def __init__(self) -> None:
        self.epoch = 0
        """Grows with every shrink: who decided before and acts after must decide again."""
        self._last: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._floor = 0
        self._listeners: list[Callable[[Shrunk], None]] = []

    def listen(self, listener: Callable[[Shrunk], None]) -> None:
        """Tell `listener` of every shrink, in the step in which it happens. It must not wait."""
        self._listeners.append(listener)

    def stands(self, device_id: str, role: str, epoch: int) -> bool:
        """Tell whether rights that were decided in `epoch` still hold. One look into memory: asked per request."""
        return epoch >= self._last.get((device_id, role), self._floor)

    def note(self, device_id: str, roles: tuple[str, ...], reason: str) -> None:
        """Remember that the rights of these roles shrank, and tell everyone who listens."""
        self.epoch += 1
        for role in roles:
            self._last[device_id, role] = self.epoch
            self._last.move_to_end((device_id, role))
        while len(self._last) > _REMEMBERED:
            # Forgotten ones are taken for the oldest: a socket from before them has to connect again.
            _, self._floor = self._last.popitem(last=False)
        for role in roles:
            for listener in self._listeners:
                listener(Shrunk(device_id, role, reason))
