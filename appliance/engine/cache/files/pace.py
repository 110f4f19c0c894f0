"""How much may be written to the disk in an hour: cards wear out."""

from __future__ import annotations

_HOUR_S = 3600.0


class Pace:
    """A bucket of one hour's bytes that fills again evenly. Something larger than the bucket needs it full."""

    def __init__(self, bytes_per_hour: int, now: float) -> None:
        self._capacity = max(bytes_per_hour, 0)
        self._level = float(self._capacity)
        self._seen = now

    def wait_s(self, size: int, now: float) -> float:
        """Return in how many seconds `size` bytes may be written, 0 for now, infinity for never."""
        self._fill(now)
        if self._capacity == 0:
            return float("inf")
        lacking = min(size, self._capacity) - self._level
        return max(lacking, 0.0) * _HOUR_S / self._capacity

    def spend(self, size: int, now: float) -> None:
        """Count bytes that were written."""
        self._fill(now)
        self._level -= size

    def _fill(self, now: float) -> None:
        passed = max(now - self._seen, 0.0)
        self._seen = now
        self._level = min(self._level + passed * self._capacity / _HOUR_S, float(self._capacity))
