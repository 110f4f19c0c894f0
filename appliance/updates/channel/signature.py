"""Detached Ed25519 signatures over the exact bytes of a file (RFC 8032), as short text files beside it.

A key file and a signature file hold one base64 line each, or several while one key follows another: one key that is
known and one signature that fits are enough. Lines that begin with `#` are remarks.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.updates.errors import ManifestRefused

MAX_SIGNATURE_BYTES: Final = 2048
_MAX_LINES: Final = 4  # two keys while they change, and room
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64


def read_keys(text: str) -> tuple[Ed25519PublicKey, ...]:
    """Return the public keys of a key file. Raises ManifestRefused when it holds none, or something else."""
    keys = tuple(Ed25519PublicKey.from_public_bytes(raw) for raw in _lines(text, _KEY_BYTES))
    if not keys:
        raise ManifestRefused("This box knows no key of an update channel.", code="manifest_signature")
    return keys


def verify(content: bytes, signature: bytes, keys: Sequence[Ed25519PublicKey]) -> None:
    """Return when one of the signatures over `content` is by one of `keys`. Raises ManifestRefused otherwise."""
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise _refused("The signature of the manifest is too long.")
    try:
        given = list(_lines(signature.decode("ascii"), _SIGNATURE_BYTES))
    except UnicodeDecodeError as error:
        raise _refused("The signature of the manifest is no text.") from error
    for key in keys:
        for one in given:
            try:
                key.verify(one, content)
            except InvalidSignature:
                continue
            return
    raise _refused("The manifest of the channel is not signed by a key that this box knows.")


def _lines(text: str, length: int) -> Iterator[bytes]:
    found = [line for line in (one.strip() for one in text.splitlines()) if line and not line.startswith("#")]
    if len(found) > _MAX_LINES:
        raise _refused(f"More than {_MAX_LINES} keys or signatures.")
    for line in found:
        try:
            raw = base64.b64decode(line, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _refused("A key or signature is not base64.") from error
        if len(raw) != length:
            raise _refused(f"A key or signature has {len(raw)} bytes instead of {length}.")
        yield raw


def _refused(message: str) -> ManifestRefused:
    return ManifestRefused(message, code="manifest_signature")
