"""The folder of the stored states: who holds it, its secret, and how much was ever written to it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import struct
from pathlib import Path

_KEY_BYTES = 32
_WEAR = struct.Struct("<Q8s")
_PRIVATE = 0o700


class FolderError(Exception):
    """The folder cannot be used; the text says why. The engine then runs without files."""


class Folder:
    """`path` (mode 0700), held by this process alone until `close`; `key` is the secret that signs the files."""

    def __init__(self, path: Path, *, random_bytes: bytes) -> None:
        """Make and hold the folder; `random_bytes` (32) become the key where there is none. Raises FolderError."""
        try:
            path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise FolderError(f"{path} cannot be used: {error.strerror}") from error
        self.path = path
        try:
            self._hold()
            self.key = self._key(random_bytes)
            self._wear = self._open("wear", os.O_RDWR | os.O_CREAT)
        except OSError as error:
            os.close(self._descriptor)
            raise FolderError(f"{path} cannot be used: {error.strerror}") from error
        except FolderError:
            os.close(self._descriptor)
            raise
        self.written = self._read_wear()

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._wear)
        os.close(self._descriptor)

    def count(self, size: int) -> None:
        """Add written bytes to the count that outlives the process. Raises OSError."""
        self.written += size
        packed = self.written.to_bytes(8, "little")
        os.pwrite(self._wear, _WEAR.pack(self.written, hashlib.blake2b(packed, digest_size=8).digest()), 0)

    def flush(self) -> None:
        """Wait until renames in the folder are on the disk. Raises OSError."""
        os.fsync(self._descriptor)

    def open(self, name: str, flags: int) -> int:
        """Open a file of the folder, never through a symbolic link. Raises OSError."""
        return self._open(name, flags)

    def replace(self, old: str, new: str) -> None:
        """Rename within the folder. Raises OSError."""
        os.replace(old, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file or link of the folder, if it is there. Raises OSError."""
        try:
            os.unlink(name, dir_fd=self._descriptor)
        except FileNotFoundError:
            return

    def names(self) -> list[str]:
        """Return what is in the folder. Raises OSError."""
        return os.listdir(self._descriptor)

    def status(self, name: str) -> os.stat_result:
        """Return the status of a file or link itself. Raises OSError."""
        return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)

    def free_bytes(self) -> int:
        """Return how much the disk can still take. Raises OSError."""
        numbers = os.fstatvfs(self._descriptor)
        return numbers.f_bavail * numbers.f_frsize

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._descriptor)

    def _hold(self) -> None:
        if os.fstat(self._descriptor).st_uid != os.geteuid():
            raise FolderError(f"{self.path} belongs to another user")
        os.fchmod(self._descriptor, _PRIVATE)
        try:  # a lock on the folder itself: there is no file that somebody could remove
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(f"{self.path} is in use by another engine") from None

    def _key(self, fresh: bytes) -> bytes:
        """Return the secret of the folder; one that others could read is replaced, and with it all files are void."""
        try:
            descriptor = self._open("key", os.O_RDONLY)
        except FileNotFoundError:
            return self._make_key(fresh)
        except OSError:  # a link or a folder in its place
            self.remove("key")
            return self._make_key(fresh)
        try:
            status = os.fstat(descriptor)
            private = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077 and status.st_uid == os.geteuid()
            key = os.read(descriptor, _KEY_BYTES + 1) if private else b""
        finally:
            os.close(descriptor)
        return key if len(key) == _KEY_BYTES else self._make_key(fresh)

    def _make_key(self, fresh: bytes) -> bytes:
        if len(fresh) != _KEY_BYTES:
            raise FolderError(f"a key has {_KEY_BYTES} bytes")
        self.remove("key.new")
        descriptor = self._open("key.new", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            os.write(descriptor, fresh)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.replace("key.new", "key")
        self.flush()
        return fresh

    def _read_wear(self) -> int:
        packed = os.pread(self._wear, _WEAR.size, 0)
        if len(packed) != _WEAR.size:
            return 0
        count, check = _WEAR.unpack(packed)
        whole = hashlib.blake2b(packed[:8], digest_size=8).digest() == check
        return int(count) if whole else 0
