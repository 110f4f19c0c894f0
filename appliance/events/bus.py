"""Typed publish and subscribe inside the event loop's thread.

Promises: listeners are called in the order of subscription, inside `publish`, before it returns; a listener that
raises is logged and does not disturb the others; nothing is buffered, so there is nothing to overflow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from appliance.events.types import Event

_log = logging.getLogger(__name__)
EventT = TypeVar("EventT", bound=Event)


class Bus:
    """Carries facts from those who make them to those who asked for their type."""

    def __init__(self) -> None:
        self._listeners: dict[type[Event], tuple[Callable[[Any], None], ...]] = {}

    def listen(self, kind: type[EventT], listener: Callable[[EventT], None]) -> Callable[[], None]:
        """Call `listener` with every event of exactly this type; return the function that ends it."""
        self._listeners[kind] = (*self._listeners.get(kind, ()), listener)

        def stop() -> None:
            self._listeners[kind] = tuple(one for one in self._listeners[kind] if one is not listener)

        return stop

    def publish(self, event: Event) -> None:
        """Tell every listener of this type, now and in order. Listeners must not block."""
        for listener in self._listeners.get(type(event), ()):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - one listener must not silence the others
                _log.exception("a listener of %s failed", type(event).__name__)
