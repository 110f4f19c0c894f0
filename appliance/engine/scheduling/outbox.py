"""Frames on their way from the engine's threads to an event loop."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

from appliance.engine import api

Deliver: TypeAlias = Callable[[api.Answer], None]
_Parcel: TypeAlias = tuple[asyncio.AbstractEventLoop, Deliver, api.Answer]


class Outbox:
    """Lets the frames of one step travel together, in the order in which they were put.

    One by one each would wake the loop, which then competes for the interpreter while tokens are chosen; together
    they are written while the next step is computed.
    """

    def __init__(self) -> None:
        self._parcels: collections.deque[_Parcel] = collections.deque()
        self._sending = threading.Lock()  # a frame must not overtake one that another thread has in hand

    def put(self, loop: asyncio.AbstractEventLoop, deliver: Deliver, frame: api.Answer) -> None:
        """Have `deliver` called with a frame in its loop after the next `flush`."""
        self._parcels.append((loop, deliver, frame))

    def flush(self) -> None:
        """Send what there is."""
        if not self._parcels:
            return
        with self._sending:
            parcels = [self._parcels.popleft() for _ in range(len(self._parcels))]
            for loop in dict.fromkeys(loop for loop, _, _ in parcels):
                with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
                    loop.call_soon_threadsafe(_deliver, [parcel for parcel in parcels if parcel[0] is loop])


def _deliver(parcels: Sequence[_Parcel]) -> None:
    for loop, deliver, frame in parcels:
        loop.call_soon(deliver, frame)  # each by itself: what fails for one connection is no matter of the others
