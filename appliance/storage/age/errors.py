"""What can be wrong with a sealed file or its key."""

from __future__ import annotations

from appliance.storage.errors import StorageError


class AgeError(StorageError):
    """This is no age file, it was cut off, or somebody changed it."""

    code = "age_damaged"


class WrongKeyError(StorageError):
    """The key or the passphrase does not open this file, or is no key at all."""

    code = "age_key"
