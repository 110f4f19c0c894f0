"""The current set of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from appliance.health.condition import Condition, Severity


class HealthTracker:
    """Holds what is wrong now and tells one listener when that changes."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._conditions: dict[tuple[str, str], Condition] = {}
        self._changed = changed

    def set(self, condition: Condition) -> None:
        """Declare a condition, in place of an older one with the same code and subject."""
        key = (condition.code, condition.subject)
        if self._conditions.get(key) != condition:
            self._conditions[key] = condition
            self._changed()

    def clear(self, code: str, subject: str) -> None:
        """Take a condition back; nothing happens when it is not there."""
        if self._conditions.pop((code, subject), None) is not None:
            self._changed()

    def conditions(self) -> tuple[Condition, ...]:
        """Return what is wrong, the worst first."""
        return worst_first(self._conditions.values())

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        """Return whether work can be accepted, and the codes that forbid it."""
        blocking = tuple(one.code for one in self.conditions() if one.severity is Severity.BLOCKING)
        return not blocking, blocking


def worst_first(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return conditions in the order in which people are told of them."""
    order = list(Severity)
    return tuple(sorted(conditions, key=lambda one: (order.index(one.severity), one.code, one.subject)))
