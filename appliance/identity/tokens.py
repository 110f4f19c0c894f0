"""Device tokens, derived instead of stored: HMAC-SHA-256 under a secret of the box.

A stolen copy of the table of devices holds no token; the same device gets the same token each time until it is rotated
(protocol.md 5.2).
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
from typing import Final

from appliance.foundation.ids import new_token
from appliance.identity.device_key import encode
from appliance.identity.model import Device

SECRET_BYTES: Final = 32


def new_secret() -> bytes:
    """Return 32 random bytes, the secret of a new box."""
    return base64.urlsafe_b64decode(new_token() + "=")


class TokenMatch(enum.Enum):
    """Which token of a device was presented."""

    NONE = enum.auto()
    CURRENT = enum.auto()
    PREVIOUS = enum.auto()


class Tokens:
    """Derives and recognises the tokens of every device."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError("the secret of the box has 32 bytes")
        self._secret = secret

    def derive(self, device_id: str, role: str, generation: int) -> str:
        """Return the token: 43 characters of base64url."""
        message = f"homarus device token 1\0{device_id}\0{role}\0{generation}".encode()
        return encode(hmac.new(self._secret, message, hashlib.sha256).digest())

    def match(self, device: Device, role: str, presented: str) -> TokenMatch:
        """Recognise `presented` in constant time; a revoked token matches nothing."""
        token = device.token(role)
        if token is None or not presented:
            return TokenMatch.NONE
        given = presented.encode("utf-8", "replace")
        if hmac.compare_digest(given, self.derive(device.device_id, role, token.generation).encode()):
            return TokenMatch.CURRENT
        if token.previous_valid:
            previous = self.derive(device.device_id, role, token.generation - 1)
            if hmac.compare_digest(given, previous.encode()):
                return TokenMatch.PREVIOUS
        return TokenMatch.NONE
