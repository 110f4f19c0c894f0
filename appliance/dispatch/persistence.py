"""Writes that must happen: what was accepted has to begin and to end on disk, however long the disk refuses."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock
from appliance.foundation.errors import OverloadedError
from appliance.storage.errors import StorageError, StorageFullError

_log = logging.getLogger(__name__)
T = TypeVar("T")

_PAUSES = Backoff(first_s=0.5, limit_s=30)
# A full disk gets room and a crowd passes. Any other fault that is still there after so many tries (about two
# minutes) will stay; the session must not stand still for it.
_TRIES = 8


async def until_stored(clock: Clock, write: Callable[[], Awaitable[T]], *, what: str) -> T:
    """Return what `write` returns, tried again with growing pauses. `what` names it in the log.

    Raises at once what is no fault of the storage, and a StorageError that does not go away.
    """
    for attempt in count():
        try:
            return await write()
        except (StorageError, OverloadedError) as error:
            passing = isinstance(error, (StorageFullError, OverloadedError))
            if not passing and attempt + 1 >= _TRIES:
                raise
            _log.error("%s cannot be stored and is tried again: %s", what, error)
            await clock.sleep(_PAUSES.delay_s(attempt))
    raise AssertionError("unreachable")
