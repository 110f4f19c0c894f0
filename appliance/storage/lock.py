"""One gateway per state directory, enforced by the kernel."""

from __future__ import annotations

from pathlib import Path


class StateLock:
    """An exclusive flock on one file whose text names the holder; the kernel lets go when the process ends."""

    @classmethod
    def acquire(cls, path: Path, *, now_ms: int, address: str = "") -> StateLock:
        """Take the lock or raise StateHeldError with pid, start and address of the holder."""
        raise NotImplementedError

    def describe(self, address: str) -> None:
        """Write the address into the text of the lock, once it is known."""
        raise NotImplementedError

    def release(self) -> None:
        """Let go. The file stays: removing it would let two holders lock two files of one name."""
        raise NotImplementedError
