"""What can go wrong with durable state; every text names the fix."""

from __future__ import annotations

from appliance.foundation.errors import ApplianceError


class StorageError(ApplianceError):
    """Durable state could not be read or written."""

    code = "storage"


class StorageFullError(StorageError):
    """The disk has no room: nothing of this write was kept."""

    code = "storage_full"


class DamagedError(StorageError):
    """The database file is damaged and could not be rebuilt on the spot."""

    code = "storage_damaged"


class SchemaError(StorageError):
    """The database was written by a version that this one cannot follow, or a migration failed."""

    code = "storage_schema"


class StateHeldError(StorageError):
    """Another process owns this state directory."""

    code = "state_held"


class BlobTooLargeError(StorageError):
    """A blob is over the limit for one, or all blobs together are over theirs."""

    code = "blob_too_large"


class BlobMissingError(StorageError):
    """No blob has this hash."""

    code = "blob_missing"
