"""Names for things: random ids, and digests that are equal when the content is."""

from __future__ import annotations

import hashlib
import secrets
import uuid


def new_id() -> str:
    """Return a random UUID (version 4) as text, the id form of the wire protocol."""
    return str(uuid.uuid4())


def new_token() -> str:
    """Return 32 random bytes as 43 characters of base64url, the secret form of the wire protocol."""
    return secrets.token_urlsafe(32)


def digest(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 lower-case hex characters."""
    return hashlib.sha256(content).hexdigest()
