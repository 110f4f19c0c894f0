"""Locks after failed secrets: ten in a minute close the door for five minutes (protocol.md 4.3)."""

from __future__ import annotations

import enum
import ipaddress
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

_MAX_FAILURES: Final = 10
_WINDOW_MS: Final = 60_000
_LOCK_MS: Final = 300_000
_CROWD_FACTOR: Final = 10
"""A crowd (an IPv6 network, all web pages on this machine) may fail this many times more than one member of it."""

_MAX_KEYS: Final = 4096
"""Remembered sources of each kind of secret, so that a flood of addresses costs no memory."""

_LOOKED_AT: Final = 64
"""How many of the oldest are looked at for one that is not locked: a failure must stay cheap in a flood."""

_ORIGIN: Final = "origin:"
_ALL_ORIGINS: Final = "origins"


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
        self,
        *,
        max_failures: int = _MAX_FAILURES,
        window_ms: int = _WINDOW_MS,
        lock_ms: int = _LOCK_MS,
        exempt_local: bool = True,
    ) -> None:
        self.exempt_local = exempt_local
        """Programs on this machine are never locked; pages in a browser on it are (protocol.md 4.3)."""
        self._max_failures = max_failures
        self._window_ms = window_ms
        self._lock_ms = lock_ms
        # Apart, so that made-up codes from a whole network cannot make the locks of a guessed password be forgotten.
        self._sources: dict[Bucket, OrderedDict[str, _Source]] = {bucket: OrderedDict() for bucket in Bucket}

    def locked_ms(self, bucket: Bucket, source: str, now_ms: int) -> int:
        """Return how long `source` stays locked, in milliseconds; 0 when it may try."""
        left_ms = 0
        for name, _ in self._counted(bucket, source):
            entry = self._sources[bucket].get(name)
            if entry is not None:
                # A wall clock set back must not lengthen a lock beyond one more time of it.
                entry.locked_until_ms = min(entry.locked_until_ms, now_ms + self._lock_ms)
                left_ms = max(left_ms, entry.locked_until_ms - now_ms)
        return left_ms

    def failed(self, bucket: Bucket, source: str, now_ms: int) -> None:
        """Count one failure; the tenth inside the window locks."""
        sources = self._sources[bucket]
        for name, allowed in self._counted(bucket, source):
            entry = sources.setdefault(name, _Source())
            sources.move_to_end(name)
            entry.failures_ms = [at for at in entry.failures_ms if 0 <= now_ms - at < self._window_ms]
            entry.failures_ms.append(now_ms)
            if len(entry.failures_ms) >= allowed:
                entry.locked_until_ms = now_ms + self._lock_ms
                entry.failures_ms.clear()
        while len(sources) > _MAX_KEYS:
            self._forget_one(sources, now_ms)

    def _forget_one(self, sources: OrderedDict[str, _Source], now_ms: int) -> None:
        """Forget who failed longest ago, a locked source last of all: it would be free to go on."""
        for name, entry in islice(sources.items(), _LOOKED_AT):
            if entry.locked_until_ms <= now_ms:
                del sources[name]
                return
        sources.popitem(last=False)

    def succeeded(self, bucket: Bucket, source: str) -> None:
        """Forget the failures of `source`."""
        self._sources[bucket].pop(source, None)

    def _counted(self, bucket: Bucket, source: str) -> Iterator[tuple[str, int]]:
        """The names that a failure counts for, and how many failures each may have.

        Who has one IPv6 address has 2^64 of them, so the network counts as well; who has one domain has every name
        in it, so all pages on this machine count together. Only for the secret that a person chose: the others have
        256 random bits, and one neighbour must not lock the phones of the house out.
        """
        yield source, self._max_failures
        if bucket is not Bucket.SHARED:
            return
        crowd = _ALL_ORIGINS if source.startswith(_ORIGIN) else _network(source)
        if crowd is not None:
            yield crowd, self._max_failures * _CROWD_FACTOR

    def __len__(self) -> int:
        return sum(len(sources) for sources in self._sources.values())


def _network(source: str) -> str | None:
    if ":" not in source:
        return None
    try:
        address = ipaddress.IPv6Address(source.split("%", 1)[0])
    except ValueError:
        return None
    return str(ipaddress.IPv6Network((address, 64), strict=False))
