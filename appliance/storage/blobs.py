"""Files named by their hash, so that media never lie in database rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BlobRef:
    """The name of a blob: SHA-256 as 64 hex characters, size in bytes, media type as the sender gave it."""

    sha256: str
    size: int
    media_type: str


class Blobs:
    """Content-addressed files under one directory: flushed to disk, deduplicated, bounded."""

    def __init__(self, root: Path, *, max_blob_bytes: int = 64 << 20, max_total_bytes: int = 8 << 30) -> None:
        raise NotImplementedError

    async def put(self, content: bytes, media_type: str) -> BlobRef:
        """Keep `content` and return its name. Raises BlobTooLargeError, StorageFullError."""
        raise NotImplementedError

    async def get(self, sha256: str) -> bytes:
        """Return the content, checked against its hash. Raises BlobMissingError."""
        raise NotImplementedError

    def path(self, sha256: str) -> Path:
        """Return where the blob lies (for sending it without a copy). Raises BlobMissingError."""
        raise NotImplementedError
