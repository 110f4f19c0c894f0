"""Locks after failed secrets: ten in a minute close the door for five minutes (protocol.md 4.3)."""

from __future__ import annotations

import enum
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

_MAX_FAILURES: Final = 10
_WINDOW_MS: Final = 60_000
_LOCK_MS: Final = 300_000
_MAX_KEYS: Final = 4096
"""Remembered sources. The one that failed longest ago is forgotten first, so a flood of addresses costs no memory."""


class Bucket(enum.StrEnum):
    """Kinds of secret that are counted apart: a phone with an old token must not lock the owner's password."""

    SHARED = "shared"
    DEVICE_TOKEN = "device-token"
    BOOTSTRAP = "bootstrap"
    NODE_PAIRING = "node-pairing"


@dataclass(slots=True)
class _Source:
    failures_ms: list[int] = field(default_factory=list)
    locked_until_ms: int = 0


class Throttle:
    """Counts failures by (bucket, source). Time is wall time in milliseconds, given by the caller."""

    def __init__(
        self, *, max_failures: int = _MAX_FAILURES, window_ms: int = _WINDOW_MS, lock_ms: int = _LOCK_MS
    ) -> None:
        self._max_failures = max_failures
        self._window_ms = window_ms
        self._lock_ms = lock_ms
        self._sources: OrderedDict[tuple[Bucket, str], _Source] = OrderedDict()

    def locked_ms(self, bucket: Bucket, source: str, now_ms: int) -> int:
        """Return how long `source` stays locked, in milliseconds; 0 when it may try."""
        entry = self._sources.get((bucket, source))
        if entry is None:
            return 0
        # A wall clock set back must not lengthen a lock: it never lasts longer than it was meant to.
        return min(max(0, entry.locked_until_ms - now_ms), self._lock_ms)

    def failed(self, bucket: Bucket, source: str, now_ms: int) -> None:
        """Count one failure; the tenth inside the window locks."""
        key = (bucket, source)
        entry = self._sources.setdefault(key, _Source())
        self._sources.move_to_end(key)
        entry.failures_ms = [at for at in entry.failures_ms if 0 <= now_ms - at < self._window_ms]
        entry.failures_ms.append(now_ms)
        if len(entry.failures_ms) >= self._max_failures:
            entry.locked_until_ms = now_ms + self._lock_ms
            entry.failures_ms.clear()
        while len(self._sources) > _MAX_KEYS:
            self._sources.popitem(last=False)

    def succeeded(self, bucket: Bucket, source: str) -> None:
        """Forget the failures of `source`."""
        self._sources.pop((bucket, source), None)

    def __len__(self) -> int:
        return len(self._sources)
