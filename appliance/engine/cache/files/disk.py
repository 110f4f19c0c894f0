"""Blobs in files of one folder: written beside their place and renamed, found again by their headers after a start.

A file is used only after its keyed sum was checked. What is damaged, of another form or of another name is removed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.engine.cache.envelope import (
    MAX_BLOB_BYTES,
    MAX_HEADER_BYTES,
    PREFIX_BYTES,
    Blob,
    Header,
    Opened,
    Refusal,
    head_bytes,
    read_head,
    seal,
    unseal,
)
from appliance.engine.cache.files.folder import Folder
from appliance.engine.cache.ram import lasting

_SUFFIX = ".state"
_TEMPORARY = ".new"
_KEPT = frozenset({"key", "wear"})
_MARK_CHARS = 12  # of the fingerprint, in the file name: whose a file is shows without opening it
RESERVE_BYTES = 256 * 1024 * 1024  # of the disk, for the database and the journal


@dataclass(slots=True)
class _File:
    size: int
    used: int  # a count that grows; files of before this start have what their age says
    pinned: bool = False


class Disk:
    """The files of one fingerprint under a budget. Safe for two threads; a slow write blocks nobody else."""

    def __init__(self, folder: Folder, fingerprint: bytes, *, budget: int, reserve: int = RESERVE_BYTES) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._mark = fingerprint.hex()[:_MARK_CHARS]
        self._reserve = reserve
        self.budget = max(budget, 0)
        self._lock = threading.Lock()
        self._files: dict[str, _File] = {}  # by file name, those of other fingerprints too
        self._tick = 0
        self.refused = 0  # files that were removed at the start because they are damaged or forged

    @property
    def used(self) -> int:
        """Return the bytes of all files."""
        with self._lock:
            return sum(file.size for file in self._files.values())

    @property
    def written(self) -> int:
        """Return the bytes that were ever written to this folder."""
        return self._folder.written

    def load(self) -> list[tuple[str, Header]]:
        """Read the headers of the files of an earlier engine; return name and header of those that may be used.

        Files of other fingerprints stay until room is needed: somebody may switch back. Raises OSError.
        """
        found: list[tuple[float, str, _File, Header | None]] = []
        for name in self._folder.names():
            if name in _KEPT:
                continue
            entry = self._examine(name)
            if entry is None:
                self.refused += name.endswith(_SUFFIX)
                with contextlib.suppress(OSError):  # a folder in there cannot be removed; it does no harm
                    self._folder.remove(name)
            else:
                found.append(entry)
        found.sort(key=lambda entry: entry[:2])
        usable = []
        for _, name, file, header in found:
            self._tick += 1
            # others' files count as never used, the oldest first
            file.used = self._tick if header is not None else self._tick - (1 << 40)
            self._files[name] = file
            if header is not None:
                usable.append((self._name_of(name), header))
        return usable

    def write(self, name: str, header: Header, blob: Blob) -> tuple[int, list[str]]:
        """Write one state; return its bytes and the names that had to go for it.

        0 bytes: it does not fit the budget or what the disk has left. Raises OSError (disk full, read-only);
        the folder is then as it was.
        """
        parts = seal(header, blob, self._folder.key)
        size = sum(len(part) for part in parts)
        evicted = self._make_room(size)
        if evicted is None:
            return 0, []
        path = self._path(name)
        temporary = path + _TEMPORARY
        try:
            self._folder.count(size)  # before: a kill in between may count too much, never too little
            self._write(temporary, parts)
            self._folder.replace(temporary, path)
            self._folder.flush()
        except OSError:
            with contextlib.suppress(OSError):
                self._folder.remove(temporary)
            raise
        with self._lock:
            self._tick += 1
            self._files[path] = _File(size, self._tick, header.pinned)
        return size, evicted

    def read(self, name: str) -> Opened | Refusal:
        """Read and check one state; what is refused is removed."""
        path = self._path(name)
        with self._lock:
            file = self._files.get(path)
            if file is not None:
                self._tick += 1
                file.used = self._tick
        if file is None:
            return Refusal.GONE
        try:
            data = self._read(path, file.size)
        except FileNotFoundError:
            self.forget(name)
            return Refusal.GONE
        except OSError:  # a bad block, a link in its place
            opened: Opened | Refusal = Refusal.SHORT
        else:
            opened = unseal(data, self._folder.key, self._fingerprint)
        if isinstance(opened, Refusal):
            self.forget(name)
        return opened

    def touch(self, name: str) -> None:
        """Count a file as used now."""
        with self._lock:
            self._tick += 1
            if (file := self._files.get(self._path(name))) is not None:
                file.used = self._tick

    def forget(self, name: str) -> None:
        """Remove a file, if it is there."""
        with self._lock:
            self._files.pop(self._path(name), None)
        with contextlib.suppress(OSError):
            self._folder.remove(self._path(name))

    # ---- one file

    def _path(self, name: str) -> str:
        return f"{self._mark}-{name}{_SUFFIX}"

    def _name_of(self, path: str) -> str:
        return path[_MARK_CHARS + 1 : -len(_SUFFIX)]

    def _examine(self, name: str) -> tuple[float, str, _File, Header | None] | None:
        """Return age, name, entry and header (None: another fingerprint) of a file, None where it is no state."""
        if not name.endswith(_SUFFIX):
            return None
        try:
            status = self._folder.status(name)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BLOB_BYTES + MAX_HEADER_BYTES:
                return None
            header = self._header(name, status.st_size)
        except OSError:
            return None
        if header is None:
            return None
        ours = header.fingerprint == self._fingerprint
        if ours and not name.startswith(self._mark):
            return None
        file = _File(status.st_size, 0, header.pinned and ours)
        return status.st_mtime, name, file, header if ours else None

    def _header(self, name: str, size: int) -> Header | None:
        with _opened(self._folder.open(name, os.O_RDONLY)) as descriptor:
            data = os.pread(descriptor, PREFIX_BYTES, 0)
            length = head_bytes(data)
            if isinstance(length, Refusal):
                return None
            header = read_head(os.pread(descriptor, length, 0), size)
        return None if isinstance(header, Refusal) else header

    def _read(self, path: str, size: int) -> bytearray:
        with _opened(self._folder.open(path, os.O_RDONLY)) as descriptor:
            if os.fstat(descriptor).st_size != size:  # also bounds what is read
                return bytearray()
            data = bytearray(size)
            view, at = memoryview(data), 0
            while at < size and (count := os.readv(descriptor, [view[at:]])):
                at += count
        return data

    def _write(self, path: str, parts: tuple[Blob, ...]) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._folder.remove(path)
        with _opened(self._folder.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)) as descriptor:
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)

    def _make_room(self, size: int) -> list[str] | None:
        """Remove files until `size` bytes fit, those not used for longest first; None: they never will."""
        if size > self.budget or self._folder.free_bytes() < size + self._reserve:
            return None
        evicted: list[str] = []
        with self._lock:
            total = sum(file.size for file in self._files.values())
            order = sorted(self._files, key=lambda path: self._files[path].used)
            pinned = ((path, self._files[path].size) for path in reversed(order) if self._files[path].pinned)
            fixed = lasting(pinned, self.budget)
            order.sort(key=lambda path: path in fixed)
            while total + size > self.budget:
                path = order.pop(0)
                total -= self._files.pop(path).size
                self._folder.remove(path)
                if path.startswith(self._mark):
                    evicted.append(self._name_of(path))
        return evicted


@contextlib.contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
