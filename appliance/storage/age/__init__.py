"""Files in the age format, version 1 (age-encryption.org/v1, C2SP age.md), for recipients or one passphrase.

Own code, as pyrage is a wheel of Rust, which the core does without, and streams for recipients only: for a passphrase
it holds the whole content in memory, and a backup has gigabytes. The primitives are those of `cryptography`; in the
tests pyrage opens what is sealed here, and the reverse. It must not know what is inside.
"""

from appliance.storage.age.errors import AgeError, WrongKeyError
from appliance.storage.age.keys import Identity, Recipient
from appliance.storage.age.passphrase import Passphrase
from appliance.storage.age.payload import Opened, Sealed
from appliance.storage.age.sealing import open_sealed, seal

__all__ = [
    "AgeError",
    "Identity",
    "Opened",
    "Passphrase",
    "Recipient",
    "Sealed",
    "WrongKeyError",
    "open_sealed",
    "seal",
]
