"""Files named by their hash, so that media never lie in database rows."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import threading
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.ids import digest
from appliance.storage.errors import (
    BlobMissingError,
    BlobTooLargeError,
    DamagedError,
    StorageError,
    StorageFullError,
)

_HASH = re.compile(r"[0-9a-f]{64}")
_MAX_BLOB_BYTES = 64 << 20
_MAX_TOTAL_BYTES = 8 << 30


@dataclass(frozen=True, slots=True)
class BlobRef:
    """The name of a blob: SHA-256 as 64 hex characters, size in bytes, media type as the sender gave it."""

    sha256: str
    size: int
    media_type: str


class Blobs:
    """Content-addressed files under one directory: flushed to disk, deduplicated, bounded."""

    def __init__(
        self, root: Path, *, max_blob_bytes: int = _MAX_BLOB_BYTES, max_total_bytes: int = _MAX_TOTAL_BYTES
    ) -> None:
        self._root = root
        self._max_blob_bytes = max_blob_bytes
        self._max_total_bytes = max_total_bytes
        self._total: int | None = None  # counted with the first put: reading the directory at start would cost
        self._lock = threading.Lock()

    async def put(self, content: bytes, media_type: str) -> BlobRef:
        """Keep `content` and return its name. Raises BlobTooLargeError, StorageFullError, StorageError."""
        return await asyncio.to_thread(self._put, content, media_type)

    async def get(self, sha256: str) -> bytes:
        """Return the content, checked against its hash. Raises BlobMissingError, DamagedError."""
        return await asyncio.to_thread(self._get, sha256)

    def path(self, sha256: str) -> Path:
        """Return where the blob lies (for sending it without a copy). Raises BlobMissingError."""
        path = self._place(sha256)
        if not path.is_file():
            raise BlobMissingError(f"no attachment {sha256} is kept here; send it again")
        return path

    async def sweep(self, keep: Container[str], before_ms: int) -> int:
        """Remove blobs that nothing names and that are older than `before_ms`; return how many bytes came free."""
        return await asyncio.to_thread(self._sweep, keep, before_ms)

    def _place(self, sha256: str) -> Path:
        # The name may come from a client: nothing but a hash may become a path.
        if not _HASH.fullmatch(sha256):
            raise BlobMissingError("an attachment is named by 64 hex characters")
        return self._root / sha256[:2] / sha256

    def _put(self, content: bytes, media_type: str) -> BlobRef:
        if len(content) > self._max_blob_bytes:
            raise BlobTooLargeError(
                f"the attachment has {len(content)} bytes, at most {self._max_blob_bytes} are kept; send a smaller one"
            )
        ref = BlobRef(digest(content), len(content), media_type)
        path = self._place(ref.sha256)
        with self._lock:
            if path.is_file() and path.stat().st_size == len(content):
                os.utime(path)  # young again, so that a sweep in this moment leaves it
                return ref
            if self._total is None:
                self._total = sum(size for _, size, _ in self._files())
            if self._total + len(content) > self._max_total_bytes:
                raise BlobTooLargeError(
                    f"all attachments together would be over {self._max_total_bytes} bytes; delete old sessions"
                )
            self._write(path, content)
            self._total += len(content)
        return ref

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomic(path, content)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFullError(f"no room left on the disk of {self._root}; free some space") from error
            raise StorageError(f"cannot write {path}: {error.strerror}; check the disk and who owns it") from error

    def _get(self, sha256: str) -> bytes:
        content = self.path(sha256).read_bytes()
        if digest(content) != sha256:
            raise DamagedError(f"the attachment {sha256} is damaged on the disk; send it again")
        return content

    def _files(self) -> list[tuple[Path, int, int]]:
        """Path, size in bytes and time of change in ms of every blob."""
        found = []
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            if _HASH.fullmatch(path.name):
                status = path.stat()
                found.append((path, status.st_size, status.st_mtime_ns // 1_000_000))
        return found

    def _sweep(self, keep: Container[str], before_ms: int) -> int:
        freed = 0
        with self._lock:
            for path, size, changed_ms in self._files():
                if changed_ms < before_ms and path.name not in keep:
                    path.unlink()
                    freed += size
            if self._total is not None:
                self._total -= freed
        return freed
