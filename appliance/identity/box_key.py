"""The key pair that is this box to others, made at first start."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError
from appliance.identity.device_key import device_id, encode

_KEY_BYTES = 32


class BoxKeyError(ApplianceError):
    """The key file of the box cannot be used."""

    code = "box_key"


class BoxKey:
    """An Ed25519 key kept in a file of mode 0600."""

    def __init__(self, private: bytes) -> None:
        self._private = private
        public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
        self.device_id = device_id(public)
        self.public_key = encode(public)

    @classmethod
    def open(cls, path: Path) -> BoxKey:
        """Read the key, or make it when there is none. Raises BoxKeyError; a damaged key is never replaced."""
        try:
            if not path.exists():
                write_atomic(path, Ed25519PrivateKey.generate().private_bytes_raw())
            private = path.read_bytes()
        except OSError as error:
            raise BoxKeyError(
                f"{path} cannot be used: {error.strerror}. Check that it belongs to this user."
            ) from error
        if len(private) != _KEY_BYTES:
            raise BoxKeyError(
                f"{path} is damaged. Restore it from a backup, or remove it: every device pairs anew then."
            )
        return cls(private)

    @property
    def secret(self) -> bytes:
        """Bytes that only this box knows, to key hashes with."""
        return self._private
