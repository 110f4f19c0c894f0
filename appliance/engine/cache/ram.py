"""Blobs in memory: the ones not used for longest go first, pinned ones last, and never more bytes than allowed."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.engine.cache.envelope import Blob

_PINNED_SHARE = 1 / 2  # of a budget: pins of prompts that nobody uses any more must not push out all else


def lasting(pinned: Iterable[tuple[str, int]], budget: int) -> set[str]:
    """Return those of the pinned (name, bytes), the most recently used first, whose pin counts under a budget."""
    kept: set[str] = set()
    left = budget * _PINNED_SHARE
    for name, size in pinned:
        left -= size
        if left < 0:
            break
        kept.add(name)
    return kept


class Ram:
    """Blobs by name under a hard budget in bytes. Not safe for threads: the owner locks."""

    def __init__(self, budget: int) -> None:
        self.budget = max(budget, 0)
        self.used = 0
        self._blobs: dict[str, Blob] = {}  # the first was not used for longest
        self._sizes: dict[str, int] = {}
        self._pinned: set[str] = set()
        self._held: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self._blobs

    def fits(self, size: int) -> bool:
        """Return whether a blob of `size` bytes can be taken in now."""
        return size + self._sizes.get(self._held, 0) <= self.budget

    def put(self, name: str, blob: Blob, *, pinned: bool = False) -> list[str] | None:
        """Take a blob in and return the names that had to go for it; None: it does not fit, nothing changed."""
        size = _kept_bytes(blob)
        if not self.fits(size):
            return None
        self._take(name)
        evicted = self._shrink(self.budget - size)
        self._blobs[name], self._sizes[name] = blob, size
        self.used += size
        if pinned:
            self._pinned.add(name)
        return evicted

    def get(self, name: str) -> Blob | None:
        """Return a blob and count it as used now."""
        blob = self._blobs.pop(name, None)
        if blob is not None:
            self._blobs[name] = blob
        return blob

    def peek(self, name: str) -> Blob | None:
        """Return a blob without counting it as used."""
        return self._blobs.get(name)

    def names(self) -> list[str]:
        """Return the names, the most recently used one first."""
        return list(reversed(self._blobs))

    def forget(self, name: str) -> None:
        """Drop a blob, whether it is there or not."""
        self._take(name)

    def hold(self, name: str) -> list[str]:
        """Keep one blob from being evicted (it is being written, so its bytes are in use anyway); "" ends that.

        Returns the names that had to go: a smaller budget may have waited for the blob held before.
        """
        self._held = name
        return self._shrink(self.budget)

    def set_budget(self, budget: int) -> list[str]:
        """Change the budget and return the names that had to go; a held blob goes when its writing has ended."""
        self.budget = max(budget, 0)
        return self._shrink(self.budget)

    def _take(self, name: str) -> None:
        if self._blobs.pop(name, None) is not None:
            self.used -= self._sizes.pop(name)
            self._pinned.discard(name)

    def _shrink(self, budget: int) -> list[str]:
        evicted: list[str] = []
        if self.used > budget:
            pinned = ((name, self._sizes[name]) for name in reversed(self._blobs) if name in self._pinned)
            fixed = lasting(pinned, self.budget)
            for name in sorted(self._blobs, key=lambda name: name in fixed):  # stable: those used last stay last
                if self.used <= budget:
                    break
                if name != self._held:
                    self._take(name)
                    evicted.append(name)
        return evicted


def _kept_bytes(blob: Blob) -> int:
    """Return the bytes that a blob keeps in memory: a view keeps all of what it looks at."""
    return memoryview(blob.obj).nbytes if isinstance(blob, memoryview) else len(blob)
