"""Ed25519 device keys: their forms, their fingerprint and the signed challenge (protocol.md 3.2). Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from appliance.foundation.errors import ApplianceError
from appliance.identity.errors import ProofError

_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_SPKI_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
"""DER of SubjectPublicKeyInfo for Ed25519 (RFC 8410): the raw key follows."""

MAX_SKEW_MS: Final = 120_000
"""How far `signedAt` may be from our clock, in both directions."""


class KeyFormatError(ApplianceError):
    """The text is no Ed25519 public key."""

    code = "device_key_invalid"


def raw_public_key(text: str) -> bytes:
    """Return the 32 raw bytes of a key given as base64url, base64 or PEM. Raises KeyFormatError."""
    stripped = text.strip()
    if stripped.startswith("-----BEGIN"):
        stripped = "".join(stripped.splitlines()[1:-1])
    try:
        data = _decode(stripped)
    except (binascii.Error, ValueError) as error:
        raise KeyFormatError("the public key is not base64url, base64 or PEM") from error
    if len(data) == _KEY_BYTES + len(_SPKI_PREFIX) and data.startswith(_SPKI_PREFIX):
        data = data[len(_SPKI_PREFIX) :]
    if len(data) != _KEY_BYTES:
        raise KeyFormatError("an Ed25519 public key has 32 bytes")
    return data


def device_id(raw_key: bytes) -> str:
    """Return the device id of a key: lower-case hex SHA-256 of its raw bytes."""
    return hashlib.sha256(raw_key).hexdigest()


def encode(data: bytes) -> str:
    """Return base64url without padding, the form of keys, signatures and tokens on the wire."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class SignedConnect:
    """Everything of a connect that the device signs."""

    device_id: str
    client_id: str
    client_mode: str
    role: str
    scopes: tuple[str, ...]
    signed_at_ms: int
    token: str
    nonce: str
    platform: str
    device_family: str

    def payload(self, version: int) -> bytes:
        """Return the signed bytes: version 3, or 2 which lacks platform and device family."""
        fields = [
            f"v{version}",
            self.device_id,
            self.client_id,
            self.client_mode,
            self.role,
            ",".join(self.scopes),
            str(self.signed_at_ms),
            self.token,
            self.nonce,
        ]
        if version >= 3:
            fields += [fold(self.platform), fold(self.device_family)]
        # "replace": a lone surrogate cannot have been signed by anyone, so the signature simply does not fit.
        return "|".join(fields).encode("utf-8", "replace")


_ASCII_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(text: str | None) -> str:
    """Trim and lower only A-Z: a full case folding would differ between the languages of the clients."""
    return (text or "").strip().translate(_ASCII_FOLD)


def check_proof(connect: SignedConnect, *, public_key: str, signature: str, expected_nonce: str, now_ms: int) -> bytes:
    """Return the raw key if the device proved that it owns it, for this challenge and now. Raises ProofError.

    The order of the checks is that of the reference (protocol.md 4.4), so that a client sees the same first error.
    """
    try:
        raw = raw_public_key(public_key)
    except KeyFormatError as error:
        raise _failure("device public key invalid", "PUBLIC_KEY_INVALID", "device-public-key") from error
    if device_id(raw) != connect.device_id:
        raise _failure("device identity mismatch", "DEVICE_ID_MISMATCH", "device-id-mismatch")
    if abs(now_ms - connect.signed_at_ms) > MAX_SKEW_MS:
        raise _failure("device signature expired", "SIGNATURE_EXPIRED", "device-signature-stale")
    if not connect.nonce:
        raise _failure("device nonce required", "NONCE_REQUIRED", "device-nonce-missing")
    if connect.nonce != expected_nonce:
        raise _failure("device nonce mismatch", "NONCE_MISMATCH", "device-nonce-mismatch")
    if not _signature_fits(raw, signature, connect):
        raise _failure("device signature invalid", "SIGNATURE_INVALID", "device-signature")
    return raw


def _signature_fits(raw_key: bytes, signature: str, connect: SignedConnect) -> bool:
    # Imported here: OpenSSL costs 7 MB, and a box that only its own command line talks to never needs it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        signed = _decode(signature.strip())
        key = Ed25519PublicKey.from_public_bytes(raw_key)
    except (binascii.Error, ValueError):
        return False
    if len(signed) != _SIGNATURE_BYTES:
        return False
    for version in (3, 2):
        try:
            key.verify(signed, connect.payload(version))
        except InvalidSignature:
            continue
        return True
    return False


def _decode(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not base64")
    unpadded = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)


def _failure(message: str, code: str, reason: str) -> ProofError:
    return ProofError(message, detail_code=f"DEVICE_AUTH_{code}", reason=reason)
