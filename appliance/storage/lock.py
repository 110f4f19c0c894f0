"""One gateway per state directory, enforced by the kernel."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from appliance.storage.errors import StateHeldError, StorageError

_MAX_TEXT_BYTES = 4096


class StateLock:
    """An exclusive flock on one file whose text names the holder; the kernel lets go when the process ends."""

    def __init__(self, descriptor: int, now_ms: int) -> None:
        self._descriptor = descriptor
        self._since_ms = now_ms

    @classmethod
    def acquire(cls, path: Path, *, now_ms: int, address: str = "") -> StateLock:
        """Take the lock or raise StateHeldError with pid, start and address of the holder.

        The descriptor is closed on exec, so that no child process keeps the state held after the gateway ends.
        """
        try:
            # Root takes it too (`sudo homarus reset`), in a folder of the gateway's: a link there would let a gateway
            # that was taken over choose which file of root's is written over.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"cannot open {path}: {error.strerror}; check that this user owns it") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise StorageError(f"{path} is not a file; remove it")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(descriptor)
            os.close(descriptor)
            raise _held(path, holder) from None
        lock = cls(descriptor, now_ms)
        lock.describe(address)
        return lock

    def describe(self, address: str) -> None:
        """Write the address into the text of the lock, once it is known."""
        text = json.dumps({"pid": os.getpid(), "sinceMs": self._since_ms, "address": address}).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Let go. The file stays: removing it would let two holders lock two files of one name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _read(descriptor: int) -> dict[str, object]:
    try:
        holder = json.loads(os.pread(descriptor, _MAX_TEXT_BYTES, 0))
    except ValueError:
        return {}  # caught between taking the lock and writing its text
    return holder if isinstance(holder, dict) else {}


def _held(path: Path, holder: dict[str, object]) -> StateHeldError:
    since, pid = holder.get("sinceMs"), holder.get("pid")
    text = f"the state in {path.parent} is in use by process {pid or 'unknown'}"
    if isinstance(since, int):
        text += f" since {datetime.fromtimestamp(since / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if holder.get("address"):
        text += f" at {holder['address']}"
    text += "; stop that gateway, or give this one its own HOMARUS_STATE_DIR and --port"
    return StateHeldError(text, details={"pid": pid, "sinceMs": since, "address": holder.get("address")})
