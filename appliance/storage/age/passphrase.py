"""A passphrase as the only recipient of a file (scrypt)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from appliance.storage.age.errors import AgeError, WrongKeyError
from appliance.storage.age.stanza import Stanza, from_text, shut, to_text, unshut

_KIND: Final = "scrypt"
_LABEL: Final = b"age-encryption.org/v1/scrypt"
_SALT_BYTES: Final = 16
_R: Final = 8
WORK_FACTOR: Final = 17
"""log2 of N: 128 MiB and about half a second on a small box, which has no more to give while its model runs."""

MAX_WORK_FACTOR: Final = 20
"""1 GiB. A file that asks for more was made to stop the box."""


@dataclass(frozen=True, slots=True)
class Passphrase:
    """What a person remembers. `work_factor` matters for sealing only."""

    text: str = field(repr=False)
    work_factor: int = WORK_FACTOR

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap the key of a file."""
        salt = os.urandom(_SALT_BYTES)
        body = shut(self._key(salt, self.work_factor), file_key)
        return Stanza((_KIND, to_text(salt), str(self.work_factor)), body)

    def unwrap(self, stanzas: tuple[Stanza, ...]) -> bytes | None:
        """Return the key of a file; None where it was sealed for keys. Raises AgeError, WrongKeyError."""
        if not any(stanza.arguments[0] == _KIND for stanza in stanzas):
            return None
        if len(stanzas) != 1:
            raise AgeError("a file with a passphrase has no other recipients; this one was changed")
        salt, factor = _read(stanzas[0])
        try:
            return unshut(self._key(salt, factor), stanzas[0].body)
        except InvalidTag:
            raise WrongKeyError("the passphrase is wrong") from None
        except ValueError as error:
            raise AgeError(f"the head of the file is damaged ({error}); take another copy of it") from error

    def _key(self, salt: bytes, factor: int) -> bytes:
        return Scrypt(_LABEL + salt, 32, 1 << factor, _R, 1).derive(self.text.encode())


def _read(stanza: Stanza) -> tuple[bytes, int]:
    try:
        _, text, factor = stanza.arguments
        salt = from_text(text)
    except ValueError as error:
        raise AgeError("the head of the file is damaged; take another copy of it") from error
    if len(salt) != _SALT_BYTES or not factor.isdecimal() or factor.startswith("0") or len(factor) > 2:
        raise AgeError("the head of the file is damaged; take another copy of it")
    if int(factor) > MAX_WORK_FACTOR:
        raise AgeError(f"the file asks for 2^{factor} steps of scrypt, at most 2^{MAX_WORK_FACTOR} are done here")
    return salt, int(factor)
