"""X25519 keys: the recipient may be known to everybody, the identity opens what was sealed for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from appliance.storage.age import bech32
from appliance.storage.age.errors import AgeError, WrongKeyError
from appliance.storage.age.stanza import Stanza, derive, from_text, shut, to_text, unshut

_KIND: Final = "X25519"
_INFO: Final = b"age-encryption.org/v1/X25519"
_PUBLIC: Final = "age"
_SECRET: Final = "age-secret-key-"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Recipient:
    """A public key, `age1…` as text."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """Read `age1…`. Raises WrongKeyError."""
        return cls(_parse(text, _PUBLIC, "a recipient begins with age1; `homarus backup key FILE` makes one"))

    def __str__(self) -> str:
        return bech32.encode(_PUBLIC, self.raw)

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap the key of a file for this recipient, with a key pair of its own."""
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        secret = ephemeral.exchange(X25519PublicKey.from_public_bytes(self.raw))
        return Stanza((_KIND, to_text(share)), shut(derive(secret, share + self.raw, _INFO), file_key))


@dataclass(frozen=True, slots=True)
class Identity:
    """A secret key, `AGE-SECRET-KEY-1…` as text."""

    raw: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Identity:
        """Make a new one."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Identity:
        """Read one, or the first in the text of a file with comments. Raises WrongKeyError."""
        lines = [line.strip() for line in text.splitlines()]
        wanted = next((line for line in lines if line and not line.startswith("#")), "")
        return cls(_parse(wanted, _SECRET, "an age identity begins with AGE-SECRET-KEY-1"))

    @property
    def recipient(self) -> Recipient:
        return Recipient(X25519PrivateKey.from_private_bytes(self.raw).public_key().public_bytes_raw())

    def __str__(self) -> str:
        return bech32.encode(_SECRET, self.raw).upper()

    def unwrap(self, stanzas: tuple[Stanza, ...]) -> bytes | None:
        """Return the key of a file that was sealed for this identity; None for another. Raises AgeError."""
        public = self.recipient.raw
        for stanza in stanzas:
            if stanza.arguments[0] != _KIND:
                continue
            try:
                if len(stanza.arguments) != 2 or len(share := from_text(stanza.arguments[1])) != _BYTES:
                    raise ValueError("no share")
                secret = X25519PrivateKey.from_private_bytes(self.raw).exchange(
                    X25519PublicKey.from_public_bytes(share)
                )
                return unshut(derive(secret, share + public, _INFO), stanza.body)
            except InvalidTag:
                continue  # for somebody else
            except ValueError as error:
                raise AgeError(f"the head of the file is damaged ({error}); take another copy of it") from error
        return None


def _parse(text: str, prefix: str, hint: str) -> bytes:
    try:
        found, raw = bech32.decode(text.strip())
    except ValueError as error:
        raise WrongKeyError(f"this is no key of age ({error}); {hint}") from error
    if found != prefix or len(raw) != _BYTES:
        raise WrongKeyError(f"this is another kind of key; {hint}")
    return raw
