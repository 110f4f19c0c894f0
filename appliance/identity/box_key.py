"""The key pair that is this box, or a node, to others; made at first start."""

from __future__ import annotations

import secrets
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError
from appliance.foundation.filetrouble import fix_of
from appliance.identity.device_key import SignedConnect, device_id, encode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KEY_BYTES = 32


class BoxKeyError(ApplianceError):
    """The key file of the box cannot be used."""

    code = "box_key"


class BoxKey:
    """An Ed25519 key kept in a file of mode 0600.

    The library of curves is 7 MB of memory: it is loaded when somebody asks who the box is, not when it starts.
    """

    def __init__(self, private: bytes) -> None:
        self._private = private

    @cached_property
    def device_id(self) -> str:
        return device_id(self._public)

    @cached_property
    def public_key(self) -> str:
        return encode(self._public)

    @classmethod
    def open(cls, path: Path) -> BoxKey:
        """Read the key, or make it when there is none. Raises BoxKeyError; a damaged key is never replaced."""
        try:
            if not path.exists():
                write_atomic(path, secrets.token_bytes(_KEY_BYTES))  # any such bytes are a key (RFC 8032, 5.1.5)
            private = path.read_bytes()
        except OSError as error:
            fix = fix_of(error) or "Check that it belongs to this user"
            raise BoxKeyError(f"{path} cannot be used: {error.strerror}. {fix}.") from error
        if len(private) != _KEY_BYTES:
            raise BoxKeyError(f"{path} is damaged. Restore it from a backup, or remove it and pair anew.")
        return cls(private)

    def sign(self, connect: SignedConnect) -> str:
        """Return the signature of a connect (protocol.md 3.2, version 3)."""
        return encode(self._key.sign(connect.payload(3)))

    @property
    def secret(self) -> bytes:
        """Bytes that only this box knows, to key hashes with."""
        return self._private

    @property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    @property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._private)
