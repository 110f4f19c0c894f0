"""The thread that brings states to files: paced, one at a time, and never in the way of an answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appliance.engine.cache.envelope import Header, pack_tokens
from appliance.engine.cache.files.disk import RESERVE_BYTES, Disk
from appliance.engine.cache.files.folder import Folder, FolderError
from appliance.engine.cache.files.pace import Pace
from appliance.engine.cache.fingerprint import Fingerprint, Hashes, Identity
from appliance.engine.cache.shelf import Entry, Shelf

_logger = logging.getLogger(__name__)

_LONGEST_WAIT_S = 60.0
_AFTER_ERROR_S = 600.0  # a full disk does not empty itself
_CLOSING_S = 5.0
BYTES_PER_HOUR = 512 * 1024 * 1024


class Ticks(Protocol):
    """What the writer needs to know of time."""

    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Files:
    """Where files go and how many: `state` is the folder of the engine, `random_bytes` make its first secret."""

    state: Path
    identity: Identity
    disk_bytes: int
    random_bytes: Callable[[], bytes]
    bytes_per_hour: int = BYTES_PER_HOUR
    reserve_bytes: int = RESERVE_BYTES


class BackgroundWriter:
    """Owns the folder. `start` returns at once; where the hash of the model is not known, files come into use later."""

    def __init__(self, shelf: Shelf, files: Files, ticks: Ticks) -> None:
        self._shelf = shelf
        self._files = files
        self._ticks = ticks
        self._pace = Pace(files.bytes_per_hour, ticks.monotonic())
        self._wake = threading.Condition()
        self._woken = False
        self._closing_at: float | None = None
        self._quiet_until = ticks.monotonic()
        self._told: set[str] = set()
        self._folder: Folder | None = None
        self._problem = ""
        self._hashes = Hashes(files.state / "hashes.json")
        known = files.identity.known(self._hashes)
        if known is not None:  # headers only: milliseconds, and the first request finds its files
            self._open(known)
        self._thread = threading.Thread(target=self._run, name="prefix-writer", daemon=True)

    @property
    def problem(self) -> str:
        """Why there are no files, "" while there is no reason."""
        return self._problem

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Tell the thread that there is something to write."""
        with self._wake:
            self._woken = True
            self._wake.notify_all()

    def close(self) -> None:
        """Write what is left for at most some seconds, then end the thread and let go of the folder."""
        with self._wake:
            self._closing_at = self._ticks.monotonic() + _CLOSING_S
        self.wake()
        if self._thread.is_alive():
            self._thread.join()
        with self._shelf.lock:
            self._shelf.disk = None
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def settle(self, timeout_s: float) -> bool:
        """Wait until files are in use (or cannot be) and nothing is left to write now. False: it takes longer."""
        with self._wake:
            return self._wake.wait_for(self._settled, timeout_s)

    def _settled(self) -> bool:
        if self._problem:
            return True
        return self._shelf.disk is not None and not self._woken and self._next() is None

    # ---- in the thread

    def _run(self) -> None:
        if not self._shelf.fingerprint and not self._problem:
            self._hash()
            with self._wake:
                self._wake.notify_all()
        while not self._problem:
            with self._wake:
                self._woken = False
            wait = self._step()
            with self._wake:
                self._wake.notify_all()  # for `settle`
                if self._over(wait):
                    return
                if wait > 0:
                    self._wake.wait_for(lambda: self._woken, min(wait, _LONGEST_WAIT_S))

    def _over(self, wait: float) -> bool:
        """Return whether to end: asked to, and nothing can be written in the time that is left."""
        return self._closing_at is not None and self._ticks.monotonic() + wait >= self._closing_at

    def _hash(self) -> None:
        try:
            found = self._files.identity.compute(self._hashes, stop=lambda: self._closing_at is not None)
        except OSError as error:
            self._give_up(f"the model file cannot be read: {error.strerror}")
            return
        if found is None:
            self._problem = "closed"
        else:
            self._open(found)

    def _open(self, fingerprint: Fingerprint) -> None:
        """Take the folder and what is in it into use, or say once why not."""
        files = self._files
        digest = fingerprint.digest()
        try:
            folder = self._folder = Folder(files.state / "prefixes", random_bytes=files.random_bytes())
            disk = Disk(folder, digest, budget=files.disk_bytes, reserve=files.reserve_bytes)
            found = disk.load()
        except FolderError as error:
            self._give_up(str(error))
        except OSError as error:
            self._give_up(f"{files.state} cannot be read: {error.strerror}")
        else:
            with self._shelf.lock:
                self._shelf.adopt(disk, digest, found)

    def _give_up(self, reason: str) -> None:
        self._problem = reason
        _logger.warning("conversations are kept in memory only: %s", reason)

    def _step(self) -> float:
        """Write one state or return in how many seconds to look again."""
        now = self._ticks.monotonic()
        if now < self._quiet_until:
            return self._quiet_until - now
        chosen = self._next()
        if chosen is None:
            return float("inf")
        name, entry, size = chosen
        wait = self._pace.wait_s(size, now)
        if wait == 0:
            self._write(name, entry)
        return wait

    def _next(self) -> tuple[str, Entry, int] | None:
        """Return what to write next: pinned ones first, then those used most recently."""
        shelf = self._shelf
        with shelf.lock:
            if shelf.disk is None:
                return None
            waiting = [(name, entry) for name in shelf.ram.names() if not (entry := shelf.entries[name]).written]
            for name, entry in sorted(waiting, key=lambda item: not item[1].pinned):
                blob = shelf.ram.peek(name)
                if blob is not None:
                    return name, entry, len(blob)
        return None

    def _write(self, name: str, entry: Entry) -> None:
        shelf = self._shelf
        with shelf.lock:
            disk, blob = shelf.disk, shelf.ram.peek(name)
            if disk is None or blob is None:
                return
            shelf.settle(shelf.ram.hold(name))
        packed = pack_tokens(entry.tokens)
        header = Header(shelf.fingerprint, packed, entry.start, len(entry.tokens), len(blob), entry.pinned)
        size, evicted = 0, list[str]()
        try:
            size, evicted = disk.write(name, header, blob)
            entry.written = True
        except OSError as error:
            self._quiet_until = self._ticks.monotonic() + _AFTER_ERROR_S
            self._tell(f"a conversation could not be kept on disk: {error.strerror}")
        else:
            self._pace.spend(size, self._ticks.monotonic())
            if not size:
                self._tell("a conversation is not kept on disk: no room for it")
        with shelf.lock:
            entry.on_disk = size > 0
            for gone in evicted:
                if (other := shelf.entries.get(gone)) is not None:
                    other.on_disk = False
            shelf.settle([*evicted, *shelf.ram.hold("")])

    def _tell(self, text: str) -> None:
        """Log a problem once, not with every conversation."""
        if text not in self._told:
            self._told.add(text)
            _logger.warning("%s", text)
