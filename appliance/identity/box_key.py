"""The key pair that is this box, or a node, to others; made at first start."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError
from appliance.foundation.filetrouble import fix_of
from appliance.identity.device_key import SignedConnect, device_id, encode

_KEY_BYTES = 32


class BoxKeyError(ApplianceError):
    """The key file of the box cannot be used."""

    code = "box_key"


class BoxKey:
    """An Ed25519 key kept in a file of mode 0600."""

    def __init__(self, private: bytes) -> None:
        self._private = private
        public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
        self.device_id: str = device_id(public)
        self.public_key: str = encode(public)

    @classmethod
    def open(cls, path: Path) -> BoxKey:
        """Read the key, or make it when there is none. Raises BoxKeyError; a damaged key is never replaced."""
        try:
            if not path.exists():
                write_atomic(path, Ed25519PrivateKey.generate().private_bytes_raw())
            private = path.read_bytes()
        except OSError as error:
            fix = fix_of(error) or "Check that it belongs to this user"
            raise BoxKeyError(f"{path} cannot be used: {error.strerror}. {fix}.") from error
        if len(private) != _KEY_BYTES:
            raise BoxKeyError(f"{path} is damaged. Restore it from a backup, or remove it and pair anew.")
        return cls(private)

    def sign(self, connect: SignedConnect) -> str:
        """Return the signature of a connect (protocol.md 3.2, version 3)."""
        return encode(Ed25519PrivateKey.from_private_bytes(self._private).sign(connect.payload(3)))

    @property
    def secret(self) -> bytes:
        """Bytes that only this box knows, to key hashes with."""
        return self._private
