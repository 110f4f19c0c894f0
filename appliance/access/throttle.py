"""Locks after failed secrets: ten in a minute close the door for five minutes (protocol.md 4.3)."""

from __future__ import annotations

import enum
import ipaddress
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_MAX_FAILURES: Final = 10
_WINDOW_MS: Final = 60_000
_LOCK_MS: Final = 300_000
_NETWORK_FACTOR: Final = 10
"""A whole IPv6 network of one household may fail this many times more than one address of it."""

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
        entries = [self._sources.get((bucket, name)) for name, _ in self._counted(bucket, source)]
        until_ms = max((entry.locked_until_ms for entry in entries if entry is not None), default=0)
        # A wall clock set back must not lengthen a lock: it never lasts longer than it was meant to.
        return min(max(0, until_ms - now_ms), self._lock_ms)

    def failed(self, bucket: Bucket, source: str, now_ms: int) -> None:
        """Count one failure; the tenth inside the window locks."""
        for name, allowed in self._counted(bucket, source):
            entry = self._sources.setdefault((bucket, name), _Source())
            self._sources.move_to_end((bucket, name))
            entry.failures_ms = [at for at in entry.failures_ms if 0 <= now_ms - at < self._window_ms]
            entry.failures_ms.append(now_ms)
            if len(entry.failures_ms) >= allowed:
                entry.locked_until_ms = now_ms + self._lock_ms
                entry.failures_ms.clear()
        while len(self._sources) > _MAX_KEYS:
            self._sources.popitem(last=False)

    def succeeded(self, bucket: Bucket, source: str) -> None:
        """Forget the failures of `source`."""
        self._sources.pop((bucket, source), None)

    def _counted(self, bucket: Bucket, source: str) -> Iterator[tuple[str, int]]:
        """The names that a failure counts for, and how many failures each may have.

        Who has one IPv6 address has 2^64 of them, so the network counts as well. Only for the secret that a person
        chose: the others have 256 random bits, and one neighbour must not lock the phones of the house out.
        """
        yield source, self._max_failures
        if bucket is Bucket.SHARED and ":" in source and (network := _network(source)) is not None:
            yield network, self._max_failures * _NETWORK_FACTOR

    def __len__(self) -> int:
        return len(self._sources)


def _network(source: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(source.split("%", 1)[0])
    except ValueError:
        return None
    return str(ipaddress.IPv6Network((address, 64), strict=False))
