"""Files in the age format, version 1 (age-encryption.org/v1, C2SP age.md): for recipients, or for one passphrase.

Written here because a backup of gigabytes is streamed, with a passphrase too, which no library for Python does; any
program that knows age opens the same file. It must not know what is inside.
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
